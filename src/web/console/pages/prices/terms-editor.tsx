import { Button, Input, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { tierPeriods } from "#domain/tariff.ts";
import { SeasonEditor } from "./season-editor.tsx";
import { newSeason, type TermsDraft } from "./terms-draft.ts";

const KINDS = ["flat", "tou", "tiered"] as const;

type EditorProps = { draft: TermsDraft; kind: "electricity" | "water"; onChange: (draft: TermsDraft) => void };

/** Where terms are typed: one price, seasons with periods, or steps. The server says what is wrong with them. */
export function TermsEditor({ draft, kind, onChange }: EditorProps) {
  const { t } = useTranslation();
  const perUnit = `${t("unit.yuan")}/${t(`unit.${kind}`)}`;
  return (
    <div className="terms-editor">
      <Segmented
        value={draft.kind}
        onChange={(next: TermsDraft["kind"]) => onChange({ ...draft, kind: next })}
        options={KINDS.map((each) => ({ value: each, label: t(`prices.kind.${each}`) }))}
        aria-label={t("prices.kindLabel")}
        data-testid="terms-kind"
      />
      {draft.kind === "flat" ? (
        <label className="field" htmlFor="flat-price">
          <span>{`${t("prices.price")} (${perUnit})`}</span>
          <Input
            id="flat-price"
            inputMode="decimal"
            value={draft.price}
            onChange={(event) => onChange({ ...draft, price: event.target.value })}
            data-testid="flat-price"
          />
        </label>
      ) : null}
      {draft.kind === "tiered" ? <Tiers draft={draft} kind={kind} onChange={onChange} /> : null}
      {draft.kind === "tou" ? (
        <>
          {draft.seasons.map((season, at) => (
            <SeasonEditor
              // biome-ignore lint/suspicious/noArrayIndexKey: seasons are known by their place while they are typed
              key={at}
              season={season}
              perUnit={perUnit}
              onChange={(changed) => onChange({ ...draft, seasons: draft.seasons.with(at, changed) })}
              onRemove={
                draft.seasons.length === 1
                  ? null
                  : () => onChange({ ...draft, seasons: draft.seasons.toSpliced(at, 1) })
              }
            />
          ))}
          <Button
            onClick={() => onChange({ ...draft, seasons: [...draft.seasons, newSeason(t("prices.otherSeason"))] })}
            data-testid="season-add"
          >
            {t("prices.addSeason")}
          </Button>
          <p className="muted">{t("prices.touLead")}</p>
        </>
      ) : null}
    </div>
  );
}

function Tiers({ draft, kind, onChange }: EditorProps) {
  const { t } = useTranslation();
  const unit = t(`unit.${kind}`);
  return (
    <>
      <Segmented
        value={draft.per}
        onChange={(per: TermsDraft["per"]) => onChange({ ...draft, per })}
        options={tierPeriods.map((each) => ({ value: each, label: t(`prices.per.${each}`) }))}
        aria-label={t("prices.perLabel")}
      />
      {draft.tiers.map((tier, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps are known by their place
        <div className="tier-row" key={at}>
          <span>{t("prices.tier", { count: at + 1 })}</span>
          <Input
            value={tier.from}
            disabled={at === 0}
            inputMode="decimal"
            suffix={unit}
            aria-label={t("prices.tierFrom", { count: at + 1 })}
            onChange={(event) =>
              onChange({ ...draft, tiers: draft.tiers.with(at, { ...tier, from: event.target.value }) })
            }
            data-testid={`tier-from-${at}`}
          />
          <Input
            value={tier.price}
            inputMode="decimal"
            suffix={`${t("unit.yuan")}/${unit}`}
            aria-label={t("prices.tierPrice", { count: at + 1 })}
            onChange={(event) =>
              onChange({ ...draft, tiers: draft.tiers.with(at, { ...tier, price: event.target.value }) })
            }
            data-testid={`tier-price-${at}`}
          />
          {draft.tiers.length > 2 ? (
            <Button onClick={() => onChange({ ...draft, tiers: draft.tiers.toSpliced(at, 1) })}>
              {t("prices.remove")}
            </Button>
          ) : null}
        </div>
      ))}
      <Button onClick={() => onChange({ ...draft, tiers: [...draft.tiers, { from: "", price: "" }] })}>
        {t("prices.addTier")}
      </Button>
      <p className="muted">{t("prices.tierLead")}</p>
    </>
  );
}
