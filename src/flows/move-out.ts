import { AppError } from "#base/errors.ts";
import { dayOf, type Instant, later } from "#base/time.ts";
import type { MoveOutRequest, Tenant } from "#contract/move-outs.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { expiryMs, priority } from "#domain/command.ts";
import type { Actor } from "#domain/permission.ts";
import { canTakeBack } from "#protocol/profiles.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { openExchangeOfMeter, openModeChangeOf } from "#store/devices.ts";
import { addEvents } from "#store/events.ts";
import { takeBalance } from "#store/ledger.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { tenantOf } from "#store/move-out-pages.ts";
import { moveOutByKey, moveOutInScope, openMoveOutOfMeter } from "#store/move-outs.ts";
import { openOrders } from "#store/orders.ts";
import { insertIgnore, insertRows } from "#store/portable.ts";
import { openRefundOfMeter, openRefundOfTenant } from "#store/refunds.ts";
import type { MoveOutMeterTable, MoveOutTable } from "#store/schema-refunds.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { refuseToMember } from "./group-guard.ts";
import { demandLink } from "./link-risk.ts";

type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;
type Rented = Meter & { account_id: number; customer_id: number; credit_at: "meter" | "server" };

/**
 * Begins a move-out (退租) of some or all meters of one customer: from now on nothing is recharged or refunded at them, and each is asked
 * for its final reading. The same key again answers with the same move-out; with other content it is refused. Refuses what is in the middle
 * of something else, and accounts that would be torn apart.
 */
export async function startMoveOut(
  ctx: FlowContext,
  actor: Actor,
  input: MoveOutRequest & { ip: string },
): Promise<{ moveOutNo: string; created: boolean }> {
  const meterIds = [...new Set(input.meterIds)].sort((a, b) => a - b);
  const requestHash = [meterIds.join(","), input.method, input.afterwards].join("|");
  const done = await decide(ctx.db, async (tx) => {
    for (const id of meterIds) await seenMeter(tx, actor, id);
    const earlier = await moveOutByKey(tx, input.key);
    if (earlier) {
      if (earlier.request_hash !== requestHash) throw new AppError("move_out_key_conflict");
      return { moveOutNo: earlier.move_out_no, created: false };
    }
    const meters = await takeMeters(tx, actor, meterIds);
    // The same request beside this one has come first: it is found when this runs again.
    if (await moveOutByKey(tx, input.key)) throw new Stale(`move-out ${input.key}`);
    await refuseUnready(tx, meters, input);
    return { moveOutNo: await book(ctx, tx, actor, { ...input, requestHash, meters }), created: true };
  });
  faultPoint("move-out:after-commit");
  if (done.created) ctx.log.info({ moveOut: done.moveOutNo, meters: meterIds }, "move-out begun");
  return done;
}

async function seenMeter(tx: Tx, actor: Actor, id: number): Promise<Meter> {
  const meter = await meterToAct(tx, actor.scope, id);
  if (!meter) throw new AppError("meter_not_found");
  return meter;
}

/** The meters' rows and the customer's wallet are taken before anything is decided by them: recharges and settlements wait or run again. */
async function takeMeters(tx: Tx, actor: Actor, meterIds: readonly number[]): Promise<Rented[]> {
  for (const id of meterIds) await claimMeterState(tx, id);
  const meters: Rented[] = [];
  for (const id of meterIds) {
    const meter = await seenMeter(tx, actor, id);
    if (meter.account_id === null || meter.customer_id === null || meter.credit_at === null)
      throw new AppError("move_out_no_tenant");
    meters.push({ ...meter, account_id: meter.account_id, customer_id: meter.customer_id, credit_at: meter.credit_at });
  }
  const [first] = meters;
  if (first === undefined || meters.some((each) => each.customer_id !== first.customer_id))
    throw new AppError("meters_of_two_customers");
  await takeBalance(tx, { kind: "wallet", ref: first.customer_id });
  return meters;
}

async function refuseUnready(tx: Tx, meters: readonly Rented[], input: MoveOutRequest): Promise<void> {
  for (const meter of meters) {
    await refuseToMember(tx, meter.id);
    const moving = await openMoveOutOfMeter(tx, meter.id);
    if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
    const exchanging = await openExchangeOfMeter(tx, meter.id);
    if (exchanging !== null) throw new AppError("exchanging", { exchangeNo: exchanging });
    if ((await openModeChangeOf(tx, meter.id)) !== null) throw new AppError("mode_change_open");
    if ((await openOrders(tx, meter.id)) > 0) throw new AppError("refund_while_recharging");
    const refundNo = await openRefundOfMeter(tx, meter.id);
    if (refundNo !== null) throw new AppError("refund_open", { refundNo });
    const inMeter = meter.credit_at === "meter";
    if (inMeter && meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
    // A meter that counts its own credit is off when that is used up, whatever the house would like.
    if (inMeter && input.afterwards === "public")
      throw new AppError("move_out_public_in_meter", { label: meter.label });
    const isTripped = input.afterwards === "trip" && !inMeter && meter.switch_kind !== "none";
    if (isTripped) await demandLink(tx, meter.id, "trip");
    if (isTripped && meter.supply_guard === 1) throw new AppError("meter_protected");
  }
  const ids = meters.map((meter) => meter.id);
  const accounts = [...new Set(meters.map((meter) => meter.account_id))];
  const customerId = meters[0]?.customer_id ?? 0;
  const refundNo = await openRefundOfTenant(tx, { accountIds: accounts, customerId });
  if (refundNo !== null) throw new AppError("refund_open", { refundNo });
  const apart = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .select("account.number")
    .where("account.id", "in", accounts)
    .where("meter.id", "not in", ids)
    .executeTakeFirst();
  if (apart) throw new AppError("account_spans_rooms", { account: apart.number });
  if (input.method === "original" && (await lastChannel(tx, meters[0]?.customer_id ?? 0)) === null)
    throw new AppError("original_channel_needs_order");
}

/** The way in which a customer paid last; null when he never did. */
export async function lastChannel(tx: Tx, customerId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("recharge_order")
    .select("channel")
    .where("customer_id", "=", customerId)
    .where("state", "=", "confirmed")
    .orderBy("order_no", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.channel ?? null;
}

async function book(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: MoveOutRequest & { ip: string; requestHash: string; meters: readonly Rented[] },
): Promise<string> {
  const now = ctx.clock();
  const [first] = input.meters;
  if (first === undefined) throw new AppError("meter_not_found");
  const { roomId, place } = await placeOf(tx, input.meters);
  const moveOutNo = `T${dayOf(now).replaceAll("-", "")}${String(await nextNumbers(tx, "move_out")).padStart(6, "0")}`;
  const row: MoveOutTable = {
    move_out_no: moveOutNo,
    idem_key: input.key,
    request_hash: input.requestHash,
    project_id: first.project_id,
    meter_id: first.id,
    room_id: roomId,
    customer_id: first.customer_id,
    place,
    state: "reading",
    method: input.method,
    afterwards: input.afterwards,
    calculation: null,
    reason: input.reason,
    created_by: actor.login,
    created_at: now,
    updated_at: now,
    done_at: null,
    version: 0,
    confirmed_by: null,
    paid_by: null,
    payout_note: "",
  };
  // Somebody used the key this moment: run again, and find his.
  if ((await insertIgnore(tx, "move_out", [row], ["idem_key"])) === 0) throw new Stale(`move-out ${input.key}`);
  const rows: MoveOutMeterTable[] = [];
  for (const meter of input.meters) {
    const readId = await askForReading(ctx, tx, { moveOutNo, meter, nth: 1, by: actor.login, now });
    rows.push({
      move_out_no: moveOutNo,
      meter_id: meter.id,
      account_id: meter.account_id,
      open_meter_id: meter.id,
      read_command_id: readId,
      index_wh: null,
      remaining_wh: null,
      read_at: null,
      source: "",
      source_reason: "",
      source_by: null,
      override_e4: null,
      override_reason: "",
      override_by: null,
      reads: 1,
    });
  }
  await insertRows(tx, "move_out_meter", rows);
  await addEvents(
    tx,
    input.meters.map((meter) => ({
      id: ctx.newId(now),
      meterId: meter.id,
      at: now,
      kind: "move_out_begun" as const,
      severity: "info" as const,
      detail: { moveOutNo, by: actor.name, reason: input.reason },
    })),
  );
  await auditMoveOut(ctx, tx, {
    actor,
    row,
    action: "move_out.start",
    reason: input.reason,
    ip: input.ip,
    after: { place },
  });
  faultPoint("move-out:before-commit");
  return moveOutNo;
}

async function placeOf(tx: Tx, meters: readonly Rented[]): Promise<{ roomId: number | null; place: string }> {
  const rows = await tx
    .selectFrom("meter")
    .leftJoin("room", "room.id", "meter.room_id")
    .select(["meter.label", "room.id", "room.name"])
    .where(
      "meter.id",
      "in",
      meters.map((meter) => meter.id),
    )
    .orderBy("meter.id")
    .execute();
  const names = [...new Set(rows.map((row) => row.name ?? row.label))];
  const rooms = new Set(rows.map((row) => row.id));
  const [only] = rooms;
  return { roomId: rooms.size === 1 ? (only ?? null) : null, place: names.join("、").slice(0, 100) };
}

/** Asks a meter for a final reading; `nth` makes the key, so that a repeated transaction asks once. */
export async function askForReading(
  ctx: FlowContext,
  tx: Tx,
  input: {
    moveOutNo: string;
    meter: { id: number; concentrator_id: number };
    nth: number | "after";
    by: string;
    now: Instant;
  },
): Promise<string> {
  const { moveOutNo, meter, now } = input;
  const id = ctx.newId(now);
  await addCommand(tx, {
    id,
    idem_key: `move-out:${moveOutNo}:read:${meter.id}:${input.nth}`,
    meter_id: meter.id,
    concentrator_id: meter.concentrator_id,
    kind: "read",
    cause: "operator",
    priority: priority.read,
    payload: "{}",
    order_no: null,
    reason: moveOutNo,
    requested_by: input.by,
    expires_at: later(now, expiryMs.read),
    created_at: now,
  });
  return id;
}

/** One move-out, where the caller may see it; refuses with `move_out_not_found`. */
export async function visibleMoveOut(tx: Tx, actor: Actor, moveOutNo: string): Promise<MoveOutTable> {
  const row = await moveOutInScope(tx, actor.scope, moveOutNo);
  if (!row) throw new AppError("move_out_not_found");
  return row;
}

/** Writes down who did what with a move-out. */
export async function auditMoveOut(
  ctx: FlowContext,
  tx: Tx,
  input: {
    actor: { login: string };
    row: MoveOutTable;
    action: Extract<AuditAction, `move_out.${string}`>;
    reason: string;
    ip: string;
    after: Record<string, unknown>;
  },
): Promise<void> {
  const now = ctx.clock();
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: input.actor.login,
    action: input.action,
    object: `move_out:${input.row.move_out_no}`,
    before: { state: input.row.state },
    after: input.after,
    reason: input.reason,
    ip: input.ip,
  });
}

/** Who rents where a meter hangs, and what of his may move out with it. */
export async function tenantAt(ctx: FlowContext, actor: Actor, meterId: number): Promise<Tenant> {
  const found = await tenantOf(ctx.db.read, actor.scope, meterId, canTakeBack);
  if (found === null) throw new AppError("meter_not_found");
  return found;
}
