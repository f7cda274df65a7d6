import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Recharge } from "#contract/money.ts";
import type { Payment } from "#contract/payments.ts";
import { deskKeys, getPayment } from "#web/shared/api-desk.ts";
import { clockTime, dateTime, unitsSold, yuan } from "#web/shared/format.ts";
import { isOrderDone } from "#web/shared/live-cache.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { channelText } from "../recharge/channel-text.ts";
import { isGivenBack } from "../recharge/order-money.ts";
import { OrderTag } from "../recharge/order-tag.tsx";
import { Withdraw } from "../recharge/withdraw.tsx";
import { ReceiptFrame } from "./receipt-frame.tsx";
import "../recharge/recharge.css";
import "./payments.css";

const POLL_MS = 1_500;

/** One payment with its parts on their way to their meters, and its one receipt. */
export function PaymentView({ paymentNo }: { paymentNo: string }) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: deskKeys.payment(paymentNo),
    queryFn: () => getPayment(paymentNo),
    refetchInterval: ({ state }) => (state.data?.parts.every(isOrderDone) ? false : POLL_MS),
  });
  if (found.data === undefined) {
    return found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={6} />;
  }
  const payment = found.data;
  const arrived = payment.parts.filter((part) => part.state === "confirmed").length;
  return (
    <div className="order" data-testid="payment" data-payment={payment.paymentNo} data-arrived={arrived}>
      <section className="panel progress no-print" aria-label={t("recharge.progress")}>
        <p className="progress-sentence" role="status" data-testid="payment-sentence">
          {arrived === payment.parts.length
            ? t("split.allArrived", { amount: yuan(payment.amount), count: payment.parts.length })
            : t("split.underWay", { amount: yuan(payment.amount), arrived, count: payment.parts.length })}
        </p>
        <ol className="parts">
          {payment.parts.map((part) => (
            <PartLine key={part.orderNo} part={part} />
          ))}
        </ol>
      </section>
      <PaymentReceipt payment={payment} />
    </div>
  );
}

function PartLine({ part }: { part: Recharge }) {
  const { t } = useTranslation();
  return (
    <li className="part" data-testid={`part-${part.part}`} data-state={part.state} data-order={part.orderNo}>
      <span className="part-label">
        <Link to={`/records/${encodeURIComponent(part.orderNo)}`}>{part.label}</Link>
        <small>{part.number}</small>
      </span>
      <b>{yuan(part.amount)}</b>
      <span>
        {part.creditAt === "server"
          ? t("split.credited", { amount: yuan(part.unitsCost) })
          : `${unitsSold(part.unitsWh)} ${t(`unit.sold.${part.kind}`)}`}
      </span>
      <OrderTag state={part.state} />
      <span className="part-time">{part.confirmedAt === null ? "" : clockTime(part.confirmedAt)}</span>
      {part.state === "booked" && !part.reachable ? <small className="part-wait">{t("split.offline")}</small> : null}
      <Withdraw order={part} />
    </li>
  );
}

/** One receipt for all parts: a line for each meter, and the sum that was handed over. */
function PaymentReceipt({ payment }: { payment: Payment }) {
  const { t } = useTranslation();
  const last = payment.parts.at(-1);
  const lines: [string, string][] = [
    [t("receipt.receiptNo"), payment.receiptNo],
    [t("receipt.orderNo"), payment.paymentNo],
    [t("receipt.time"), dateTime(payment.takenAt)],
    [t("receipt.customer"), payment.customer],
    [t("receipt.channel"), channelText(payment.channel)],
    ...(last
      ? [[t("receipt.walletAfter"), t("receipt.yuan", { value: yuan(last.walletAfter) })] satisfies [string, string]]
      : []),
    [t("receipt.operator"), payment.takenBy],
    ...(payment.note === "" ? [] : [[t("receipt.note"), payment.note] satisfies [string, string]]),
  ];
  return (
    <ReceiptFrame title={t("receipt.title")} paymentNo={payment.paymentNo} amount={payment.amount} lines={lines}>
      <table className="receipt-parts">
        <thead>
          <tr>
            <th scope="col">{t("receipt.room")}</th>
            <th scope="col">{t("receipt.meter")}</th>
            <th scope="col">{t("receipt.amount")}</th>
            <th scope="col">{t("receipt.units")}</th>
          </tr>
        </thead>
        <tbody>
          {payment.parts.map((part) => (
            <tr key={part.orderNo}>
              <td>{part.label}</td>
              <td>{part.number}</td>
              <td>{yuan(part.amount)}</td>
              <td>
                {isGivenBack(part)
                  ? t(`recharge.state.${part.state}`)
                  : part.creditAt === "server"
                    ? t("receipt.yuan", { value: yuan(part.unitsCost) })
                    : `${unitsSold(part.unitsWh)} ${t(`unit.sold.${part.kind}`)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ReceiptFrame>
  );
}
