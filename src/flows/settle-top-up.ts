import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { money } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer, resolveTransfer } from "#store/ledger.ts";
import { addLot } from "#store/lots.ts";
import { changeMeterState, meterState } from "#store/meters.ts";
import { moveOrder, orderForSettling, UNDER_WAY } from "#store/orders.ts";
import { finish, type Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { rechargeTransferId } from "./recharge.ts";
import { reconnectMeter } from "./reconnect.ts";

/** The meter has the units: the transfer is posted, the lot opened, the count moves on, and a meter off for arrears is closed. */
export async function confirmTopUp(ctx: FlowContext, tx: Tx, at: Settling): Promise<void> {
  const { order, command, now } = await load(tx, at);
  assert(command.purchase_number !== null, "a confirmed top-up was sent with a number");
  const state = await meterState(tx, order.meter_id);
  assert(
    state.purchase_count === command.purchase_number - 1,
    `meter ${order.meter_id} confirms its next purchase number`,
  );
  const posted = await resolveTransfer(tx, {
    transferId: rechargeTransferId(order.order_no),
    outcome: "posted",
    at: now,
    actor: "meter",
  });
  assert(posted, `recharge ${order.order_no} was still pending`);
  const lotId = ctx.newId(now);
  const revaluedE4 = await addLot(tx, {
    id: lotId,
    meterId: order.meter_id,
    unitsWh: order.units_wh,
    costE4: order.units_cost_e4,
    orderNo: order.order_no,
    at: now,
  });
  if (revaluedE4 !== 0) await bookRevaluation(tx, { lotId, meterId: order.meter_id, amountE4: revaluedE4, at: now });
  await changeMeterState(tx, {
    meterId: order.meter_id,
    version: state.version,
    change: { purchase_count: command.purchase_number, top_up_open: null, changed_at: now },
  });
  await moveOrder(tx, {
    orderNo: order.order_no,
    from: UNDER_WAY,
    to: "confirmed",
    at: now,
    change: { confirmed_at: now, state_reason: "" },
  });
  await reconnectMeter(ctx, tx, {
    cause: order.order_no,
    orderNo: order.order_no,
    meterId: order.meter_id,
    actor: "system",
    now,
  });
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: order.meter_id,
      at: now,
      kind: "recharge_confirmed",
      severity: "info",
      detail: { orderNo: order.order_no, unitsWh: order.units_wh, purchaseNumber: command.purchase_number },
    },
  ]);
}

/** The meter refused and its count did not move: nothing was sold, the money is back in the wallet, the number is free again. */
export async function refuseTopUp(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  const { order, now } = await load(tx, at);
  const voided = await resolveTransfer(tx, {
    transferId: rechargeTransferId(order.order_no),
    outcome: "voided",
    at: now,
    actor: "meter",
  });
  assert(voided, `recharge ${order.order_no} was still pending`);
  const state = await meterState(tx, order.meter_id);
  await changeMeterState(tx, {
    meterId: order.meter_id,
    version: state.version,
    change: { top_up_open: null, changed_at: now },
  });
  await moveOrder(tx, {
    orderNo: order.order_no,
    from: UNDER_WAY,
    to: "refused",
    at: now,
    change: { state_reason: reason },
  });
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: order.meter_id,
      at: now,
      kind: "recharge_refused",
      severity: "alarm",
      detail: { orderNo: order.order_no, reason },
    },
  ]);
}

/**
 * The meter's purchase count contradicts our books, or it has refused too often: nothing more is sent to it until a person has looked. The money stays
 * reserved for this order, neither sold nor given back, because either could be wrong.
 */
export async function stopTopUps(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  const { order, command, now } = await load(tx, at);
  const state = await meterState(tx, order.meter_id);
  await finish(tx, at.claimed, {
    state: "stopped",
    reason: why.reason,
    at: now,
    result: { countShown: why.countShown, countBooked: state.purchase_count },
  });
  await changeMeterState(tx, {
    meterId: order.meter_id,
    version: state.version,
    change: { top_ups_stopped: 1, changed_at: now },
  });
  await moveOrder(tx, {
    orderNo: order.order_no,
    from: UNDER_WAY,
    to: "stopped",
    at: now,
    change: { state_reason: why.reason },
  });
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: order.meter_id,
      at: now,
      kind: "recharge_stopped",
      severity: "alarm",
      detail: {
        orderNo: order.order_no,
        reason: why.reason,
        countShown: why.countShown,
        countBooked: state.purchase_count,
        purchaseNumber: command.purchase_number,
      },
    },
  ]);
}

async function load(tx: Tx, at: Settling) {
  assert(at.command.order_no !== null, "a top-up belongs to an order");
  const order = await orderForSettling(tx, at.command.order_no);
  assert(order !== undefined, `order ${at.command.order_no} exists`);
  return { ...at, order };
}

/** What ran through before this purchase is paid for by it: the charge made then is corrected to what its units cost. */
async function bookRevaluation(
  tx: Tx,
  input: { lotId: string; meterId: number; amountE4: number; at: Instant },
): Promise<void> {
  const meter = await tx
    .selectFrom("meter")
    .select("project_id")
    .where("id", "=", input.meterId)
    .executeTakeFirstOrThrow();
  await bookTransfer(
    tx,
    postedTransfer({
      id: `revalued:${input.lotId}`,
      kind: "usage",
      from: { kind: "meter_credit", ref: input.meterId },
      to: { kind: "revenue", ref: meter.project_id },
      amount: money(input.amountE4),
      actor: "settlement",
      meterId: input.meterId,
    }),
    input.at,
  );
}
