import type { Instant } from "#base/time.ts";
import { formatMoney, money, price } from "#base/units.ts";
import type { Recharge } from "#contract/money.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { CommandState } from "./schema-commands.ts";
import type { OrderState, RechargeOrderTable } from "./schema-ledger.ts";
import { inScope } from "./scope.ts";

/** States in which a recharge is between payment and meter. */
export const UNDER_WAY: readonly OrderState[] = ["booked", "sent", "unknown"];

/** The figures that settling an order needs. */
export async function orderForSettling(tx: Tx, orderNo: string) {
  return tx
    .selectFrom("recharge_order")
    .select(["order_no", "state", "units_wh", "units_cost_e4", "meter_id", "account_id", "customer_id"])
    .where("order_no", "=", orderNo)
    .executeTakeFirst();
}

type OrderChange = Partial<
  Pick<
    RechargeOrderTable,
    "state_reason" | "purchase_number" | "confirmed_at" | "wallet_after_e4" | "remaining_after_wh" | "command_id"
  >
>;

/** Moves an order on, if it is in one of the states `from`; false when it is not. */
export async function moveOrder(
  tx: Tx,
  input: { orderNo: string; from: readonly OrderState[]; to: OrderState; at: Instant; change?: OrderChange },
): Promise<boolean> {
  const result = await tx
    .updateTable("recharge_order")
    .set({ ...input.change, state: input.to, updated_at: input.at })
    .where("order_no", "=", input.orderNo)
    .where("state", "in", [...input.from])
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Marks orders whose commands or meters changed as changed too, so that pages hear of it. */
export async function touchOrder(tx: Tx, orderNo: string, at: Instant): Promise<void> {
  await tx.updateTable("recharge_order").set({ updated_at: at }).where("order_no", "=", orderNo).execute();
}

/** An equal recharge of the same meter since `since`: taking money twice deserves a question. */
export async function equalRechargeSince(
  tx: Tx,
  input: { meterId: number; amountE4: number; since: Instant },
): Promise<{ orderNo: string; at: Instant } | null> {
  const row = await tx
    .selectFrom("recharge_order")
    .select(["order_no", "created_at"])
    .where("meter_id", "=", input.meterId)
    .where("amount_e4", "=", input.amountE4)
    .where("created_at", ">=", input.since)
    .where("state", "not in", ["withdrawn", "refused"])
    .orderBy("created_at", "desc")
    .executeTakeFirst();
  return row ? { orderNo: row.order_no, at: row.created_at as Instant } : null;
}

/** Whether money for this account is between payment and meter. */
export async function paymentInFlight(tx: Tx, accountId: number): Promise<boolean> {
  const row = await tx
    .selectFrom("recharge_order")
    .select("order_no")
    .where("account_id", "=", accountId)
    .where("state", "in", [...UNDER_WAY])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** How many recharges of a meter are between payment and meter. */
export async function openOrders(tx: Tx, meterId: number): Promise<number> {
  const row = await tx
    .selectFrom("recharge_order")
    .where("meter_id", "=", meterId)
    .where("state", "in", [...UNDER_WAY])
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** The newest recharges of a meter by its customer that have ended: those that a refund may be about. */
export async function refundableOrders(tx: Tx, of: { meterId: number; customerId: number }, limit: number) {
  return tx
    .selectFrom("recharge_order")
    .select(["order_no", "amount_e4", "units_wh", "created_at", "channel", "state"])
    .where("meter_id", "=", of.meterId)
    .where("customer_id", "=", of.customerId)
    .where("state", "in", ["confirmed", "withdrawn", "refused"])
    .orderBy("order_no", "desc")
    .limit(limit)
    .execute();
}

/** One order for a page; null outside the scope. */
export async function rechargeView(tx: Tx, scope: Scope, orderNo: string): Promise<Recharge | null> {
  const row = await orderRows(tx, scope).where("recharge_order.order_no", "=", orderNo).executeTakeFirst();
  return row ? toRecharge(row) : null;
}

/** Orders that changed since an instant, for the live channel. */
export async function changedRecharges(tx: Tx, scope: Scope, since: number): Promise<Recharge[]> {
  const rows = await orderRows(tx, scope)
    .where("recharge_order.updated_at", ">=", since)
    .orderBy("recharge_order.updated_at", "desc")
    .limit(CHANGED_MAX)
    .execute();
  return rows.map(toRecharge);
}

/** Orders told at once by the live channel; a page that missed one polls its own order anyway. */
const CHANGED_MAX = 500;

/** Orders in the scope with all that {@link toRecharge} needs; the caller narrows and sorts. */
export function orderRows(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("recharge_order")
    .innerJoin("meter", "meter.id", "recharge_order.meter_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("account", "account.id", "recharge_order.account_id")
    .innerJoin("customer", "customer.id", "recharge_order.customer_id")
    .innerJoin("payment", "payment.payment_no", "recharge_order.payment_no")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("command as reconnect", (join) =>
      join
        .onRef("reconnect.order_no", "=", "recharge_order.order_no")
        .onRef("reconnect.meter_id", "=", "recharge_order.meter_id")
        .on("reconnect.kind", "in", ["close", "permit_close"]),
    )
    .where((eb) => inScope(eb, scope))
    .select([
      "recharge_order.order_no",
      "recharge_order.payment_no",
      "recharge_order.part",
      "recharge_order.customer_id",
      "payment.receipt_no",
      "payment.parts",
      "recharge_order.meter_id",
      "recharge_order.channel",
      "recharge_order.amount_e4",
      "recharge_order.wallet_before_e4",
      "recharge_order.debts_e4",
      "recharge_order.price_e4",
      "recharge_order.units_wh",
      "recharge_order.units_cost_e4",
      "recharge_order.wallet_after_e4",
      "recharge_order.state",
      "recharge_order.state_reason",
      "recharge_order.purchase_number",
      "recharge_order.remaining_after_wh",
      "recharge_order.created_by",
      "recharge_order.created_at",
      "recharge_order.confirmed_at",
      "recharge_order.note",
      "meter.label",
      "meter.number",
      "meter.kind",
      "meter_state.relay",
      "meter_state.relay_at",
      "account.credit_at",
      "customer.name as customer_name",
      "concentrator.online",
      "reconnect.kind as reconnect_kind",
      "reconnect.state as reconnect_state",
      "reconnect.done_at as reconnect_done_at",
    ]);
}

type RechargeRow = Awaited<ReturnType<ReturnType<typeof orderRows>["executeTakeFirstOrThrow"]>>;

/** One row of {@link orderRows} as pages see it. */
export function toRecharge(row: RechargeRow): Recharge {
  return {
    orderNo: row.order_no,
    paymentNo: row.payment_no,
    receiptNo: row.receipt_no,
    part: row.part,
    parts: row.parts,
    customerId: row.customer_id,
    meterId: row.meter_id,
    label: row.label,
    number: row.number,
    customer: row.customer_name,
    kind: row.kind,
    creditAt: row.credit_at,
    channel: row.channel,
    amount: formatMoney(money(row.amount_e4)),
    walletBefore: formatMoney(money(row.wallet_before_e4)),
    debts: formatMoney(money(row.debts_e4)),
    price: formatMoney(price(row.price_e4)),
    unitsWh: row.units_wh,
    unitsCost: formatMoney(money(row.units_cost_e4)),
    walletAfter: formatMoney(money(row.wallet_after_e4)),
    state: row.state,
    stateReason: row.state_reason,
    purchaseNumber: row.purchase_number,
    remainingAfterWh: row.remaining_after_wh,
    createdBy: row.created_by,
    createdAt: row.created_at,
    confirmedAt: row.confirmed_at,
    note: row.note,
    reconnection: reconnection(row),
    reachable: row.online === 1,
  };
}

const GIVEN_UP: readonly (CommandState | null)[] = ["refused", "expired", "stopped", "cancelled"];

function reconnection(row: RechargeRow): Recharge["reconnection"] {
  if (row.reconnect_kind === null) return "none";
  const seenClosed = row.relay === "closed" && row.relay_at >= row.created_at;
  if (GIVEN_UP.includes(row.reconnect_state)) return seenClosed ? "closed" : "failed";
  if (row.reconnect_state !== "confirmed") return "under_way";
  if (row.reconnect_kind === "close" || seenClosed) return "closed";
  return "press_button";
}
