import { useTranslation } from "react-i18next";
import { add, formatMoney, parseMoney } from "#base/units.ts";
import type { Preview } from "#contract/money.ts";
import { clockTime, isZero, units, unitsSold, yuan } from "../../../shared/format.ts";
import type { MeterKind } from "./meter-kind.ts";

type PreviewBoxProps = { preview: Preview | undefined; kind: MeterKind; busy: boolean };

/** What the money would buy, as one sentence of figures that a cashier can read aloud. */
export function PreviewBox({ preview, kind, busy }: PreviewBoxProps) {
  const { t } = useTranslation();
  return (
    <div
      className={`preview${preview ? "" : " preview-empty"}`}
      aria-live="polite"
      aria-busy={busy}
      data-testid="preview"
    >
      {preview ? (
        <>
          <p className="preview-sentence">
            <Sentence preview={preview} kind={kind} />
          </p>
          <p className="preview-after">
            {preview.remainingAfterWh === null
              ? t("recharge.afterUnknown")
              : t("recharge.after", { value: units(preview.remainingAfterWh), unit: t(`unit.${kind}`) })}
          </p>
          {preview.reachable ? null : <p className="banner banner-warn">{t("recharge.offline")}</p>}
          {preview.repeatOf ? (
            <p className="banner banner-warn" data-testid="repeat-warning">
              {t("recharge.repeat", { time: clockTime(preview.repeatOf.at), orderNo: preview.repeatOf.orderNo })}
            </p>
          ) : null}
        </>
      ) : (
        <p className="preview-after">{busy ? t("recharge.previewBusy") : t("recharge.previewStart")}</p>
      )}
    </div>
  );
}

/** 「100.00 + 钱包 0.37 − 欠费 12.00 = 88.37 → 110 度 × 0.80 = 88.00,余 0.37 入钱包」 */
export function Sentence({ preview, kind }: { preview: Preview; kind: MeterKind }) {
  const { t } = useTranslation();
  const hasWallet = !isZero(preview.walletBefore);
  const hasDebts = !isZero(preview.debts);
  const figures = { cost: yuan(preview.unitsCost), rest: yuan(preview.walletAfter) };
  const sold = {
    ...figures,
    units: unitsSold(preview.unitsWh),
    unit: t(`unit.sold.${kind}`),
    price: yuan(preview.price),
  };
  const hasRest = !isZero(preview.walletAfter);
  const result =
    preview.creditAt === "server"
      ? t(hasRest ? "recharge.creditedRest" : "recharge.credited", figures)
      : t(hasRest ? "recharge.soldUnits" : "recharge.soldExactly", sold);
  const total = totalOf(preview);
  return (
    <>
      {yuan(preview.amount)}
      {hasWallet ? ` + ${t("recharge.wallet")} ${yuan(preview.walletBefore)}` : ""}
      {hasDebts ? ` − ${t("recharge.debts")} ${yuan(preview.debts)}` : ""}
      {(hasWallet || hasDebts) && total !== null ? ` = ${yuan(total)}` : ""}
      {" → "}
      <strong>{result}</strong>
    </>
  );
}

/** What is left to spend: the server's two results added, so that it can never differ from what is booked. */
function totalOf({ unitsCost, walletAfter }: Preview): string | null {
  const [cost, rest] = [parseMoney(unitsCost, 4), parseMoney(walletAfter, 4)];
  return cost === null || rest === null ? null : formatMoney(add(cost, rest));
}
