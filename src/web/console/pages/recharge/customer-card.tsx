import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MeterDetail } from "#contract/metering.ts";
import { getRecharges } from "#web/shared/api.ts";
import { Can, useCan, useNoPrice } from "#web/shared/can.tsx";
import { isZero, shortTime, units, yuan, yuanShort } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { StateIcon } from "../../icons.tsx";
import { NotYet } from "../../notice.tsx";
import { GroupMark } from "../groups/group-mark.tsx";
import { OrderTag } from "./order-tag.tsx";

const RECENT = 5;

/** Who is standing at the desk: room, name, what remains, wallet, debts, and the last payments. */
export function CustomerCard({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { tile, customer } = meter;
  const now = Date.now();
  const noPrice = useNoPrice();
  const seesCustomer = useCan("customer.view");
  return (
    <section className="panel customer" data-testid="customer-card">
      <div className="customer-head">
        <h2>{tile.label}</h2>
        <span className={`state-pill state-${tile.state}`}>
          <StateIcon state={tile.state} />
          {t(`state.${tile.state}`)}
        </span>
      </div>
      <p className="customer-who">
        {customer ? (
          seesCustomer ? (
            <Link
              to={`/customers/${customer.customerId}`}
              data-testid="customer-link"
            >{`${customer.name} ${customer.phone}`}</Link>
          ) : (
            `${customer.name} ${customer.phone}`
          )
        ) : (
          t("search.noCustomer")
        )}
        <GroupMark group={meter.group} />
        <span className="muted">{`${tile.areaName} · ${t(`kind.${tile.kind}`)} ${tile.number}`}</span>
      </p>
      {customer && customer.meters > 1 ? (
        <Can do="customer.view">
          <Link className="link-button" to={`/recharge/split/${customer.customerId}`} data-testid="pay-all">
            {t("customers.multi", { count: customer.meters })}
          </Link>
        </Can>
      ) : null}
      {customer ? (
        <Can do="refund.create">
          <Link className="link-button" to={`/refunds/new?meter=${tile.meterId}`} data-testid="card-refund">
            {t("refunds.refund")}
          </Link>
        </Can>
      ) : null}
      {tile.reasons.length > 0 ? (
        <ul className="reasons">
          {tile.reasons.map((reason) => (
            <li key={reason}>{t(`reason.${reason}`)}</li>
          ))}
        </ul>
      ) : null}
      <dl className="facts">
        <dt>{t("meter.remaining")}</dt>
        <dd>
          {meter.remainingWh === null ? (
            <>
              {t("meter.missing")} <small>{t("meter.why.neverRead")}</small>
            </>
          ) : (
            <>
              <b>{units(meter.remainingWh)}</b> {t(`unit.${tile.kind}`)}
              <small>{t("meter.asOf", { time: shortTime(meter.remainingAt, now) })}</small>
            </>
          )}
        </dd>
        {meter.balanceYuan === null ? null : (
          <>
            <dt>{t("meter.balance")}</dt>
            <dd>
              <b>{yuanShort(meter.balanceYuan)}</b> {t("unit.yuan")}
            </dd>
          </>
        )}
        <dt>{t("meter.wallet")}</dt>
        <dd>
          <b>{yuan(customer?.wallet ?? null)}</b> {t("unit.yuan")}
        </dd>
        <dt>{t("meter.debts")}</dt>
        <dd className={customer && !isZero(customer.debts) ? "bad" : ""}>
          <b>{yuan(customer?.debts ?? null)}</b> {t("unit.yuan")}
        </dd>
        <dt>{t("meter.price")}</dt>
        <dd>
          <b>{meter.priceYuan === null ? noPrice : yuan(meter.priceYuan)}</b>{" "}
          {`${t("unit.yuan")}/${t(`unit.${tile.kind}`)}`}
        </dd>
      </dl>
      {useCan("recharge.view") ? <Recent meterId={tile.meterId} now={now} /> : null}
    </section>
  );
}

function Recent({ meterId, now }: { meterId: number; now: number }) {
  const { t } = useTranslation();
  const recent = useQuery({
    queryKey: keys.recent(meterId),
    queryFn: () => getRecharges({ meterId, before: null, limit: RECENT }),
  });
  return (
    <>
      <h3>{t("recharge.recent")}</h3>
      {recent.data === undefined ? <NotYet of={recent} rows={2} /> : null}
      {recent.data?.items.length === 0 ? <p className="empty-line">{t("recharge.recentEmpty")}</p> : null}
      <ul className="recent">
        {recent.data?.items.map((order) => (
          <li key={order.orderNo}>
            <Link to={`/records/${encodeURIComponent(order.orderNo)}`}>{shortTime(order.createdAt, now)}</Link>
            <b>{yuan(order.amount)}</b>
            <OrderTag state={order.state} />
          </li>
        ))}
      </ul>
    </>
  );
}
