import { Button } from "antd";
import { Fragment, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import type { Recharge } from "#contract/money.ts";
import { amountWords } from "#web/shared/amount-words.ts";
import { dateTime, isZero, unitsSold, yuan } from "#web/shared/format.ts";
import { channelText } from "./channel-text.ts";
import type { MeterKind } from "./meter-kind.ts";
import { isGivenBack, walletLeft } from "./order-money.ts";

/** The receipt (票据) of a recharge; prints alone, on an 80 mm roll as well as on A4. A second print says so. */
export function Receipt({ order, kind }: { order: Recharge; kind: MeterKind | null }) {
  const { t } = useTranslation();
  const [printed, setPrinted] = useState(() => printsOf(order.orderNo));
  const print = (): void => {
    flushSync(() => setPrinted(countPrint(order.orderNo)));
    window.print();
  };
  const title = receiptTitle(order.state);
  const words = amountWords(order.amount);
  const inYuan = (text: string): string => t("receipt.yuan", { value: yuan(text) });
  const unit = kind === null ? t("receipt.unitless") : t(`unit.sold.${kind}`);
  const lines: [string, string][] = [
    [t("receipt.orderNo"), order.orderNo],
    [t("receipt.time"), dateTime(order.createdAt)],
    [t("receipt.room"), order.label],
    [t("receipt.customer"), order.customer],
    [t("receipt.meter"), order.number],
    [t("receipt.channel"), channelText(order.channel)],
    [t("receipt.walletBefore"), inYuan(order.walletBefore)],
    ...(isZero(order.debts) ? [] : [[t("receipt.debts"), inYuan(order.debts)] satisfies [string, string]]),
    [t("receipt.price"), `${yuan(order.price)} ${t("unit.yuan")}/${unit}`],
    ...(isGivenBack(order)
      ? [[t("receipt.returned"), inYuan(order.unitsCost)] satisfies [string, string]]
      : order.creditAt === "server"
        ? [[t("receipt.credited"), inYuan(order.unitsCost)] satisfies [string, string]]
        : [
            [t("receipt.units"), `${unitsSold(order.unitsWh)} ${unit}`] satisfies [string, string],
            [t("receipt.unitsCost"), inYuan(order.unitsCost)] satisfies [string, string],
          ]),
    [t("receipt.walletAfter"), inYuan(walletLeft(order))],
    [t("receipt.state"), t(`recharge.state.${order.state}`)],
    ...(order.state === "withdrawn" && order.stateReason !== ""
      ? [[t("receipt.withdrawnReason"), order.stateReason] satisfies [string, string]]
      : []),
    ...(order.confirmedAt === null
      ? []
      : [[t("receipt.confirmedAt"), dateTime(order.confirmedAt)] satisfies [string, string]]),
    [t("receipt.operator"), order.createdBy],
    ...(order.note === "" ? [] : [[t("receipt.note"), order.note] satisfies [string, string]]),
  ];
  return (
    <section className="panel receipt-panel" aria-label={t("receipt.title")}>
      <div className="receipt" data-testid="receipt">
        <h2>{t(title)}</h2>
        {printed > 1 ? <p className="receipt-reprint">{t("receipt.reprint", { count: printed })}</p> : null}
        <div className="receipt-amount">
          <span>{t("receipt.amount")}</span>
          <b>{`¥ ${yuan(order.amount)}`}</b>
          {words === null ? null : (
            <>
              <span>{t("receipt.words")}</span>
              <b data-testid="receipt-words">{words}</b>
            </>
          )}
        </div>
        <dl>
          {lines.map(([name, value]) => (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </Fragment>
          ))}
        </dl>
      </div>
      <div className="row-buttons no-print">
        <Button type="primary" onClick={print} data-testid="print">
          {t("recharge.print")}
        </Button>
      </div>
    </section>
  );
}

function receiptTitle(state: Recharge["state"]) {
  if (state === "withdrawn") return "receipt.withdrawnTitle";
  return state === "refused" ? "receipt.refusedTitle" : "receipt.title";
}

/** How often this computer has printed the receipt; a desk has one printer, so that is what a reprint means. */
function printsOf(orderNo: string): number {
  return Number(localStorage.getItem(`jichao.printed.${orderNo}`) ?? 0);
}

function countPrint(orderNo: string): number {
  const count = printsOf(orderNo) + 1;
  localStorage.setItem(`jichao.printed.${orderNo}`, String(count));
  return count;
}
