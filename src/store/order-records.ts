import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { formatMoney, money } from "#base/units.ts";
import type { Recharge, RechargeFilter, RechargeTotals } from "#contract/money.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import { orderRows, toRecharge } from "./orders.ts";
import type { Schema } from "./schema.ts";

/** Operators offered in a filter. */
const OPERATORS_MAX = 200;

/** The newest orders in the scope that the filter holds; `before` is the last order of the page before. */
export async function rechargeViews(
  tx: Tx,
  scope: Scope,
  input: RechargeFilter & { before?: string | undefined; limit: number },
): Promise<{ items: Recharge[]; more: boolean }> {
  const rows = await orderRows(tx, scope)
    // Order numbers carry day and sequence, so they sort by time.
    .$if(input.before !== undefined, (query) => query.where("recharge_order.order_no", "<", input.before ?? ""))
    .where((eb) => holds(eb, input))
    .orderBy("recharge_order.order_no", "desc")
    .limit(input.limit + 1)
    .execute();
  return { items: rows.slice(0, input.limit).map(toRecharge), more: rows.length > input.limit };
}

/** Every order that the filter holds, newest first, page by page. */
export function everyRecharge(tx: Tx, scope: Scope, filter: RechargeFilter): AsyncGenerator<Recharge> {
  return everyPage(
    (at) => rechargeViews(tx, scope, { ...filter, ...at }),
    (order) => order.orderNo,
  );
}

/** Sums over everything that the filter holds. */
export async function rechargeTotals(tx: Tx, scope: Scope, filter: RechargeFilter): Promise<RechargeTotals> {
  const rows = await orderRows(tx, scope)
    .clearSelect()
    .where((eb) => holds(eb, filter))
    .groupBy(["recharge_order.channel", "recharge_order.state"])
    .select((eb) => [
      "recharge_order.channel",
      "recharge_order.state",
      eb.fn.countAll<number>().as("count"),
      eb.fn.sum<number>("recharge_order.amount_e4").as("amount"),
      eb.fn.sum<number>("recharge_order.units_cost_e4").as("cost"),
    ])
    .execute();
  const channels = new Map<string, { count: number; amount: number }>();
  const all = { count: 0, amount: 0, givenBack: 0, cost: 0 };
  for (const row of rows) {
    const [count, amount, cost] = [Number(row.count), Number(row.amount), Number(row.cost)];
    const one = channels.get(row.channel) ?? { count: 0, amount: 0 };
    channels.set(row.channel, { count: one.count + count, amount: one.amount + amount });
    all.count += count;
    all.amount += amount;
    if (row.state === "withdrawn" || row.state === "refused") all.givenBack += cost;
    else all.cost += cost;
  }
  const operators = await orderRows(tx, scope)
    .clearSelect()
    .select("recharge_order.created_by")
    .distinct()
    .orderBy("recharge_order.created_by")
    .limit(OPERATORS_MAX)
    .execute();
  return {
    count: all.count,
    amount: formatMoney(money(all.amount)),
    givenBack: formatMoney(money(all.givenBack)),
    unitsCost: formatMoney(money(all.cost)),
    channels: [...channels]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([channel, sums]) => ({ channel, count: sums.count, amount: formatMoney(money(sums.amount)) })),
    operators: operators.map((row) => row.created_by),
  };
}

type Ordered = Pick<Schema, "recharge_order" | "meter" | "customer" | "payment">;

function holds(eb: ExpressionBuilder<Ordered, keyof Ordered>, filter: RechargeFilter): Expression<SqlBool> {
  const { meterId, customerId, areaId, channel, operator, state, from, to, search } = filter;
  const all: Expression<SqlBool>[] = [];
  if (meterId !== undefined) all.push(eb("recharge_order.meter_id", "=", meterId));
  if (customerId !== undefined) all.push(eb("recharge_order.customer_id", "=", customerId));
  if (areaId !== undefined)
    all.push(sql<SqlBool>`exists (select 1 from area_ancestor
    where area_ancestor.area_id = ${eb.ref("meter.area_id")} and area_ancestor.ancestor_id = ${areaId})`);
  if (channel !== undefined) all.push(eb("recharge_order.channel", "=", channel));
  if (operator !== undefined) all.push(eb("recharge_order.created_by", "=", operator));
  if (state !== undefined) all.push(eb("recharge_order.state", "=", state));
  // The day stands in the number, which is the key: no other index is needed.
  if (from !== undefined) all.push(eb("recharge_order.order_no", ">=", `R${from.replaceAll("-", "")}`));
  if (to !== undefined) all.push(eb("recharge_order.order_no", "<", `R${to.replaceAll("-", "")}~`));
  if (search !== undefined) {
    const columns = [
      "recharge_order.order_no",
      "payment.receipt_no",
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
