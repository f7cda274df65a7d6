import { AppError, assert, isDatabaseAway } from "#base/errors.ts";
import { dayOf, type Instant, later, MINUTE_MS } from "#base/time.ts";
import { formatMoney, type Money, money, PER_FEN } from "#base/units.ts";
import type { FinishRequest } from "#contract/move-outs.ts";
import { needsApproval } from "#domain/approval.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
import { approvalRuleOf } from "#store/approval-rules.ts";
import { approvalRow } from "#store/approvals.ts";
import { addCommand, openSwitches, supersedeSwitches } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { endEmergency, openEmergency } from "#store/emergency.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { meterState, meterToAct } from "#store/meters.ts";
import {
  changeMoveOut,
  changeMoveOutMeter,
  clearsOf,
  metersOfMoveOut,
  moveOutRow,
  moveOutsInStates,
  releaseMeters,
  sheetsOf,
} from "#store/move-outs.ts";
import { addPayment, nextReceiptNo } from "#store/payments.ts";
import { updatedRows } from "#store/portable.ts";
import { moveRefund } from "#store/refunds.ts";
import type { MoveOutMeterTable, MoveOutSheetTable, MoveOutTable, RefundTable } from "#store/schema-refunds.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { askForReading, auditMoveOut, lastChannel, visibleMoveOut } from "./move-out.ts";
import { bookFinalSheet, hasMoved } from "./move-out-books.ts";
import { askAbout, newestSheet, takeAll } from "./move-out-clear.ts";
import { takeReadings } from "./move-out-readings.ts";
import { shiftForCash } from "./open-shift.ts";
import { channelAccount, nextPaymentNo, type Taking } from "./recharge.ts";
import { demandRefund } from "./user-limits.ts";

/** Move-outs looked at in one run of the job. */
const PER_RUN = 50;
/** How long a cleared meter is given to show its index once more; then what it showed last is the end. */
const LAST_READING_MS = 30 * MINUTE_MS;

/** Takes every move-out that waits for meters one step on, where it can go on; answers how many have. The job of the server. */
export async function advanceMoveOuts(ctx: FlowContext): Promise<number> {
  let advanced = 0;
  let after = "";
  for (;;) {
    const numbers = await moveOutsInStates(ctx.db.read, { states: ["reading", "clearing"], after, limit: PER_RUN });
    for (const moveOutNo of numbers) {
      try {
        if ((await takeReadings(ctx, moveOutNo)) || (await bookCleared(ctx, moveOutNo))) advanced++;
      } catch (error) {
        // One that cannot go on holds up no other.
        if (isDatabaseAway(error)) throw error;
        ctx.log.error({ moveOut: moveOutNo, error: String(error) }, "move-out could not go on");
      }
    }
    after = numbers.at(-1) ?? "";
    if (numbers.length < PER_RUN) return advanced;
  }
}

/** Books the sum once every meter has been cleared, has shown its index once more, and what was used up to it is charged. */
async function bookCleared(ctx: FlowContext, moveOutNo: string): Promise<boolean> {
  return decide(ctx.db, async (tx) => {
    const row = await moveOutRow(tx, moveOutNo);
    if (row?.state !== "clearing") return false;
    const now = ctx.clock();
    const clears = await clearsOf(tx, moveOutNo);
    for (const of of await metersOfMoveOut(tx, moveOutNo)) {
      const clear = clears.find((each) => each.meter_id === of.meter_id);
      if (!(await isOver(ctx, tx, row, { of, clear, now }))) return false;
    }
    await takeAll(tx, row);
    await noteLastIndexes(tx, row);
    const booked = await bookFinalSheet(ctx, tx, row, { before: null, by: "system", now });
    await askIfMore(ctx, tx, booked.row, { by: row.confirmed_by ?? row.created_by, now });
    faultPoint("move-out:before-books");
    return true;
  });
}

/** What the meters have shown since they were cleared is where the tenant's use ends; typed and earlier readings stand back behind it. */
async function noteLastIndexes(tx: Tx, row: MoveOutTable): Promise<void> {
  for (const of of await metersOfMoveOut(tx, row.move_out_no)) {
    const state = await meterState(tx, of.meter_id);
    if (state.settled_at <= (of.read_at ?? 0)) continue;
    const which = { moveOutNo: row.move_out_no, meterId: of.meter_id };
    await changeMoveOutMeter(tx, which, {
      index_wh: state.settled_index_wh,
      read_at: state.settled_at,
      source: "meter",
    });
  }
}

type Waiting = { of: MoveOutMeterTable; clear: RefundTable | undefined; now: Instant };

async function isOver(ctx: FlowContext, tx: Tx, row: MoveOutTable, { of, clear, now }: Waiting): Promise<boolean> {
  const state = await meterState(tx, of.meter_id);
  if (clear === undefined) return state.settled_at >= (of.read_at ?? 0);
  const isTaken = clear.state === "confirmed" || clear.state === "done" || clear.state === "paid";
  if (!isTaken || clear.confirmed_at === null) return false;
  // Wiped by hand: when the meter itself says that something is left, nobody is paid for it.
  if (clear.command_id === null && state.remaining_at >= clear.confirmed_at && (state.remaining_wh ?? 0) > 0)
    return false;
  if (state.settled_at >= clear.confirmed_at) return true;
  if (now - clear.confirmed_at > LAST_READING_MS) return state.settled_at >= state.index_at;
  const meter = await meterToAct(tx, SCOPE_ALL, of.meter_id);
  assert(meter !== undefined, `meter ${of.meter_id} exists`);
  await askForReading(ctx, tx, { moveOutNo: row.move_out_no, meter, nth: "after", by: "system", now });
  return false;
}

/** The most that a second person has agreed to, or that needed none. */
async function agreedUpon(tx: Tx, sheets: readonly MoveOutSheetTable[]): Promise<number> {
  let agreed = 0;
  for (const sheet of sheets) {
    if (sheet.approval_id === null) continue;
    if ((await approvalRow(tx, sheet.approval_id))?.state === "approved") agreed = Math.max(agreed, sheet.payable_e4);
  }
  return agreed;
}

/** Asks (once more) when the sum is more than anybody has agreed to; true when somebody is being asked. */
async function askIfMore(
  ctx: FlowContext,
  tx: Tx,
  row: MoveOutTable,
  { by, now }: { by: string; now: Instant },
): Promise<boolean> {
  const sheet = await newestSheet(tx, row);
  const asked = sheet.approval_id === null ? undefined : await approvalRow(tx, sheet.approval_id);
  if (asked?.state === "requested") return true;
  const rule = await approvalRuleOf(tx, "refund");
  if (!needsApproval(rule, money(sheet.payable_e4)) || sheet.payable_e4 === 0) return false;
  if (sheet.payable_e4 <= (await agreedUpon(tx, await sheetsOf(tx, row.move_out_no)))) return false;
  return askAbout(ctx, tx, { row, sheet, by, ip: "", now });
}

/** What became of the last step: it is over, somebody is asked first, or something has moved and the sum must be looked at again. */
export type Finished = "done" | "asked" | "recalculated";

/**
 * The last step, in one transaction: the money is handed out (or what is owed is taken, where it is paid), the tenancy ends, the room is
 * vacant and its supply is left as was chosen. Nothing is paid when anything has moved since the sheet was made; then the next one is made.
 * Repeating it changes nothing.
 */
export async function finishMoveOut(
  ctx: FlowContext,
  actor: Actor,
  input: FinishRequest & { moveOutNo: string; ip: string },
): Promise<Finished> {
  const outcome = await decide(ctx.db, async (tx): Promise<Finished> => {
    const row = await visibleMoveOut(tx, actor, input.moveOutNo);
    if (row.state === "done") return "done";
    if (row.state !== "paying") throw new AppError("move_out_wrong_step");
    const now = ctx.clock();
    await takeAll(tx, row);
    const sheet = await newestSheet(tx, row);
    if (sheet.rev !== input.rev) throw new AppError("move_out_recalculated");
    if (await hasMoved(tx, row, sheet)) {
      const booked = await bookFinalSheet(ctx, tx, row, { before: sheet, by: actor.login, now });
      await askIfMore(ctx, tx, booked.row, { by: actor.login, now });
      return "recalculated";
    }
    const asked = await changeMoveOut(tx, row, { change: {}, at: now });
    if (await askIfMore(ctx, tx, asked, { by: actor.login, now })) return "asked";
    await demandRefund(tx, actor, { amount: money(sheet.payable_e4), now });
    await payOut(ctx, tx, actor, { row, sheet, note: input.note, now });
    const collected = await collect(ctx, tx, actor, { row, sheet, channel: input.collect, now });
    await endTenancy(ctx, tx, { row, actor, now });
    await changeMoveOut(tx, asked, {
      change: { state: "done", done_at: now, paid_by: actor.login, payout_note: input.note },
      at: now,
    });
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.finish",
      reason: input.note,
      ip: input.ip,
      after: { state: "done", payable: formatMoney(money(sheet.payable_e4)), collected: formatMoney(collected) },
    });
    faultPoint("move-out:before-end");
    return "done";
  });
  ctx.log.info({ moveOut: input.moveOutNo, outcome }, "move-out finished");
  return outcome;
}

type Paying = { row: MoveOutTable; sheet: MoveOutSheetTable; now: Instant };

async function payOut(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  { row, sheet, note, now }: Paying & { note: string },
): Promise<void> {
  for (const refund of await clearsOf(tx, row.move_out_no)) {
    if (refund.state !== "confirmed") continue;
    const paid = { refundNo: refund.refund_no, from: ["confirmed"] as const, to: "paid" as const, at: now };
    await moveRefund(tx, { ...paid, change: { paid_by: actor.login, paid_at: now, payout_note: row.move_out_no } });
  }
  if (sheet.payable_e4 === 0) return;
  const projectId = row.project_id;
  const channel = await channelOf(tx, row);
  const shiftId = channel === "cash" ? await shiftForCash(ctx, tx, { projectId, actor, now }) : null;
  const booked = await bookTransfer(
    tx,
    postedTransfer({
      id: `payout:${row.move_out_no}`,
      kind: "payout",
      from: { kind: "refund_payable", ref: row.customer_id },
      to: channelAccount(channel, { projectId, shiftId }),
      amount: money(sheet.payable_e4),
      actor: actor.login,
      meterId: row.meter_id,
      memo: note === "" ? row.move_out_no : note,
    }),
    now,
  );
  assert(booked, `${row.move_out_no} was not paid before`);
}

async function channelOf(tx: Tx, row: MoveOutTable): Promise<Taking["channel"]> {
  const channel = row.method === "original" ? await lastChannel(tx, row.customer_id) : row.method;
  const known: readonly string[] = ["cash", "transfer", "wechat", "partner"];
  assert(channel !== null && known.includes(channel), `channel ${channel} can pay back`);
  return channel as Taking["channel"];
}

/** What is still owed is paid at the desk, with a receipt like any payment; answers what was taken. */
async function collect(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  { row, sheet, channel, now }: Paying & { channel: FinishRequest["collect"] },
): Promise<Money> {
  if (channel === null || sheet.owed_e4 === 0) return money(0);
  // Whole fen: what is above stays in his wallet.
  const amount = money(Math.ceil(sheet.owed_e4 / PER_FEN) * PER_FEN);
  const projectId = row.project_id;
  const shiftId = await shiftForCash(ctx, tx, { projectId, actor, now });
  const paymentNo = await nextPaymentNo(tx, now);
  const fresh = await addPayment(tx, {
    payment_no: paymentNo,
    idem_key: `move-out:${row.move_out_no}`,
    request_hash: row.move_out_no,
    project_id: projectId,
    customer_id: row.customer_id,
    channel,
    external_id: null,
    amount_e4: amount,
    outcome: "wallet",
    outcome_reason: "move_out",
    shift_id: shiftId,
    receipt_no: await nextReceiptNo(tx, projectId, dayOf(now).slice(0, 4)),
    parts: 0,
    prints: 0,
    taken_by: actor.login,
    taken_at: now,
    note: row.move_out_no,
  });
  assert(fresh, `${row.move_out_no} was not collected before`);
  const wallet: LedgerAccount = { kind: "wallet", ref: row.customer_id };
  const debt: LedgerAccount = { kind: "debt", ref: row.customer_id };
  const common = { actor: actor.login, meterId: row.meter_id, memo: row.move_out_no };
  await openLedgerAccounts(tx, [wallet, debt]);
  const from = channelAccount(channel, { projectId, shiftId });
  const payment = { ...common, id: `payment:${paymentNo}`, kind: "payment" as const, from, to: wallet, amount };
  await bookTransfer(tx, postedTransfer(payment), now);
  const owed = { ...common, id: `debt:${paymentNo}`, kind: "debt" as const, amount: money(sheet.owed_e4) };
  await bookTransfer(tx, postedTransfer({ ...owed, from: wallet, to: debt }), now);
  return amount;
}

type Ending = { row: MoveOutTable; actor: Actor; now: Instant };

/** The meters are nobody's any more; who had them until when is kept. */
async function endTenancy(ctx: FlowContext, tx: Tx, ending: Ending): Promise<void> {
  const { row, actor, now } = ending;
  const rows = await metersOfMoveOut(tx, row.move_out_no);
  await releaseMeters(tx, row.move_out_no);
  for (const of of rows) {
    await noteTenancy(ctx, tx, row, of, now);
    const left = await tx
      .updateTable("meter")
      .set({ account_id: null, ...(row.afterwards === "public" ? { mode: "public" as const } : {}) })
      .where("id", "=", of.meter_id)
      .where("account_id", "=", of.account_id)
      .executeTakeFirst();
    assert(updatedRows(left) === 1, `meter ${of.meter_id} belonged to account ${of.account_id}`);
    const emergency = await openEmergency(tx, of.account_id);
    if (emergency !== null) await endEmergency(tx, { id: emergency.id, at: now });
    await leaveSupply(ctx, tx, of, ending);
    await tx
      .updateTable("meter_state")
      .set((eb) => ({ low_credit: 0, changed_at: now, version: eb("version", "+", 1) }))
      .where("meter_id", "=", of.meter_id)
      .execute();
  }
  await addEvents(
    tx,
    rows.map((of) => ({
      id: ctx.newId(now),
      meterId: of.meter_id,
      at: now,
      kind: "moved_out" as const,
      severity: "info" as const,
      detail: { moveOutNo: row.move_out_no, by: actor.name, afterwards: row.afterwards },
    })),
  );
}

async function noteTenancy(
  ctx: FlowContext,
  tx: Tx,
  row: MoveOutTable,
  of: MoveOutMeterTable,
  now: Instant,
): Promise<void> {
  const ended = await tx
    .updateTable("tenancy")
    .set({ until_at: now, move_out_no: row.move_out_no })
    .where("meter_id", "=", of.meter_id)
    .where("account_id", "=", of.account_id)
    .executeTakeFirst();
  if (updatedRows(ended) > 0) return;
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("customer", (join) => join.on("customer.id", "=", row.customer_id))
    .select(["meter.room_id", "meter.created_at as meter_since", "customer.created_at as customer_since"])
    .where("meter.id", "=", of.meter_id)
    .executeTakeFirstOrThrow();
  await tx
    .insertInto("tenancy")
    .values({
      id: ctx.newId(now),
      room_id: meter.room_id,
      meter_id: of.meter_id,
      account_id: of.account_id,
      customer_id: row.customer_id,
      from_at: Math.max(meter.meter_since, meter.customer_since),
      until_at: now,
      move_out_no: row.move_out_no,
      idem_key: null,
    })
    .execute();
}

/** Off, on for the house, or as it is. A meter that counts its own credit is off by itself since it was cleared. */
async function leaveSupply(
  ctx: FlowContext,
  tx: Tx,
  of: MoveOutMeterTable,
  { row, actor, now }: Ending,
): Promise<void> {
  if (row.afterwards === "leave") return;
  const meter = await meterToAct(tx, SCOPE_ALL, of.meter_id);
  assert(meter !== undefined, `meter ${of.meter_id} exists`);
  const wanted = row.afterwards === "trip" ? "open" : "closed";
  if (meter.switch_kind === "none") return;
  // What it shows may be the middle of something: the trip of a switch test, with its close on the way.
  if (meter.relay === wanted && (await openSwitches(tx, of.meter_id)).length === 0) return;
  const kind = wanted === "open" ? "trip" : meter.closes_by === "button" ? "permit_close" : "close";
  const id = ctx.newId(now);
  await addCommand(tx, {
    id,
    idem_key: `move-out:${row.move_out_no}:${wanted}:${of.meter_id}`,
    meter_id: of.meter_id,
    concentrator_id: meter.concentrator_id,
    kind,
    cause: "operator",
    priority: priority[kind],
    payload: "{}",
    order_no: null,
    reason: row.move_out_no,
    requested_by: actor.login,
    expires_at: later(now, expiryMs[kind]),
    created_at: now,
  });
  await supersedeSwitches(tx, { meterId: of.meter_id, by: id, why: "superseded", at: now });
}
