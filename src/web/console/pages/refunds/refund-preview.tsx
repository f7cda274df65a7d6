import { useTranslation } from "react-i18next";
import type { PreviewKind, RefundPreview } from "#contract/refunds.ts";
import { dateTime, shortTime, units, unitsSold, yuan, yuanShort } from "#web/shared/format.ts";
import { DayRoomLine } from "../../day-room.tsx";
import { restOf } from "./refund-money.ts";

/** So many recharges are listed at once; more only when asked for. */
const LOTS_OPEN = 3;

type PreviewProps = {
  preview: RefundPreview | undefined;
  kind: PreviewKind;
  meterKind: "electricity" | "water";
  busy: boolean;
};

/** What it would come to: what is paid or wiped, what is left before and after in units and yuan, and which recharges it comes from. */
export function RefundPreviewBox({ preview, kind, meterKind, busy }: PreviewProps) {
  const { t } = useTranslation();
  const unit = t(`unit.sold.${meterKind}`);
  if (preview === undefined)
    return (
      <div className="preview preview-empty" aria-live="polite" aria-busy={busy} data-testid="refund-preview">
        <p className="preview-after">{busy ? t("refunds.previewBusy") : t("refunds.previewStart")}</p>
      </div>
    );
  const isGivenUp = kind === "clear" || kind === "debt";
  const rest = isGivenUp ? null : restOf(preview);
  // A debt is given up to its last digit; elsewhere two places are what can be paid.
  const shown = kind === "debt" ? yuan : yuanShort;
  const money = {
    what: t(moneyWord(kind)),
    before: shown(preview.before),
    after: shown(preview.after),
    unit: t("unit.yuan"),
  };
  return (
    <div className="preview" aria-live="polite" aria-busy={busy} data-testid="refund-preview">
      {kind === "debt" ? null : (
        <p className="preview-sentence">
          <strong>
            {kind === "clear"
              ? t("refunds.wipes", { units: units(preview.unitsWh), unit, value: yuan(preview.amount) })
              : t("refunds.gives", { amount: yuan(preview.payable) })}
          </strong>
        </p>
      )}
      {preview.beforeWh === null ? null : (
        <p data-testid="preview-units">
          {t("refunds.beforeAfter", {
            what: t("refunds.inMeter"),
            before: units(preview.beforeWh),
            after: units(preview.afterWh),
            unit,
          })}{" "}
          <small>{t("refunds.asOf", { time: dateTime(preview.asOf) })}</small>
        </p>
      )}
      <p data-testid="preview-money">{t("refunds.beforeAfter", money)}</p>
      {preview.lots.length === 0 ? null : (
        <details className="refund-lots" open={preview.lots.length <= LOTS_OPEN}>
          <summary>{t("refunds.lots")}</summary>
          <ul>
            {preview.lots.map((lot) => (
              <li key={`${lot.orderNo} ${lot.at}`}>
                {t("refunds.lot", {
                  order: lot.orderNo === null ? t("refunds.lotOpening") : shortTime(lot.at, Date.now()),
                  units: unitsSold(lot.unitsWh),
                  unit,
                  value: yuan(lot.value),
                })}{" "}
                {lot.orderNo === null ? null : <small>{lot.orderNo}</small>}
              </li>
            ))}
          </ul>
        </details>
      )}
      {rest === null ? null : <p className="preview-after">{t("refunds.rest", { rest: yuan(rest) })}</p>}
      <DayRoomLine room={preview.today} of="refund" />
      {preview.needsApproval ? (
        <p className="banner banner-warn" data-testid="needs-approval">
          {t("refunds.needsApproval")}
        </p>
      ) : null}
      {preview.beforeWh !== null && !preview.reachable ? (
        <p className="banner banner-warn">{t("refunds.waitOnline")}</p>
      ) : null}
    </div>
  );
}

function moneyWord(kind: PreviewKind) {
  if (kind === "debt") return "refunds.debts";
  return kind === "units" || kind === "clear" ? "refunds.worth" : (`refunds.${kind}` as const);
}
