import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PriceChange, Tariff, Tariffs } from "#contract/prices.ts";
import { postTariff, priceKeys } from "#web/shared/api-prices.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, Notice } from "../../notice.tsx";
import { ChangeDialog } from "./change-dialog.tsx";
import { draftOf, termsOf } from "./terms-draft.ts";
import { TermsEditor } from "./terms-editor.tsx";
import { TermsView } from "./terms-view.tsx";

/** Tariffs as cards, each with its versions as a timeline. */
export function TariffList({ tariffs, onAsked }: { tariffs: Tariffs; onAsked: (change: PriceChange) => void }) {
  const { t } = useTranslation();
  const [making, setMaking] = useState(false);
  const [pricing, setPricing] = useState<Tariff | null>(null);
  return (
    <>
      <Can do="price.manage">
        <p className="row-buttons">
          <Button type="primary" onClick={() => setMaking(true)} data-testid="tariff-new">
            {t("prices.newTariff")}
          </Button>
        </p>
      </Can>
      {tariffs.items.length === 0 ? (
        <Notice title={t("prices.noTariffs")} lead={t("prices.noTariffsLead")} testId="tariffs-empty" />
      ) : (
        <div className="tariffs">
          {tariffs.items.map((tariff) => (
            <TariffCard key={tariff.id} tariff={tariff} now={tariffs.asOf} onPrice={() => setPricing(tariff)} />
          ))}
        </div>
      )}
      {making ? <NewTariff onClose={() => setMaking(false)} /> : null}
      {pricing === null ? null : (
        <VersionDialog
          tariff={pricing}
          onClose={() => setPricing(null)}
          onDone={(change) => {
            setPricing(null);
            onAsked(change);
          }}
        />
      )}
    </>
  );
}

function TariffCard({ tariff, now, onPrice }: { tariff: Tariff; now: number; onPrice: () => void }) {
  const { t } = useTranslation();
  const current = tariff.versions.findLast((version) => version.from <= now);
  return (
    <article className="panel tariff" data-testid={`tariff-${tariff.id}`}>
      <header className="tariff-head">
        <h3>{tariff.name}</h3>
        <span className="tag">{t(`kind.${tariff.kind}`)}</span>
        <span className="tag">{t("prices.meters", { count: tariff.meters })}</span>
        <Can do="price.manage">
          <Button onClick={onPrice} data-testid={`tariff-price-${tariff.id}`}>
            {t("prices.newVersion")}
          </Button>
        </Can>
      </header>
      {tariff.note === "" ? null : <p className="muted">{tariff.note}</p>}
      {tariff.versions.length === 0 ? <p className="empty-line">{t("prices.noVersion")}</p> : null}
      <ol className="versions">
        {[...tariff.versions].reverse().map((version) => {
          const state = version === current ? "current" : version.from > now ? "ahead" : "past";
          return (
            <li key={version.id} data-state={state}>
              <p>
                <span className={`tag ${state === "current" ? "tag-good" : state === "ahead" ? "tag-doing" : ""}`}>
                  {t(`prices.versionState.${state}`)}
                </span>{" "}
                <b>{t("prices.fromOn", { time: dateTime(version.from) })}</b>{" "}
                <small>
                  {t("prices.approvedBy", { name: version.approvedBy, time: dateTime(version.approvedAt) })}
                </small>
              </p>
              <TermsView terms={version.terms} kind={tariff.kind} />
            </li>
          );
        })}
      </ol>
    </article>
  );
}

type VersionProps = { tariff: Tariff; onDone: (change: PriceChange) => void; onClose: () => void };

function VersionDialog({ tariff, onDone, onClose }: VersionProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(() => draftOf(tariff.versions.at(-1)?.terms ?? null, t("prices.wholeYear")));
  return (
    <ChangeDialog
      title={t("prices.versionOf", { name: tariff.name })}
      kind={tariff.kind}
      what={{ kind: "version", tariffId: tariff.id, seenRev: tariff.rev, terms: termsOf(draft) }}
      onDone={onDone}
      onClose={onClose}
    >
      <TermsEditor draft={draft} kind={tariff.kind} onChange={setDraft} />
    </ChangeDialog>
  );
}

function NewTariff({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"electricity" | "water">("electricity");
  const [note, setNote] = useState("");
  const make = useMutation({
    mutationFn: () => postTariff({ name: name.trim(), kind, note: note.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: priceKeys.tariffs });
      onClose();
    },
  });
  return (
    <Dialog title={t("prices.newTariff")} onClose={onClose} testId="tariff-dialog">
      <label className="field" htmlFor="tariff-name">
        <span>{t("prices.name")}</span>
        <Input
          id="tariff-name"
          value={name}
          maxLength={50}
          data-autofocus=""
          onChange={(event) => setName(event.target.value)}
          data-testid="tariff-name"
        />
      </label>
      <Segmented
        value={kind}
        onChange={(next: "electricity" | "water") => setKind(next)}
        options={(["electricity", "water"] as const).map((each) => ({ value: each, label: t(`kind.${each}`) }))}
        aria-label={t("prices.kindOfMeter")}
      />
      <label className="field" htmlFor="tariff-note">
        <span>{t("prices.note")}</span>
        <Input id="tariff-note" value={note} maxLength={200} onChange={(event) => setNote(event.target.value)} />
      </label>
      {make.error ? <FailedLine error={make.error} testId="tariff-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose}>{t("prices.cancel")}</Button>
        <Button
          type="primary"
          disabled={name.trim() === ""}
          onClick={() => make.isPending || make.mutate()}
          aria-busy={make.isPending}
          data-testid="tariff-make"
        >
          {t("prices.make")}
        </Button>
      </div>
    </Dialog>
  );
}
