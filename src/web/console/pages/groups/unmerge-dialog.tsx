import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatMoney, money, parseMoney } from "#base/units.ts";
import type { GroupDetail, UnmergePreview } from "#contract/groups.ts";
import { splitEvenly } from "#domain/split.ts";
import { groupKeys, postUnmerge, postUnmergePreview } from "#web/shared/api-groups.ts";
import { isZero, units, yuan } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { useSettled } from "../../use-settled.ts";
import { obstacleText } from "./merge-dialog.tsx";

type UnmergeDialogProps = { group: GroupDetail; onDone: () => void; onClose: () => void };

/** Chooses who leaves and with how much; shows what becomes of each share, to the last digit, before anything is done. */
export function UnmergeDialog({ group, onDone, onClose }: UnmergeDialogProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const [amounts, setAmounts] = useState<ReadonlyMap<number, string>>(new Map());
  const [reason, setReason] = useState("");
  const subs = group.members.filter((member) => member.isOpen && !member.isMain);
  const shares = [...amounts].map(([meterId, amount]) => ({ meterId, amount: amount.trim() }));
  const asked = useSettled(JSON.stringify(shares), 200);
  const preview = useQuery({
    queryKey: groupKeys.unmerge(group.groupNo, asked),
    queryFn: () => postUnmergePreview(group.groupNo, { shares: JSON.parse(asked) as typeof shares }),
    enabled: asked !== "[]",
    retry: false,
    gcTime: 0,
  });
  const parting = useMutation({
    mutationFn: () => postUnmerge(group.groupNo, { key, shares, reason: reason.trim() }),
    onSuccess: onDone,
  });
  const change = (meterId: number, amount: string | null): void => {
    const next = new Map(amounts);
    if (amount === null) next.delete(meterId);
    else next.set(meterId, amount);
    setAmounts(next);
  };
  const even = (): void => {
    const owes = group.balance.startsWith("-");
    const balance = parseMoney(group.balance.replace(/^-/, ""), 4) ?? 0;
    const whole = money(balance - (balance % 100));
    const parts = splitEvenly(
      whole,
      [...amounts.keys(), 0].map((meterId) => ({ meterId, lack: money(0) })),
    );
    const signed = parts.map(({ meterId, amount }) => [
      meterId,
      `${owes && amount > 0 ? "-" : ""}${formatMoney(amount)}`,
    ]);
    setAmounts(new Map(signed.filter(([meterId]) => meterId !== 0) as [number, string][]));
  };
  const isReady =
    preview.data !== undefined &&
    asked === JSON.stringify(shares) &&
    preview.data.lines.every((line) => line.obstacle === null) &&
    reason.trim() !== "" &&
    !parting.isPending;
  return (
    <Dialog title={t("groups.split.title")} onClose={onClose} testId="unmerge-dialog">
      <p className="dialog-lead">{t("groups.split.lead")}</p>
      <p>
        <b>{t("groups.split.balance", { value: yuan(group.balance) })}</b>
      </p>
      <fieldset className="merge-choice" aria-label={t("groups.split.choose")}>
        {subs.map(({ tile }) => (
          <div key={tile.meterId} className="merge-line">
            <label>
              <input
                type="checkbox"
                checked={amounts.has(tile.meterId)}
                onChange={(event) => change(tile.meterId, event.target.checked ? "0" : null)}
                data-testid={`leave-${tile.number}`}
              />
              <b>{tile.label}</b> {t(`kind.${tile.kind}`)} <small>{tile.number}</small>
            </label>
            {amounts.has(tile.meterId) ? (
              <Input
                className="share-input"
                inputMode="decimal"
                prefix="¥"
                value={amounts.get(tile.meterId) ?? ""}
                aria-label={t("groups.split.take", { label: tile.label })}
                onChange={(event) => change(tile.meterId, event.target.value)}
                data-testid={`share-${tile.number}`}
              />
            ) : null}
          </div>
        ))}
      </fieldset>
      {amounts.size === 0 ? (
        <p className="muted">{t("groups.split.choose")}</p>
      ) : (
        <p className="quick-buttons">
          <Button size="small" onClick={even} data-testid="share-even">
            {t("groups.split.even")}
          </Button>
          <Button size="small" onClick={() => setAmounts(new Map([...amounts.keys()].map((id) => [id, "0"])))}>
            {t("groups.split.nothing")}
          </Button>
        </p>
      )}
      {preview.error ? <FailedLine error={preview.error} testId="unmerge-refused" /> : null}
      {preview.data ? <Shares preview={preview.data} /> : null}
      <label className="field" htmlFor="unmerge-reason">
        <span>{t("groups.reason")}</span>
        <Input
          id="unmerge-reason"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
          data-testid="unmerge-reason"
        />
      </label>
      {parting.error ? <FailedLine error={parting.error} testId="unmerge-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("groups.back")}
        </Button>
        <Button
          danger
          disabled={!isReady}
          onClick={() => parting.mutate()}
          aria-busy={parting.isPending}
          data-testid="unmerge-confirm"
        >
          {t("groups.split.confirm")}
        </Button>
      </div>
    </Dialog>
  );
}

function Shares({ preview }: { preview: UnmergePreview }) {
  const { t } = useTranslation();
  return (
    <div className="group-account" data-testid="unmerge-preview">
      <ul className="merge-preview">
        {preview.lines.map((line) => (
          <li key={line.meterId} data-obstacle={line.obstacle ?? ""}>
            <b>{line.label}</b> {t(`kind.${line.kind}`)} <b>{t("receipt.yuan", { value: yuan(line.share) })}</b>
            <small>
              {line.unitsWh === null
                ? t("groups.split.asBalance")
                : t("groups.split.units", {
                    units: units(line.unitsWh),
                    unit: t(`unit.${line.kind}`),
                    cost: yuan(line.unitsCost),
                  })}
              {isZero(line.toWallet) ? "" : ` · ${t("groups.split.wallet", { value: yuan(line.toWallet) })}`}
              {isZero(line.debt) ? "" : ` · ${t("groups.split.debt", { value: yuan(line.debt) })}`}
            </small>
            {line.goesDark ? <span className="bad">{t("groups.split.dark")}</span> : null}
            {line.obstacle === null ? null : (
              <span className="bad">{obstacleText(line.obstacle, line.obstacleDetails)}</span>
            )}
          </li>
        ))}
      </ul>
      {preview.dissolves ? (
        <p className="banner banner-warn" data-testid="unmerge-dissolves">
          {t("groups.split.dissolves", {
            main: preview.lines.find((line) => line.isMain)?.label ?? "",
            value: yuan(preview.lines.find((line) => line.isMain)?.share ?? "0"),
          })}
        </p>
      ) : (
        <p>
          <b>{t("groups.split.rest", { value: yuan(preview.rest) })}</b>
        </p>
      )}
    </div>
  );
}
