import { AppError } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import { PER_UNIT, PER_YUAN, parseMoney, price } from "#base/units.ts";
import type { FinalReadingRequest, OverrideRequest } from "#contract/move-outs.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
import { approvalRow } from "#store/approvals.ts";
import type { Tx } from "#store/db.ts";
import { claimMeterState, meterState, meterToAct } from "#store/meters.ts";
import {
  addSheet,
  changeMoveOut,
  changeMoveOutMeter,
  metersOfMoveOut,
  moveOutRow,
  sheetsOf,
} from "#store/move-outs.ts";
import type { MoveOutMeterTable, MoveOutTable } from "#store/schema-refunds.ts";
import { sha256Hex } from "#system/crypto.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { correctReading } from "./correct-reading.ts";
import { decide } from "./decide.ts";
import { askForReading, auditMoveOut, visibleMoveOut } from "./move-out.ts";
import { figuresNow, type SheetFigures, sheetText } from "./move-out-sheet.ts";

type OfMeter = { moveOutNo: string; meterId: number; ip: string };
/** Highest price that may be set, in yuan per unit: as high as any tariff. */
const PRICE_MAX_YUAN = 100;
/** A reading cannot be of later than now; so much a clock at the desk may be ahead. */
const AHEAD_MS = 60_000;

/** Asks a meter for its final reading once more; what was calculated is calculated anew. */
export async function readFinalAgain(ctx: FlowContext, actor: Actor, input: OfMeter): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await atStep(tx, actor, input.moveOutNo, ["reading", "calculated"]);
    const of = await meterOf(tx, row, input.meterId);
    const meter = await meterToAct(tx, actor.scope, of.meter_id);
    if (!meter) throw new AppError("meter_not_found");
    const now = ctx.clock();
    const nth = of.reads + 1;
    await changeMoveOut(tx, row, { change: { state: "reading" }, at: now });
    const id = await askForReading(ctx, tx, { moveOutNo: row.move_out_no, meter, nth, by: actor.login, now });
    await changeMoveOutMeter(tx, key(of), { ...UNREAD, read_command_id: id, reads: nth });
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.read",
      reason: "",
      ip: input.ip,
      after: { meter: of.meter_id, nth },
    });
  });
}

const UNREAD = {
  source: "",
  source_reason: "",
  source_by: null,
  index_wh: null,
  remaining_wh: null,
  read_at: null,
} as const;

/**
 * The final reading of a meter that does not answer: the last good one, or what somebody saw at the meter. Both are marked with who and
 * why, everywhere. An index that was seen becomes a reading of the meter like any correction, so that the usage up to it is charged.
 */
export async function enterFinalReading(
  ctx: FlowContext,
  actor: Actor,
  input: FinalReadingRequest & OfMeter,
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  const { moveOutNo, meterId } = input;
  // Before anything is written: the meter is one of this move-out, whose rows do not change.
  await meterOf(ctx.db.read, await atStep(ctx.db.read, actor, moveOutNo, ["reading"]), meterId);
  if (input.measuredAt > ctx.clock() + AHEAD_MS) throw new AppError("move_out_reading_invalid");
  const measuredAt = instant(Math.min(input.measuredAt, ctx.clock()));
  const remainingWh = input.source === "hand" ? await remainingSeen(ctx.db.read, input) : null;
  if (input.source === "hand") {
    if (input.index === null) throw new AppError("move_out_reading_invalid");
    // First, in its own transaction: repeated, it is the same correction.
    const correctionKey = sha256Hex(`${moveOutNo}:${meterId}:${input.measuredAt}:${input.index}`).slice(0, 32);
    const known = await ctx.db.read
      .selectFrom("reading_correction")
      .select("id")
      .where("idem_key", "=", correctionKey)
      .executeTakeFirst();
    const state = await meterState(ctx.db.read, meterId);
    if (known === undefined && measuredAt <= state.index_at) throw new AppError("move_out_reading_old");
    const reading = { meterId, decision: "correct" as const, value: input.index, measuredAt };
    await correctReading(ctx, actor, { ...reading, key: correctionKey, reason: input.reason, ip: input.ip });
  }
  await decide(ctx.db, async (tx) => {
    const row = await atStep(tx, actor, moveOutNo, ["reading"]);
    const of = await meterOf(tx, row, meterId);
    const now = ctx.clock();
    const state = await claimMeterState(tx, meterId);
    const isInMeter = (await meterToAct(tx, SCOPE_ALL, meterId))?.credit_at === "meter";
    if (isInMeter && input.source === "last" && state.remaining_wh === null)
      throw new AppError("refund_credit_unknown");
    await changeMoveOut(tx, row, { change: {}, at: now });
    await changeMoveOutMeter(tx, key(of), {
      source: input.source,
      source_reason: input.reason,
      source_by: actor.login,
      index_wh: state.index_wh,
      remaining_wh: isInMeter ? (input.source === "hand" ? remainingWh : state.remaining_wh) : null,
      read_at: state.index_at,
    });
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.reading",
      reason: input.reason,
      ip: input.ip,
      after: { meter: meterId, source: input.source, index: input.index, remaining: input.remaining },
    });
  });
}

/** Remaining units as typed, of a meter that holds its credit. */
async function remainingSeen(tx: Tx, input: FinalReadingRequest & OfMeter): Promise<number | null> {
  const meter = await meterToAct(tx, SCOPE_ALL, input.meterId);
  if (meter?.credit_at !== "meter") return null;
  return unitsTyped(input.remaining);
}

/** Units as typed, at most two places, as Wh or litres. */
export function unitsTyped(text: string | null): number {
  const hundredths = text === null ? null : parseMoney(text, 2); // the same digits as money: 1/10000 of a unit
  if (hundredths === null) throw new AppError("move_out_reading_invalid");
  return (hundredths * PER_UNIT) / PER_YUAN;
}

/**
 * Values the units of a meter at another price than that of their lots, before anything is confirmed: with a reason, by somebody who may
 * approve refunds; whoever did it cannot approve the sum.
 */
export async function overridePrice(ctx: FlowContext, actor: Actor, input: OverrideRequest & OfMeter): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  const set = input.price === null ? null : parseMoney(input.price, 4);
  if (input.price !== null && (set === null || set > PRICE_MAX_YUAN * PER_YUAN))
    throw new AppError("move_out_price_invalid", { max: PRICE_MAX_YUAN });
  await decide(ctx.db, async (tx) => {
    const row = await atStep(tx, actor, input.moveOutNo, ["calculated"]);
    const of = await meterOf(tx, row, input.meterId);
    const meter = await meterToAct(tx, actor.scope, of.meter_id);
    if (meter?.credit_at !== "meter") throw new AppError("refund_not_in_meter");
    await changeMoveOutMeter(tx, key(of), {
      override_e4: set === null ? null : price(set),
      override_reason: set === null ? "" : input.reason,
      override_by: set === null ? null : actor.login,
    });
    await writeSheet(ctx, tx, row, { by: actor.login, state: "calculated" });
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.override",
      reason: input.reason,
      ip: input.ip,
      after: { meter: of.meter_id, price: input.price },
    });
  });
}

/**
 * Takes the final readings that have come, and writes the first sheet once all are there and what was used up to them is charged. Repeated
 * by a job until then, so it may stop anywhere. Answers whether the sum is there.
 */
export async function takeReadings(ctx: FlowContext, moveOutNo: string): Promise<boolean> {
  return decide(ctx.db, async (tx) => {
    const row = await moveOutRow(tx, moveOutNo);
    if (row?.state !== "reading") return false;
    const rows = await metersOfMoveOut(tx, moveOutNo);
    const now = ctx.clock();
    let taken = 0;
    let missing = 0;
    for (const of of rows) {
      if (of.source !== "") continue;
      const reading = await readingThatCame(tx, of);
      if (reading === null) missing++;
      else {
        await changeMoveOutMeter(tx, key(of), { ...reading, source: "meter" });
        Object.assign(of, reading);
        taken++;
      }
    }
    if (missing > 0 || !(await areSettled(tx, rows))) {
      if (taken > 0) await changeMoveOut(tx, row, { change: {}, at: now });
      return false;
    }
    for (const of of rows) await claimMeterState(tx, of.meter_id);
    await writeSheet(ctx, tx, row, { by: "system", state: "calculated" });
    faultPoint("move-out:before-sheet");
    return true;
  });
}

/** What a meter has answered to the question for its final reading; null while it has not, or was not believed. */
async function readingThatCame(tx: Tx, of: MoveOutMeterTable) {
  const command = await tx
    .selectFrom("command")
    .select(["state", "created_at"])
    .where("id", "=", of.read_command_id ?? "")
    .executeTakeFirst();
  if (command?.state !== "confirmed") return null;
  const state = await meterState(tx, of.meter_id);
  const isInMeter = (await meterToAct(tx, SCOPE_ALL, of.meter_id))?.credit_at === "meter";
  if (state.index_at < command.created_at) return null;
  if (isInMeter && state.remaining_at < command.created_at) return null;
  const remaining = isInMeter ? state.remaining_wh : null;
  return { index_wh: state.index_wh, remaining_wh: remaining, read_at: state.index_at };
}

/** Whether everything that was used up to the readings has been charged. */
async function areSettled(tx: Tx, rows: readonly MoveOutMeterTable[]): Promise<boolean> {
  for (const of of rows) {
    const state = await meterState(tx, of.meter_id);
    if (state.settled_at < (of.read_at ?? 0)) return false;
  }
  return true;
}

/** The next sheet by what holds in this transaction, and the step that comes with it. */
export async function writeSheet(
  ctx: FlowContext,
  tx: Tx,
  row: MoveOutTable,
  input: { by: string; state: MoveOutTable["state"]; figures?: SheetFigures; isFinal?: boolean },
): Promise<{ row: MoveOutTable; rev: number; figures: SheetFigures }> {
  const now: Instant = ctx.clock();
  const figures = input.figures ?? (await figuresNow(tx, row));
  const rev = ((await sheetsOf(tx, row.move_out_no)).at(-1)?.rev ?? 0) + 1;
  const { settlement } = figures;
  const changed = await changeMoveOut(tx, row, { change: { state: input.state }, at: now });
  await addSheet(tx, {
    move_out_no: row.move_out_no,
    rev,
    is_final: input.isFinal === true ? 1 : 0,
    sheet: JSON.stringify(await sheetText(tx, figures, now)),
    payable_e4: settlement.payable,
    owed_e4: settlement.owed,
    rest_e4: settlement.rest,
    approval_id: null,
    made_by: input.by,
    made_at: now,
  });
  return { row: changed, rev, figures };
}

/** A move-out that the caller sees, at one of these steps and with nobody asked about it; refuses otherwise. */
export async function atStep(
  tx: Tx,
  actor: Actor,
  moveOutNo: string,
  steps: readonly MoveOutTable["state"][],
): Promise<MoveOutTable> {
  const row = await visibleMoveOut(tx, actor, moveOutNo);
  if (!steps.includes(row.state)) throw new AppError("move_out_wrong_step");
  if (await isAsked(tx, moveOutNo)) throw new AppError("move_out_awaits_approval");
  return row;
}

/** Whether somebody is being asked about the newest sheet. */
export async function isAsked(tx: Tx, moveOutNo: string): Promise<boolean> {
  const id = (await sheetsOf(tx, moveOutNo)).at(-1)?.approval_id ?? null;
  return id !== null && (await approvalRow(tx, id))?.state === "requested";
}

/** The row of one of its meters; refuses with `meter_not_found`. */
export async function meterOf(tx: Tx, row: MoveOutTable, meterId: number): Promise<MoveOutMeterTable> {
  const of = (await metersOfMoveOut(tx, row.move_out_no)).find((each) => each.meter_id === meterId);
  if (!of) throw new AppError("meter_not_found");
  return of;
}

function key(of: MoveOutMeterTable): { moveOutNo: string; meterId: number } {
  return { moveOutNo: of.move_out_no, meterId: of.meter_id };
}
