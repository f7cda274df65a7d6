import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ErrorCode, errors, errorText } from "#base/errors.ts";
import type { MergePreview } from "#contract/groups.ts";
import { deskKeys, getCustomer } from "#web/shared/api-desk.ts";
import { groupKeys, postMerge, postMergePreview } from "#web/shared/api-groups.ts";
import { units, yuan } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, Loading } from "../../notice.tsx";

type MergeDialogProps = {
  customerId: number;
  /** The main meter of a group that is there; null: one is chosen. */
  mainMeterId: number | null;
  onDone: (groupNo: string) => void;
  onClose: () => void;
};

/** Chooses the main meter and those that join it, and shows what each brings and what becomes of its credit, before anything is done. */
export function MergeDialog({ customerId, mainMeterId, onDone, onClose }: MergeDialogProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const [main, setMain] = useState(mainMeterId);
  const [subs, setSubs] = useState<readonly number[]>([]);
  const [reason, setReason] = useState("");
  const customer = useQuery({ queryKey: deskKeys.customer(customerId), queryFn: () => getCustomer(customerId) });
  const chosen = subs.filter((id) => id !== main);
  const preview = useQuery({
    queryKey: groupKeys.merge(main ?? 0, chosen.join(",")),
    queryFn: () => postMergePreview({ mainMeterId: main ?? 0, meterIds: [...chosen] }),
    enabled: main !== null && chosen.length > 0,
    retry: false,
    gcTime: 0,
  });
  const merging = useMutation({
    mutationFn: () => postMerge({ key, mainMeterId: main ?? 0, meterIds: [...chosen], reason: reason.trim() }),
    onSuccess: (group) => onDone(group.groupNo),
  });
  const free = (customer.data?.meters ?? []).filter(
    (meter) => meter.tile.mode === "prepaid" && (meter.group === null || meter.tile.meterId === mainMeterId),
  );
  const isReady =
    preview.data?.joiners.every((each) => each.obstacle === null) && reason.trim() !== "" && !merging.isPending;
  return (
    <Dialog title={t("groups.merge.title")} onClose={onClose} testId="merge-dialog">
      <p className="dialog-lead">{t("groups.merge.lead")}</p>
      {customer.data === undefined ? (
        <Loading rows={4} />
      ) : (
        <fieldset className="merge-choice" aria-label={t("groups.merge.choose")}>
          {free.map(({ tile }) => (
            <div key={tile.meterId} className="merge-line">
              <span>
                <b>{tile.label}</b> {t(`kind.${tile.kind}`)} <small>{tile.number}</small>
              </span>
              <label>
                <input
                  type="radio"
                  name="main"
                  checked={main === tile.meterId}
                  disabled={mainMeterId !== null}
                  onChange={() => setMain(tile.meterId)}
                  data-testid={`main-${tile.number}`}
                />
                {t("groups.merge.asMain")}
              </label>
              <label>
                <input
                  type="checkbox"
                  checked={subs.includes(tile.meterId) && main !== tile.meterId}
                  disabled={main === tile.meterId}
                  onChange={(event) =>
                    setSubs(event.target.checked ? [...subs, tile.meterId] : subs.filter((id) => id !== tile.meterId))
                  }
                  data-testid={`sub-${tile.number}`}
                />
                {t("groups.merge.asSub")}
              </label>
            </div>
          ))}
        </fieldset>
      )}
      {main === null || chosen.length === 0 ? <p className="muted">{t("groups.merge.nothing")}</p> : null}
      {preview.error ? <FailedLine error={preview.error} testId="merge-refused" /> : null}
      {preview.data ? <Preview preview={preview.data} /> : null}
      <label className="field" htmlFor="merge-reason">
        <span>{t("groups.reason")}</span>
        <Input
          id="merge-reason"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
          data-testid="merge-reason"
        />
      </label>
      {merging.error ? <FailedLine error={merging.error} testId="merge-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("groups.back")}
        </Button>
        <Button
          type="primary"
          disabled={!isReady}
          onClick={() => merging.mutate()}
          aria-busy={merging.isPending}
          data-testid="merge-confirm"
        >
          {t("groups.merge.confirm")}
        </Button>
      </div>
    </Dialog>
  );
}

function Preview({ preview }: { preview: MergePreview }) {
  const { t } = useTranslation();
  return (
    <div className="group-account" data-testid="merge-preview">
      <ul className="merge-preview">
        {preview.joiners.map((joiner) => (
          <li key={joiner.meterId} data-obstacle={joiner.obstacle ?? ""}>
            <b>{joiner.label}</b> {t(`kind.${joiner.kind}`)}{" "}
            {joiner.obstacle === null ? (
              <>
                <b>{t("groups.merge.brings", { value: yuan(joiner.brings) })}</b>
                <small>
                  {joiner.creditAt === "server"
                    ? t("groups.merge.onServer")
                    : t("groups.merge.inMeter", {
                        units: units(joiner.remainingWh),
                        unit: t(`unit.${joiner.kind}`),
                      })}
                  {joiner.reachable ? "" : ` · ${t("groups.merge.unreachable")}`}
                </small>
              </>
            ) : (
              <span className="bad">{obstacleText(joiner.obstacle, joiner.obstacleDetails)}</span>
            )}
          </li>
        ))}
      </ul>
      <p>
        {t("groups.merge.before")} {t("receipt.yuan", { value: yuan(preview.balanceBefore) })} →{" "}
        {t("groups.merge.after")}{" "}
        <b data-testid="merge-after">{t("receipt.yuan", { value: yuan(preview.balanceAfter) })}</b>
      </p>
      <p className="muted">{t("groups.merge.wallet", { wallet: yuan(preview.wallet), debts: yuan(preview.debts) })}</p>
      <p className="banner banner-warn">{t("groups.merge.warning")}</p>
    </div>
  );
}

/** A refusal that is told beside a meter instead of thrown, in the language of the page. */
export function obstacleText(code: string, details: Record<string, string | number>): string {
  if (!Object.hasOwn(errors, code)) return code;
  return errorText(code as ErrorCode, details, currentLanguage() === "en" ? "en" : "zh");
}
