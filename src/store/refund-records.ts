import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { formatMoney, money, PER_FEN } from "#base/units.ts";
import type { Refund, RefundFilter, RefundTotals } from "#contract/refunds.ts";
import type { Scope } from "#domain/permission.ts";
import { isPaidOut, type RefundMethod, UNDER_WAY, WITHOUT_EFFECT } from "#domain/refund.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import { refundRows, toRefund } from "./refunds.ts";
import type { Schema } from "./schema.ts";

/** Operators offered in a filter. */
const OPERATORS_MAX = 200;

/** The newest refunds, clears and write-offs in the scope that the filter holds; `before` is the last of the page before. */
export async function refundViews(
  tx: Tx,
  scope: Scope,
  input: RefundFilter & { before?: string | undefined; limit: number },
): Promise<{ items: Refund[]; more: boolean }> {
  const rows = await refundRows(tx, scope)
    // Numbers carry day and sequence, so they sort by time.
    .$if(input.before !== undefined, (query) => query.where("refund.refund_no", "<", input.before ?? ""))
    .where((eb) => holds(eb, input))
    .orderBy("refund.refund_no", "desc")
    .limit(input.limit + 1)
    .execute();
  return { items: rows.slice(0, input.limit).map(toRefund), more: rows.length > input.limit };
}

/** Every refund that the filter holds, newest first, page by page. */
export function everyRefund(tx: Tx, scope: Scope, filter: RefundFilter): AsyncGenerator<Refund> {
  return everyPage(
    (at) => refundViews(tx, scope, { ...filter, ...at }),
    (refund) => refund.refundNo,
  );
}

/** Sums over everything that the filter holds; what ended without effect is counted and adds nothing. */
export async function refundTotals(tx: Tx, scope: Scope, filter: RefundFilter): Promise<RefundTotals> {
  const value = sql<number>`coalesce(refund.settled_e4, refund.amount_e4)`;
  const rows = await refundRows(tx, scope)
    .clearSelect()
    .where((eb) => holds(eb, filter))
    .groupBy(["refund.kind", "refund.state", "refund.method"])
    .select((eb) => [
      "refund.kind",
      "refund.state",
      "refund.method",
      eb.fn.countAll<number>().as("count"),
      sql<number>`sum(${value})`.as("value"),
      // Each is handed out in whole fen.
      sql<number>`sum(${value} - (${value} % ${PER_FEN}))`.as("payable"),
    ])
    .execute();
  const all = { count: 0, refunded: 0, paid: 0, owed: 0, cleared: 0, writtenOff: 0 };
  const methods = new Map<RefundMethod, { count: number; amount: number }>();
  for (const row of rows) {
    const [count, amount, payable] = [Number(row.count), Number(row.value), Number(row.payable)];
    all.count += count;
    if (WITHOUT_EFFECT.includes(row.state)) continue;
    if (isPaidOut(row.kind)) all.refunded += payable;
    else if (row.kind === "clear") all.cleared += amount;
    else all.writtenOff += amount;
    if (row.state === "confirmed") all.owed += payable;
    if (row.state !== "paid" || row.method === "") continue;
    all.paid += payable;
    const one = methods.get(row.method) ?? { count: 0, amount: 0 };
    methods.set(row.method, { count: one.count + count, amount: one.amount + payable });
  }
  const operators = await refundRows(tx, scope)
    .clearSelect()
    .select("refund.created_by")
    .distinct()
    .orderBy("refund.created_by")
    .limit(OPERATORS_MAX)
    .execute();
  const text = (e4: number): string => formatMoney(money(e4));
  return {
    count: all.count,
    refunded: text(all.refunded),
    paid: text(all.paid),
    owed: text(all.owed),
    cleared: text(all.cleared),
    writtenOff: text(all.writtenOff),
    methods: [...methods]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([method, { count, amount }]) => ({ method, count, amount: text(amount) })),
    operators: operators.map((row) => row.created_by),
  };
}

type Refunded = Pick<Schema, "refund" | "meter" | "customer">;

function holds(eb: ExpressionBuilder<Refunded, keyof Refunded>, filter: RefundFilter): Expression<SqlBool> {
  const { meterId, customerId, areaId, kind, state, method, operator, from, to, search, orderNo, open } = filter;
  const all: Expression<SqlBool>[] = [];
  if (meterId !== undefined) all.push(eb("refund.meter_id", "=", meterId));
  if (customerId !== undefined) all.push(eb("refund.customer_id", "=", customerId));
  if (areaId !== undefined)
    all.push(sql<SqlBool>`exists (select 1 from area_ancestor
    where area_ancestor.area_id = ${eb.ref("meter.area_id")} and area_ancestor.ancestor_id = ${areaId})`);
  if (kind !== undefined) all.push(eb("refund.kind", "=", kind));
  if (state !== undefined) all.push(eb("refund.state", "=", state));
  if (method !== undefined) all.push(eb("refund.method", "=", method));
  if (operator !== undefined) all.push(eb("refund.created_by", "=", operator));
  // The day stands in the number, which is the key: no other index is needed.
  if (from !== undefined) all.push(eb("refund.refund_no", ">=", `F${from.replaceAll("-", "")}`));
  if (to !== undefined) all.push(eb("refund.refund_no", "<", `F${to.replaceAll("-", "")}~`));
  if (open === true) all.push(eb("refund.state", "in", [...UNDER_WAY, "confirmed"]));
  if (orderNo !== undefined)
    all.push(eb.or([eb("refund.order_no", "=", orderNo), eb("refund.replacement_no", "=", orderNo)]));
  if (search !== undefined) {
    const columns = [
      "refund.refund_no",
      "refund.order_no",
      "meter.label",
      "meter.number",
      "customer.name",
      "customer.phone",
      "customer.number",
    ] as const;
    all.push(mentions(eb, columns, search));
  }
  return all.length === 0 ? sql<SqlBool>`1 = 1` : eb.and(all);
}
