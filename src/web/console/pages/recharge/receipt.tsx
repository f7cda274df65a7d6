import { useTranslation } from "react-i18next";
import type { Recharge } from "#contract/money.ts";
import { dateTime, isZero, unitsSold, yuan } from "#web/shared/format.ts";
import { ReceiptFrame } from "../payments/receipt-frame.tsx";
import { channelText } from "./channel-text.ts";
import { isGivenBack, walletLeft } from "./order-money.ts";

/** The receipt (票据) of a recharge of one meter; prints alone, on an 80 mm roll or on A4. */
export function Receipt({ order }: { order: Recharge }) {
  const { t } = useTranslation();
  const inYuan = (text: string): string => t("receipt.yuan", { value: yuan(text) });
  const unit = t(`unit.sold.${order.kind}`);
  const lines: [string, string][] = [
    [t("receipt.receiptNo"), order.receiptNo],
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
    <ReceiptFrame
      title={t(receiptTitle(order.state))}
      paymentNo={order.paymentNo}
      amount={order.amount}
      lines={lines}
    />
  );
}

function receiptTitle(state: Recharge["state"]) {
  if (state === "withdrawn") return "receipt.withdrawnTitle";
  return state === "refused" ? "receipt.refusedTitle" : "receipt.title";
}
