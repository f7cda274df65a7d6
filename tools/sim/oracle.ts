import { sql } from "kysely";
import type { FlowContext } from "#flows/context.ts";
import type { Meter } from "#simulator/meters.ts";

/** A meter of the story with its id in the books. */
export type Known = { id: number; accountId: number; meter: Meter };

/** Registers show hundredths of a unit. */
const SHOWN_WH = 10;

/** What must hold at every moment of a story; each sentence is a violation. */
export async function checkAlways(ctx: FlowContext): Promise<string[]> {
  const { read } = ctx.db;
  const wrong: string[] = [];
  const off = await sql<{ id: string; total: number }>`select transfer_id as id, sum(amount_e4) as total
    from ledger_entry group by transfer_id having sum(amount_e4) <> 0`.execute(read);
  for (const { id, total } of off.rows) wrong.push(`transfer ${id} does not balance: ${total}`);
  const drift = await sql<{ id: string }>`select a.id from ledger_account a where a.balance_e4 <> coalesce((
      select sum(e.amount_e4) from ledger_entry e join ledger_transfer t on t.id = e.transfer_id
      left join ledger_resolution r on r.transfer_id = t.id
      where e.account_id = a.id and (t.pending = 0 or r.outcome = 'posted')), 0)
    or (a.kind = 'wallet' and a.balance_e4 - a.reserved_e4 < 0)`.execute(read);
  for (const { id } of drift.rows) wrong.push(`account ${id} is not the sum of its entries, or was overdrawn`);
  const twice = await sql<{ meter_id: number; n: number }>`select meter_id, purchase_number as n from command
    where purchase_number is not null and state in ('sent', 'unknown', 'confirmed')
    group by meter_id, purchase_number having count(*) > 1`.execute(read);
  for (const { meter_id, n } of twice.rows)
    wrong.push(`purchase number ${n} of meter ${meter_id} stands for two commands`);
  return wrong;
}

/** A meter has just taken a top-up: exactly the one that the books have under way with this number. */
export async function checkTopUp(ctx: FlowContext, known: Known, count: number, amount: number): Promise<string[]> {
  const rows = await ctx.db.read
    .selectFrom("command")
    .leftJoin("recharge_order", "recharge_order.order_no", "command.order_no")
    .select(["command.id", "command.state", "command.payload", "recharge_order.state as order_state"])
    .where("command.meter_id", "=", known.id)
    .where("command.purchase_number", "=", count)
    .execute();
  const underWay = rows.filter((row) => ["sent", "unknown", "stopped", "confirmed"].includes(row.state));
  if (underWay.length !== 1) return [`meter ${known.id} took number ${count}, the books have ${JSON.stringify(rows)}`];
  const asked = JSON.parse(underWay[0]?.payload ?? "{}") as { amount?: number };
  return asked.amount === amount
    ? []
    : [`meter ${known.id} took ${amount} under number ${count}, sold were ${asked.amount}`];
}

/** A relay has just obeyed a trip: somebody decided so, on evidence that still held when it was sent. */
export async function checkTrip(ctx: FlowContext, known: Known): Promise<string[]> {
  const trip = await ctx.db.read
    .selectFrom("command")
    .leftJoin("off_evidence", "off_evidence.command_id", "command.id")
    .select(["command.id", "command.cause", "command.sent_at", "off_evidence.balance_e4", "off_evidence.evaluations"])
    .where("command.meter_id", "=", known.id)
    .where("command.kind", "=", "trip")
    .where("command.sent_at", "is not", null)
    .orderBy("command.sent_at", "desc")
    .orderBy("command.id", "desc")
    .executeTakeFirst();
  if (!trip) return [`meter ${known.id} was tripped and nobody had asked for it`];
  if (trip.cause === "operator") return [];
  if (trip.balance_e4 === null || trip.evaluations === null) return [`meter ${known.id} was tripped without evidence`];
  if (trip.balance_e4 > 0 || trip.evaluations < 2) return [`meter ${known.id} was tripped on weak evidence`];
  // A payment that was booked before the trip was marked as sent must have held it back.
  const paid = await ctx.db.read
    .selectFrom("recharge_order")
    .select("order_no")
    .where("account_id", "=", known.accountId)
    .where("created_at", "<", trip.sent_at ?? 0)
    .where("created_at", ">", (trip.sent_at ?? 0) - 60_000)
    .executeTakeFirst();
  const balance = await ctx.db.read
    .selectFrom("ledger_account")
    .select("balance_e4")
    .where("id", "=", `balance:${known.accountId}`)
    .executeTakeFirst();
  return paid && (balance?.balance_e4 ?? 0) > 0 ? [`meter ${known.id} was tripped after payment ${paid.order_no}`] : [];
}

/** What was paid at the desk: the key of a payment, its amount, and the order that was answered, if an answer came. */
export type Intent = { key: string; meterId: number; amount: string; orderNo: string | null; refused: boolean };

/** What must hold when everything has healed and come to rest. */
export async function checkAtRest(
  ctx: FlowContext,
  known: readonly Known[],
  intents: readonly Intent[],
): Promise<string[]> {
  const wrong = await checkAlways(ctx);
  const orders = await ctx.db.read.selectFrom("recharge_order").selectAll().execute();
  for (const intent of intents) {
    const own = orders.filter((order) => order.idem_key === intent.key);
    const [order] = own;
    if (intent.refused ? own.length > 0 : own.length !== 1) wrong.push(`${intent.key} has ${own.length} orders`);
    else if (
      order &&
      (order.order_no !== intent.orderNo || order.amount_e4 !== Math.round(Number(intent.amount) * 1e4))
    ) {
      wrong.push(`${intent.key} was answered ${intent.orderNo}, booked is ${order.order_no} of ${order.amount_e4}`);
    }
  }
  if (orders.length !== intents.filter((intent) => !intent.refused).length) {
    wrong.push(`${orders.length} orders for ${intents.length} payments`);
  }
  for (const order of orders) {
    if (!["confirmed", "withdrawn", "refused"].includes(order.state))
      wrong.push(`${order.order_no} is still ${order.state}`);
  }
  const open = await ctx.db.read
    .selectFrom("command")
    .select(["id", "kind", "state", "state_reason"])
    .where("state", "in", ["waiting", "sent", "unknown", "stopped"])
    .execute();
  for (const each of open) wrong.push(`${each.kind} ${each.id} is still ${each.state}: ${each.state_reason}`);
  for (const each of known) wrong.push(...(await checkMeter(ctx, each, orders)));
  return wrong;
}

type Order = { state: string; meter_id: number; purchase_number: number | null; units_wh: number };

async function checkMeter(ctx: FlowContext, known: Known, orders: readonly Order[]): Promise<string[]> {
  const wrong: string[] = [];
  const { id, accountId, meter } = known;
  const { state, plan } = meter;
  const books = await ctx.db.read
    .selectFrom("meter_state")
    .selectAll()
    .where("meter_id", "=", id)
    .executeTakeFirstOrThrow();
  const lots = await ctx.db.read.selectFrom("credit_lot").selectAll().where("meter_id", "=", id).execute();
  const shown = Math.floor(state.indexWh / SHOWN_WH) * SHOWN_WH;
  if (books.settled_index_wh !== shown) {
    wrong.push(`meter ${id} shows ${shown} Wh, charged is ${books.settled_index_wh}: ${JSON.stringify(books)}`);
  }
  if (plan.creditAt === "meter") {
    const sold = orders
      .filter((order) => order.meter_id === id && order.state === "confirmed")
      .map((order) => ({ count: order.purchase_number, amount: order.units_wh / SHOWN_WH }))
      .sort((a, b) => (a.count ?? 0) - (b.count ?? 0));
    if (JSON.stringify(sold) !== JSON.stringify(state.topUps)) {
      wrong.push(`meter ${id} took ${JSON.stringify(state.topUps)}, sold is ${JSON.stringify(sold)}`);
    }
    if (books.purchase_count !== state.purchaseCount)
      wrong.push(`meter ${id} counts ${state.purchaseCount} purchases, booked are ${books.purchase_count}`);
    const left = lots.reduce((sum, lot) => sum + lot.units_wh - lot.used_wh, 0);
    if (Math.abs(left - state.creditWh) > SHOWN_WH)
      wrong.push(`meter ${id} holds ${state.creditWh} Wh, its lots ${left}`);
    return wrong;
  }
  const balance = await ctx.db.read
    .selectFrom("ledger_account")
    .select("balance_e4")
    .where("id", "=", `balance:${accountId}`)
    .executeTakeFirstOrThrow();
  const isDarkByOperator = books.off_cause === "operator" || books.off_cause === "safety";
  if (state.relayOpen && balance.balance_e4 > 0 && !isDarkByOperator) {
    const commands = await ctx.db.read
      .selectFrom("command")
      .select(["kind", "cause", "state", "state_reason", "sent_at", "done_at", "result"])
      .where("meter_id", "=", id)
      .orderBy("created_at")
      .execute();
    wrong.push(
      `meter ${id} is off with ${balance.balance_e4} on its account (${books.off_cause}, ${books.relay}, commanded ${books.relay_commanded} for ${books.relay_commanded_for}): ${JSON.stringify(commands)}`,
    );
  }
  return wrong;
}
