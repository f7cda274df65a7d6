import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Refund } from "#contract/refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, isZero, units, yuan } from "#web/shared/format.ts";
import { methodText } from "./method-text.ts";
import { isPaidOut } from "./refund-money.ts";

/** Everything about a refund, with ways to the customer, the meter and both recharges. */
export function RefundFacts({ refund }: { refund: Refund }) {
  const { t } = useTranslation();
  const seesCustomer = useCan("customer.view");
  const seesMeter = useCan("meter.view");
  const unit = t(`unit.sold.${refund.meterKind}`);
  const inYuan = (value: string) => t("refunds.yuan", { value: yuan(value) });
  const taken = refund.takenWh ?? refund.unitsWh;
  const lines: [name: string, value: ReactNode][] = [
    [
      t("refunds.room"),
      seesMeter ? (
        <Link key="meter" to={`/?meter=${refund.meterId}`}>
          {refund.label}
        </Link>
      ) : (
        refund.label
      ),
    ],
    [t("refunds.meterNumber"), refund.number],
    [
      t("refunds.customer"),
      seesCustomer ? (
        <Link key="customer" to={`/customers/${refund.customerId}`}>
          {refund.customer}
        </Link>
      ) : (
        refund.customer
      ),
    ],
    [t("refunds.type"), t(`refunds.kind.${refund.kind}`)],
  ];
  if (taken > 0) lines.push([t("refunds.units"), `${units(taken)} ${unit}`]);
  lines.push([
    t(isPaidOut(refund) ? "refunds.pays" : "refunds.worth"),
    inYuan(isPaidOut(refund) ? refund.payable : refund.amount),
  ]);
  if (refund.quoted !== refund.amount && !isZero(refund.amount))
    lines.push([t("refunds.quoted"), inYuan(refund.quoted)]);
  if (refund.method !== "") lines.push([t("refunds.payBy"), methodText(refund)]);
  lines.push([t("refunds.why"), refund.reason]);
  for (const [name, orderNo] of [
    ["refunds.orderNo", refund.orderNo],
    ["refunds.replacementNo", refund.replacementNo],
  ] as const) {
    if (orderNo !== null)
      lines.push([
        t(name),
        <Link
          key={name}
          to={`/records/${encodeURIComponent(orderNo)}`}
          data-testid={name.replace("refunds.", "refund-")}
        >
          {orderNo}
        </Link>,
      ]);
  }
  lines.push([t("refunds.operator"), <Who key="asked" who={refund.createdBy} at={refund.createdAt} />]);
  if (refund.decidedBy !== null && refund.decidedAt !== null) {
    lines.push([t("refunds.decidedBy"), <Who key="decided" who={refund.decidedBy} at={refund.decidedAt} />]);
    if (refund.decisionReason !== "") lines.push([t("refunds.decision"), refund.decisionReason]);
  }
  if (refund.purchaseNumber !== null) lines.push([t("refunds.purchaseNumber"), String(refund.purchaseNumber)]);
  if (refund.paidBy !== null && refund.paidAt !== null)
    lines.push([t("refunds.paidBy"), <Who key="paid" who={refund.paidBy} at={refund.paidAt} />]);
  if (refund.payoutNote !== "") lines.push([t("refunds.payoutNote"), refund.payoutNote]);
  if (refund.remainingWh !== null && taken > 0)
    lines.push([
      t("refunds.inMeter"),
      <Fragment key="left">
        <b data-testid="refund-remaining">{units(refund.remainingWh)}</b> {unit}
        <small>{t("refunds.asOf", { time: dateTime(refund.remainingAt) })}</small>
      </Fragment>,
    ]);
  return (
    <section className="panel" aria-label={t("refunds.details")}>
      <dl className="facts" data-testid="refund-facts">
        {lines.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}

function Who({ who, at }: { who: string; at: number }) {
  return (
    <>
      {who} <small>{dateTime(at)}</small>
    </>
  );
}
