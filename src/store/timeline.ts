import type { ExpressionBuilder, ReferenceExpression } from "kysely";
import { formatMoney, money } from "#base/units.ts";
import type { Timeline, TimelineEntry } from "#contract/customers.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import type { Schema } from "./schema.ts";
import { inScope } from "./scope.ts";

/** What has a line of its own anyway: payments tell of recharges, the statement of usage. */
const TOLD_ELSEWHERE = ["payment", "debt", "recharge", "usage"];
/** Kinds of ledger accounts that are the customer's. */
const HIS = ["wallet", "debt", "balance", "meter_credit", "refund_payable"];

/** Where a page of the timeline goes on: older than this, or as old with a smaller id. */
export type TimelineMark = { at: number; id: string };

/**
 * Everything that happened to a customer, newest first, as one story: his payments, what else moved his money (shares, refunds, corrections …),
 * and the events of his meters in the scope. Null when none of his meters lies in it. Payments are shown to those who see all his meters.
 */
export async function customerTimeline(
  tx: Tx,
  scope: Scope,
  customerId: number,
  page: { before: TimelineMark | null; limit: number },
): Promise<Timeline | null> {
  const owned = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .where("account.customer_id", "=", customerId)
    .select((eb) => [
      "meter.id",
      "meter.label",
      "meter.kind",
      eb.case().when(inScope(eb, scope)).then(1).else(0).end().as("seen"),
    ])
    .execute();
  const meters = new Map(owned.filter((row) => Number(row.seen) === 1).map((row) => [row.id, row]));
  if (meters.size === 0) return null;
  const { created_at: since } = await tx
    .selectFrom("customer")
    .select("created_at")
    .where("id", "=", customerId)
    .executeTakeFirstOrThrow();
  const asked = { tx, ids: [...meters.keys()], since, before: page.before, limit: page.limit + 1 };
  const seesAll = meters.size === owned.length;
  const entries = [
    ...(await eventEntries(asked, seesAll)),
    ...(await ledgerEntries(asked)),
    ...(seesAll ? await paymentEntries(asked, customerId) : []),
  ]
    .map((entry) => {
      const meter = entry.meterId === null ? undefined : meters.get(entry.meterId);
      return meter === undefined ? entry : { ...entry, label: meter.label, meterKind: meter.kind };
    })
    .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  return { items: entries.slice(0, page.limit), more: entries.length > page.limit };
}

/** The story of some meters since an instant: their events, and what moved their money. */
export async function storyOfMeters(
  tx: Tx,
  story: { ids: number[]; since: number; before: TimelineMark | null; limit: number },
): Promise<Timeline> {
  const asked = { ...story, tx, limit: story.limit + 1 };
  const meters = await tx.selectFrom("meter").select(["id", "label", "kind"]).where("id", "in", story.ids).execute();
  // What only moved from one pocket of his to another is told by its event.
  const moved = (await ledgerEntries(asked)).filter((entry) => entry.amount !== null && Number(entry.amount) !== 0);
  const entries = [...(await eventEntries(asked, false)), ...moved]
    .map((entry) => {
      const meter = meters.find((each) => each.id === entry.meterId);
      return meter === undefined ? entry : { ...entry, label: meter.label, meterKind: meter.kind };
    })
    .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  return { items: entries.slice(0, story.limit), more: entries.length > story.limit };
}

type Asked = { tx: Tx; ids: number[]; since: number; before: TimelineMark | null; limit: number };

async function eventEntries({ tx, ids, since, before, limit }: Asked, seesPayments: boolean): Promise<TimelineEntry[]> {
  const rows = await tx
    .selectFrom("meter_event")
    .selectAll()
    .where("meter_id", "in", ids)
    .where("at", ">=", since)
    .$if(seesPayments, (query) => query.where("kind", "!=", "recharge_booked"))
    .$if(before !== null, (query) => query.where((eb) => older(eb, "meter_event.at", "meter_event.id", before)))
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const detail = JSON.parse(row.detail) as TimelineEntry["detail"];
    return {
      id: row.id,
      at: row.at,
      source: "event",
      kind: row.kind,
      severity: row.severity,
      meterId: row.meter_id,
      meterKind: null,
      label: "",
      amount: null,
      channel: null,
      by: "",
      orderNo: typeof detail.orderNo === "string" ? detail.orderNo : null,
      detail,
    };
  });
}

async function ledgerEntries({ tx, ids, since, before, limit }: Asked): Promise<TimelineEntry[]> {
  const rows = await tx
    .selectFrom("ledger_transfer")
    .innerJoin("ledger_entry", "ledger_entry.transfer_id", "ledger_transfer.id")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .where("ledger_transfer.meter_id", "in", ids)
    .where("ledger_transfer.kind", "not in", TOLD_ELSEWHERE)
    .where("ledger_transfer.at", ">=", since)
    .where((eb) => eb.or([eb("ledger_transfer.pending", "=", 0), eb("ledger_resolution.outcome", "=", "posted")]))
    .where((eb) => eb.or(HIS.map((kind) => eb("ledger_entry.account_id", "like", `${kind}:%`))))
    .$if(before !== null, (query) => query.where((eb) => older(eb, "ledger_transfer.at", "ledger_transfer.id", before)))
    .groupBy([
      "ledger_transfer.id",
      "ledger_transfer.at",
      "ledger_transfer.kind",
      "ledger_transfer.actor",
      "ledger_transfer.meter_id",
      "ledger_transfer.order_no",
      "ledger_transfer.memo",
    ])
    .select((eb) => [
      "ledger_transfer.id",
      "ledger_transfer.at",
      "ledger_transfer.kind",
      "ledger_transfer.actor",
      "ledger_transfer.meter_id",
      "ledger_transfer.order_no",
      "ledger_transfer.memo",
      eb.fn.sum<number>("ledger_entry.amount_e4").as("amount"),
    ])
    .orderBy("ledger_transfer.at", "desc")
    .orderBy("ledger_transfer.id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    source: "ledger",
    kind: row.kind,
    severity: "info",
    meterId: row.meter_id,
    meterKind: null,
    label: "",
    amount: formatMoney(money(Number(row.amount))),
    channel: null,
    by: row.actor,
    orderNo: row.order_no,
    detail: memoDetail(row.memo),
  }));
}

/** A memo that is nothing but an amount of energy or water is a figure, which is shown in the unit of its meter. */
function memoDetail(memo: string): TimelineEntry["detail"] {
  const amount = /^(-?\d+) Wh$/.exec(memo)?.[1];
  if (amount !== undefined) return { unitsWh: Number(amount) };
  return memo === "" ? {} : { note: memo };
}

async function paymentEntries({ tx, before, limit }: Asked, customerId: number): Promise<TimelineEntry[]> {
  const rows = await tx
    .selectFrom("payment")
    .leftJoin("recharge_order", (join) =>
      join.onRef("recharge_order.payment_no", "=", "payment.payment_no").on("recharge_order.part", "=", 1),
    )
    .leftJoin("meter", "meter.id", "recharge_order.meter_id")
    .where("payment.customer_id", "=", customerId)
    .$if(before !== null, (query) => query.where((eb) => older(eb, "payment.taken_at", "payment.payment_no", before)))
    .selectAll("payment")
    .select(["recharge_order.order_no", "meter.label"])
    .orderBy("payment.taken_at", "desc")
    .orderBy("payment.payment_no", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.payment_no,
    at: row.taken_at,
    source: "payment",
    kind: row.outcome,
    severity: "info",
    meterId: null,
    meterKind: null,
    label: row.label ?? "",
    amount: formatMoney(money(row.amount_e4)),
    channel: row.channel,
    by: row.taken_by,
    orderNo: row.order_no,
    detail: { receiptNo: row.receipt_no, parts: row.parts, ...(row.note === "" ? {} : { note: row.note }) },
  }));
}

function older<TB extends keyof Schema>(
  eb: ExpressionBuilder<Schema, TB>,
  at: ReferenceExpression<Schema, TB>,
  id: ReferenceExpression<Schema, TB>,
  mark: TimelineMark | null,
) {
  const value = mark ?? { at: 0, id: "" };
  return eb.or([
    eb(at, "<", value.at as never),
    eb.and([eb(at, "=", value.at as never), eb(id, "<", value.id as never)]),
  ]);
}
