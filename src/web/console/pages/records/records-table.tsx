import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Recharge } from "#contract/money.ts";
import { dateTime, unitsSold, yuan } from "#web/shared/format.ts";
import { useColumnChoice } from "../../column-choice.tsx";
import { channelText } from "../recharge/channel-text.ts";
import { isGivenBack, walletLeft } from "../recharge/order-money.ts";
import { OrderTag } from "../recharge/order-tag.tsx";

/** Recharges as rows, on a phone as cards. Units show only where some were sold. */
export function RecordsTable({ items }: { items: readonly Recharge[] }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const choice = useColumnChoice("records", box);
  const columns = [
    "time",
    "orderNo",
    "room",
    "customer",
    "meter",
    "amount",
    "units",
    "walletAfter",
    "channel",
    "state",
    "operator",
  ] as const;
  return (
    <>
      {choice}
      <div className="panel table-box" ref={box}>
        <table className="table" data-testid="records">
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column}
                  scope="col"
                  className={`col-${column}`}
                  data-stays={column === "amount" || column === "state" ? "" : undefined}
                >
                  {t(`records.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((order) => (
              <tr key={order.orderNo} data-testid={`record-${order.orderNo}`} data-state={order.state}>
                <td className="col-time">{dateTime(order.createdAt)}</td>
                <td className="col-orderNo">
                  <Link to={`/records/${encodeURIComponent(order.orderNo)}`}>{order.orderNo}</Link>
                </td>
                <td className="col-room">{order.label}</td>
                <td className="col-customer">{order.customer}</td>
                <td className="col-meter">{order.number}</td>
                <td className="col-amount" data-name={t("records.amount")}>
                  {yuan(order.amount)}
                </td>
                <td className="col-units" data-name={t("records.units")}>
                  {order.creditAt === "server" || isGivenBack(order)
                    ? t("meter.missing")
                    : `${unitsSold(order.unitsWh)} ${t(`unit.sold.${order.kind}`)}`}
                </td>
                <td className="col-walletAfter" data-name={t("records.walletAfter")}>
                  {yuan(walletLeft(order))}
                </td>
                <td className="col-channel">{channelText(order.channel)}</td>
                <td className="col-state">
                  <OrderTag state={order.state} />
                </td>
                <td className="col-operator">{order.createdBy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
