import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Recharge } from "#contract/money.ts";
import { getRecharges } from "../../../shared/api.ts";
import { dateTime, unitsSold, yuan } from "../../../shared/format.ts";
import { keys } from "../../../shared/live-cache.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { OrderTag } from "../recharge/order-tag.tsx";
import "./records.css";

const FIRST = 20;
/** The most that the server lists. */
const MOST = 100;

/** The newest recharges (充值记录), each with a way to its receipt. */
export default function RecordsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const [limit, setLimit] = useState(FIRST);
  const meter = search.get("meter");
  const query = { meterId: meter !== null && /^\d+$/.test(meter) ? Number(meter) : null, limit };
  const records = useQuery({
    queryKey: [...keys.orders, query],
    queryFn: () => getRecharges(query),
    placeholderData: (before) => before,
  });
  const items = records.data?.items;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("records.title")}</h1>
        {query.meterId !== null && items?.[0] ? (
          <span className="tag">{t("records.one", { label: items[0].label })}</span>
        ) : null}
        {query.meterId === null ? null : <Button onClick={() => setSearch({})}>{t("records.every")}</Button>}
        <Button onClick={() => void records.refetch()}>{t("records.refresh")}</Button>
      </div>
      {items === undefined ? (
        records.error ? (
          <FailedNotice error={records.error} retry={() => void records.refetch()} />
        ) : (
          <Loading rows={10} />
        )
      ) : items.length === 0 ? (
        <Notice title={t("records.empty")} lead={t("records.emptyLead")} testId="records-empty" />
      ) : (
        <>
          <Table items={items} />
          <div className="records-more">
            <span className="muted">
              {items.length >= MOST ? t("records.limit", { count: MOST }) : t("records.shown", { count: items.length })}
            </span>
            {items.length >= limit && limit < MOST ? (
              <Button onClick={() => setLimit(MOST)} data-testid="records-more">
                {t("records.more")}
              </Button>
            ) : null}
          </div>
        </>
      )}
    </main>
  );
}

function Table({ items }: { items: readonly Recharge[] }) {
  const { t } = useTranslation();
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
    <div className="panel table-box">
      <table className="table" data-testid="records">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col" className={`col-${column}`}>
                {t(`records.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((order) => (
            <tr key={order.orderNo} data-testid={`record-${order.orderNo}`}>
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
                {order.creditAt === "server" ? t("meter.missing") : unitsSold(order.unitsWh)}
              </td>
              <td className="col-walletAfter" data-name={t("records.walletAfter")}>
                {yuan(order.walletAfter)}
              </td>
              <td className="col-channel">
                {channelText(order.channel, t("recharge.channels.cash"), t("recharge.channels.transfer"))}
              </td>
              <td className="col-state">
                <OrderTag state={order.state} />
              </td>
              <td className="col-operator">{order.createdBy}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function channelText(channel: string, cash: string, transfer: string): string {
  return channel === "cash" ? cash : channel === "transfer" ? transfer : channel;
}
