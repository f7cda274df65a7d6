import { useTranslation } from "react-i18next";
import type { Preview } from "#contract/money.ts";
import { clockTime, isZero, units, unitsSold, yuan, yuanShort } from "#web/shared/format.ts";
import { DayRoomLine } from "../../day-room.tsx";
import type { MeterKind } from "./meter-kind.ts";
import { sumOf, walletTotal } from "./order-money.ts";

type PreviewBoxProps = {
  preview: Preview | undefined;
  kind: MeterKind;
  /** Balance of an account on the server as it is known now; null for credit in the meter. */
  balance: string | null;
  busy: boolean;
};

/** What the money would buy, as one sentence of figures that a cashier can read aloud. */
export function PreviewBox({ preview, kind, balance, busy }: PreviewBoxProps) {
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
            {balance !== null
              ? t("recharge.balanceAfter", { value: yuanShort(sumOf(balance, preview.unitsCost)) })
              : preview.remainingAfterWh === null
                ? t("recharge.afterUnknown")
                : t("recharge.after", { value: units(preview.remainingAfterWh), unit: t(`unit.${kind}`) })}
          </p>
          <DayRoomLine room={preview.today} of="sell" />
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
  return (
    <>
      {yuan(preview.amount)}
      {hasWallet ? ` + ${t("recharge.wallet")} ${yuan(preview.walletBefore)}` : ""}
      {hasDebts ? ` − ${t("recharge.debts")} ${yuan(preview.debts)}` : ""}
      {hasWallet || hasDebts ? ` = ${yuan(walletTotal(preview))}` : ""}
      {" → "}
      <strong>{result}</strong>
    </>
  );
}
