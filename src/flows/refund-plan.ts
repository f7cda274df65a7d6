import { AppError, type ErrorDetails } from "#base/errors.ts";
import { formatMoney, formatUnits, type Money, money, NO_MONEY, PER_UNIT, parseMoney, wh } from "#base/units.ts";
import type { RefundOptions, RefundPreview } from "#contract/refunds.ts";
import { needsApproval } from "#domain/approval.ts";
import type { Lot } from "#domain/lots.ts";
import type { Actor } from "#domain/permission.ts";
import { approvalKindOf, heldWh, isByMeter, type LotPart, payable, type RefundKind, takeBack } from "#domain/refund.ts";
import { canTakeBack } from "#protocol/profiles.ts";
import { approvalRuleOf } from "#store/approval-rules.ts";
import type { Tx } from "#store/db.ts";
import { openExchangeOfMeter } from "#store/devices.ts";
import { balanceOf } from "#store/ledger.ts";
import { lotSources, openLots } from "#store/lots.ts";
import { meterToAct } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import { openOrders, refundableOrders } from "#store/orders.ts";
import { openRefundOfMeter, refundedOfOrder } from "#store/refunds.ts";
import type { FlowContext } from "./context.ts";
import { refuseToSub } from "./group-guard.ts";
import { previewRefundDay } from "./user-limits.ts";

/** A deduct carries hundredths of a unit. */
export const WH_PER_STEP = PER_UNIT / 100;

/** Kinds that the desk and finance ask for; a move-out makes its own. */
export type AskedKind = Exclude<RefundKind, "move_out">;

/** What a refund would do, before anything is booked. */
export type RefundPlan = {
  meter: NonNullable<Awaited<ReturnType<typeof meterToAct>>>;
  accountId: number;
  customerId: number;
  unitsWh: number;
  amount: Money;
  orderNo: string | null;
  /** What it is taken from: the value of the credit in the meter, or the wallet, the balance, the debt. */
  held: Money;
  /** Where units come from, newest first. */
  parts: readonly LotPart[];
};

/** What is asked: units as Wh or litres, or money, by kind; a clear takes whatever there is. */
export type Wanted = { kind: AskedKind; meterId: number; quantity: string; orderNo: string | null };

/**
 * Looks at everything that a refund rests on, as it is in this transaction, and says what it comes to. Throws the refusal when it
 * cannot be; asked again when it is approved. `own` is the refund that asks, whose own reservation does not stand in its way.
 */
export async function planRefund(
  tx: Tx,
  actor: Actor,
  wanted: Wanted,
  own: { reserved: Money } | null,
): Promise<RefundPlan> {
  const meter = await meterToAct(tx, actor.scope, wanted.meterId);
  if (!meter) throw new AppError("meter_not_found");
  if (meter.account_id === null || meter.customer_id === null || meter.credit_at === null)
    throw new AppError("meter_without_customer");
  const who = { meter, accountId: meter.account_id, customerId: meter.customer_id, orderNo: wanted.orderNo };
  const moving = await openMoveOutOfMeter(tx, meter.id);
  if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
  const exchanging = await openExchangeOfMeter(tx, meter.id);
  if (exchanging !== null && wanted.kind !== "debt") throw new AppError("exchanging", { exchangeNo: exchanging });
  if (wanted.kind !== "debt" && wanted.kind !== "wallet") await refuseToSub(tx, meter.id);
  if (wanted.kind !== "debt" && wanted.kind !== "clear") await demandNoDebt(tx, who.customerId);
  switch (wanted.kind) {
    case "units":
      return { ...who, ...(await planUnits(tx, meter, wanted, own !== null)) };
    case "clear":
      return { ...who, ...(await planClear(tx, meter, own !== null)) };
    case "wallet": {
      const { posted, reserved } = await balanceOf(tx, { kind: "wallet", ref: who.customerId });
      return { ...who, ...(await planMoney(tx, who, wanted, { held: posted - reserved, own })) };
    }
    case "balance": {
      if (meter.credit_at !== "server") throw new AppError("refund_not_on_server");
      if ((await openOrders(tx, meter.id)) > 0) throw new AppError("refund_while_recharging");
      const { posted, reserved } = await balanceOf(tx, { kind: "balance", ref: who.accountId });
      return { ...who, ...(await planMoney(tx, who, wanted, { held: posted - reserved, own })) };
    }
    case "debt": {
      const { posted } = await balanceOf(tx, { kind: "debt", ref: who.customerId });
      return { ...who, unitsWh: 0, amount: upTo(wanted.quantity, -posted, 4), held: money(-posted), parts: [] };
    }
  }
}

async function planMoney(
  tx: Tx,
  who: { meter: RefundPlan["meter"]; customerId: number },
  wanted: Wanted,
  from: { held: number; own: { reserved: Money } | null },
) {
  const held = money(from.held + (from.own?.reserved ?? 0));
  const amount = upTo(wanted.quantity, held, 2);
  await demandLeftOfOrder(tx, who, { ...wanted, isOwn: from.own !== null, unitsWh: 0, amount });
  return { unitsWh: 0, amount, held, parts: [] };
}

async function demandNoDebt(tx: Tx, customerId: number): Promise<void> {
  const { posted } = await balanceOf(tx, { kind: "debt", ref: customerId });
  if (posted < 0) throw new AppError("debts_first", { debts: formatMoney(money(-posted)) });
}

/** Refusals that stand against any change of this meter's credit. */
async function demandQuiet(tx: Tx, meter: RefundPlan["meter"], isOwn: boolean): Promise<void> {
  if (meter.credit_at !== "meter") throw new AppError("refund_not_in_meter");
  if (!canTakeBack(meter.profile)) throw new AppError("profile_without_refund", { profile: meter.profile });
  if (meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
  if ((await openOrders(tx, meter.id)) > 0) throw new AppError("refund_while_recharging");
  const other = await openRefundOfMeter(tx, meter.id);
  if (other !== null && !isOwn) throw new AppError("refund_open", { refundNo: other });
}

/** An empty meter trips by itself: under supply guard (保电) it is not emptied. */
function demandMayGoOff(meter: RefundPlan["meter"]): void {
  if (meter.supply_guard === 1 && meter.mode === "prepaid") throw new AppError("meter_protected");
}

async function planUnits(tx: Tx, meter: RefundPlan["meter"], wanted: Wanted, isOwn: boolean) {
  await demandQuiet(tx, meter, isOwn);
  const unitsWh = unitsAsked(wanted.quantity);
  const lots = await openLots(tx, meter.id);
  const maxWh = refundableWh(meter.remaining_wh, lots);
  if (maxWh === null) throw new AppError("refund_credit_unknown");
  if (unitsWh > maxWh) throw new AppError("refund_exceeds_remaining", { max: formatUnits(wh(maxWh)) });
  if (unitsWh >= (meter.remaining_wh ?? 0)) demandMayGoOff(meter);
  const { value: amount, parts } = takeBack(lots, unitsWh);
  await demandLeftOfOrder(tx, { meter, customerId: meter.customer_id }, { ...wanted, isOwn, unitsWh, amount });
  return { unitsWh, amount, held: worthOf(lots, meter.remaining_wh ?? 0), parts };
}

async function planClear(tx: Tx, meter: RefundPlan["meter"], isOwn: boolean) {
  await demandQuiet(tx, meter, isOwn);
  if (meter.remaining_wh === null) throw new AppError("refund_credit_unknown");
  if (meter.remaining_wh <= 0) throw new AppError("refund_nothing");
  demandMayGoOff(meter);
  const lots = await openLots(tx, meter.id);
  const { value, parts } = takeBack(lots, meter.remaining_wh);
  return { unitsWh: meter.remaining_wh, amount: value, held: value, parts };
}

/** What units in a meter were paid with, as far as the books know them. */
function worthOf(lots: readonly Lot[], unitsWh: number): Money {
  return takeBack(lots, Math.max(0, unitsWh)).value;
}

/** What can be taken from a meter: what it showed last, as far as the books cover it, in whole steps; null when it was never read. */
export function refundableWh(remainingWh: number | null, lots: readonly Lot[]): number | null {
  if (remainingWh === null) return null;
  const most = Math.max(0, Math.min(remainingWh, heldWh(lots)));
  return most - (most % WH_PER_STEP);
}

/** A refund that names a recharge is of that meter and customer, and of no more than it brought. */
async function demandLeftOfOrder(
  tx: Tx,
  who: { meter: RefundPlan["meter"]; customerId: number | null },
  input: Wanted & { unitsWh: number; amount: Money; isOwn: boolean },
): Promise<void> {
  if (input.orderNo === null) return;
  const order = await tx
    .selectFrom("recharge_order")
    .select(["meter_id", "customer_id", "state", "units_wh", "amount_e4"])
    .where("order_no", "=", input.orderNo)
    .executeTakeFirst();
  if (order?.meter_id !== who.meter.id || order.customer_id !== who.customerId)
    throw new AppError("refund_order_mismatch");
  // What never reached its meter has its money in the wallet.
  const isThere = order.state === "confirmed" || (input.kind === "wallet" && isGivenBack(order.state));
  if (!isThere) throw new AppError("refund_order_mismatch");
  if (input.isOwn) return; // it is among those counted, and was checked when it was asked for
  const refunded = await refundedOfOrder(tx, input.orderNo);
  if (input.kind === "units") {
    const leftWh = Math.max(0, order.units_wh - refunded.wh);
    if (input.unitsWh > leftWh) throw new AppError("refund_exceeds_order", { max: formatUnits(wh(leftWh)) });
  } else {
    const left = money(Math.max(0, order.amount_e4 - refunded.e4));
    if (input.amount > left) throw new AppError("refund_exceeds_order", { max: formatMoney(left) });
  }
}

function isGivenBack(state: string): boolean {
  return state === "withdrawn" || state === "refused";
}

/** Units as typed, at most two places, above zero, as Wh or litres. */
function unitsAsked(text: string): number {
  const hundredths = parseMoney(text, 2); // the same digits as money: 1/10000 of a unit
  if (hundredths === null || hundredths <= 0) throw new AppError("refund_units_invalid");
  return (hundredths * PER_UNIT) / 10_000;
}

/** `places`: nobody is paid a part of a fen, but one may be owed. */
function upTo(text: string, most: number, places: 2 | 4): Money {
  const amount = parseMoney(text, places);
  if (amount === null || amount <= 0)
    throw new AppError("amount_invalid", { max: formatMoney(money(Math.max(0, most))) });
  if (amount > most) throw new AppError("refund_exceeds_money", { max: formatMoney(money(Math.max(0, most))) });
  return amount;
}

/** What a refund would come to, decided by the very code that books it. Throws the refusals that booking would. */
export async function previewRefund(ctx: FlowContext, actor: Actor, wanted: Wanted): Promise<RefundPreview> {
  const tx = ctx.db.read;
  const plan = await planRefund(tx, actor, wanted, null);
  const { meter, parts } = plan;
  const today = await previewRefundDay(tx, actor, { amount: plan.amount, now: ctx.clock() });
  const byMeter = isByMeter(wanted.kind);
  const sources = await lotSources(
    tx,
    parts.map((part) => part.lotId),
  );
  return {
    unitsWh: plan.unitsWh,
    amount: formatMoney(plan.amount),
    payable: formatMoney(payable(wanted.kind, plan.amount)),
    needsApproval: needsApproval(await approvalRuleOf(tx, approvalKindOf(wanted.kind)), plan.amount),
    beforeWh: byMeter ? meter.remaining_wh : null,
    afterWh: byMeter && meter.remaining_wh !== null ? meter.remaining_wh - plan.unitsWh : null,
    asOf: byMeter ? meter.remaining_at : ctx.clock(),
    before: formatMoney(plan.held),
    after: formatMoney(money(plan.held - plan.amount)),
    lots: parts.map((part) => ({
      orderNo: sources.get(part.lotId)?.orderNo ?? null,
      at: sources.get(part.lotId)?.at ?? 0,
      unitsWh: part.unitsWh,
      value: formatMoney(part.value),
    })),
    reachable: meter.online === 1,
    today,
  };
}

/** Recharges that are offered as the one a refund is about. */
const ORDERS_OFFERED = 10;

/** What there is to refund at a meter now, and what stands against it. */
export async function refundOptions(ctx: FlowContext, actor: Actor, meterId: number): Promise<RefundOptions> {
  const tx = ctx.db.read;
  const meter = await meterToAct(tx, actor.scope, meterId);
  if (!meter) throw new AppError("meter_not_found");
  const lots = await openLots(tx, meter.id);
  const maxWh = refundableWh(meter.remaining_wh, lots);
  const wallet = meter.customer_id === null ? null : await balanceOf(tx, { kind: "wallet", ref: meter.customer_id });
  const debt = meter.customer_id === null ? null : await balanceOf(tx, { kind: "debt", ref: meter.customer_id });
  const balance =
    meter.account_id === null || meter.credit_at !== "server"
      ? null
      : await balanceOf(tx, { kind: "balance", ref: meter.account_id });
  const obstacle = await obstacleOf(tx, meter);
  const orders = [];
  const of = { meterId: meter.id, customerId: meter.customer_id ?? 0 };
  for (const order of await refundableOrders(tx, of, ORDERS_OFFERED)) {
    const refunded = await refundedOfOrder(tx, order.order_no);
    const credited = order.state === "confirmed";
    orders.push({
      orderNo: order.order_no,
      amount: formatMoney(money(order.amount_e4)),
      unitsWh: credited ? order.units_wh : 0,
      leftWh: credited ? Math.max(0, order.units_wh - refunded.wh) : 0,
      left: formatMoney(money(Math.max(0, order.amount_e4 - refunded.e4))),
      at: order.created_at,
      channel: order.channel,
      credited,
    });
  }
  return {
    meterId: meter.id,
    label: meter.label,
    number: meter.number,
    meterKind: meter.kind,
    customer: meter.customer_name ?? "",
    customerId: meter.customer_id,
    creditAt: meter.credit_at,
    remainingWh: meter.remaining_wh,
    unitsMaxWh: meter.credit_at === "meter" ? maxWh : null,
    unitsAsOf: meter.remaining_at,
    unitsValue: formatMoney(meter.credit_at === "meter" && maxWh !== null ? takeBack(lots, maxWh).value : NO_MONEY),
    wallet: formatMoney(money(wallet === null ? 0 : wallet.posted - wallet.reserved)),
    balance: balance === null ? null : formatMoney(money(balance.posted - balance.reserved)),
    debts: formatMoney(money(debt === null ? 0 : Math.max(0, -debt.posted))),
    obstacle: obstacle?.code ?? null,
    obstacleDetails: obstacle?.details ?? {},
    orders,
  };
}

async function obstacleOf(tx: Tx, meter: RefundPlan["meter"]): Promise<{ code: string; details: ErrorDetails } | null> {
  try {
    const moving = await openMoveOutOfMeter(tx, meter.id);
    if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
    if (meter.customer_id === null) throw new AppError("meter_without_customer");
    await refuseToSub(tx, meter.id);
    await demandNoDebt(tx, meter.customer_id);
    if (meter.credit_at === "meter") await demandQuiet(tx, meter, false);
    return null;
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, details: error.details };
    throw error;
  }
}
