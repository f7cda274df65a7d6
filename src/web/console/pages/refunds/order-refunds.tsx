import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Recharge } from "#contract/money.ts";
import { getRefundsOfOrder, refundKeys } from "#web/shared/api-refunds.ts";
import { Can } from "#web/shared/can.tsx";
import { yuan } from "#web/shared/format.ts";
import { NotYet } from "../../notice.tsx";
import { recordedAmount } from "./refund-money.ts";
import { RefundTag } from "./refund-tag.tsx";
import "./refunds.css";

/** What of a recharge was given back, what it took the place of, and the way to give it back. */
export function OrderRefunds({ order }: { order: Recharge }) {
  const { t } = useTranslation();
  const { orderNo } = order;
  const found = useQuery({ queryKey: refundKeys.ofOrder(orderNo), queryFn: () => getRefundsOfOrder(orderNo) });
  const items = found.data?.items ?? [];
  const ended = order.state === "confirmed" || order.state === "withdrawn" || order.state === "refused";
  return (
    <section
      className="panel refund-of-order no-print"
      aria-label={t("refunds.ofOrder.title")}
      data-testid="order-refunds"
    >
      <div className="refund-of-order-head">
        <h2>{t("refunds.ofOrder.title")}</h2>
        {ended ? (
          <Can do="refund.create">
            <Link
              className="link-button"
              to={`/refunds/new?meter=${order.meterId}&order=${encodeURIComponent(orderNo)}`}
              data-testid="order-refund"
            >
              {t("refunds.ofOrder.do")}
            </Link>
          </Can>
        ) : null}
      </div>
      {found.data === undefined ? <NotYet of={found} /> : null}
      {found.data?.items.length === 0 ? <p className="empty-line">{t("refunds.ofOrder.none")}</p> : null}
      <ul>
        {items.map((refund) => (
          <li key={refund.refundNo} data-testid={`order-refund-${refund.refundNo}`}>
            <Link to={`/refunds/${encodeURIComponent(refund.refundNo)}`}>{refund.refundNo}</Link>
            <b>{t("refunds.yuan", { value: yuan(recordedAmount(refund)) })}</b>
            <RefundTag state={refund.state} />
            {refund.replacementNo === orderNo && refund.orderNo !== null ? (
              <Link to={`/records/${encodeURIComponent(refund.orderNo)}`} data-testid="was-order">
                {t("refunds.ofOrder.wasOrder", { orderNo: refund.orderNo })}
              </Link>
            ) : null}
            {refund.orderNo === orderNo && refund.replacementNo !== null ? (
              <Link to={`/records/${encodeURIComponent(refund.replacementNo)}`} data-testid="new-order">
                {t("refunds.ofOrder.newOrder", { orderNo: refund.replacementNo })}
              </Link>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
