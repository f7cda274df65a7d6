import { AppError, assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { formatMoney, money, parseMoney } from "#base/units.ts";
import { sheet as sheetSchema } from "#contract/move-outs.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
import { takeBack } from "#domain/refund.ts";
import { canTakeBack } from "#protocol/profiles.ts";
import { endApproval } from "#store/approvals.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { takeBalance } from "#store/ledger.ts";
import { openLots } from "#store/lots.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import {
  askAboutSheet,
  changeMoveOut,
  clearsOf,
  metersOfMoveOut,
  moveOutRow,
  releaseMeters,
  sheetsOf,
} from "#store/move-outs.ts";
import { insertRows } from "#store/portable.ts";
import { moveRefund } from "#store/refunds.ts";
import type { MoveOutMeterTable, MoveOutSheetTable, MoveOutTable, RefundTable } from "#store/schema-refunds.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { cancelCommand } from "./end-refund.ts";
import { auditMoveOut, visibleMoveOut } from "./move-out.ts";
import { atStep, meterOf, unitsTyped, writeSheet } from "./move-out-readings.ts";
import { figuresNow, type SheetFigures } from "./move-out-sheet.ts";
import { nextRefundNo, reserveRefund, startRefund } from "./refund.ts";
import { askForApproval } from "./request-approval.ts";
import { bookTakenBack, voidRefund } from "./settle-refund.ts";
import { demandRefund } from "./user-limits.ts";

/** What became of a confirmation: the meters are cleared, somebody is asked first, or the sum has changed and must be looked at. */
export type Confirmed = "clearing" | "asked" | "recalculated";

/** On a clear that somebody has to do at the meter, because its model cannot be told to. */
export const ON_SITE = "on_site";

/**
 * The sum of a sheet is agreed upon: the meters are cleared, after a second person where the rule wants one. Everything that it rests on is
 * looked at again; when the wallet, the debts or the sum have changed to the tenant's good, the next sheet is written and nothing else done.
 */
export async function confirmMoveOut(
  ctx: FlowContext,
  actor: Actor,
  input: { moveOutNo: string; rev: number; ip: string },
): Promise<Confirmed> {
  const outcome = await decide(ctx.db, async (tx): Promise<Confirmed> => {
    const seen = await visibleMoveOut(tx, actor, input.moveOutNo);
    // A second click, or a commit whose answer was lost.
    if (seen.state === "clearing" && seen.confirmed_by === actor.login) return "clearing";
    const row = await atStep(tx, actor, input.moveOutNo, ["calculated"]);
    await takeAll(tx, row);
    const sheet = await newestSheet(tx, row);
    if (sheet.rev !== input.rev) throw new AppError("move_out_recalculated");
    const figures = await figuresNow(tx, row);
    if (hasGrown(sheet, figures)) {
      await writeSheet(ctx, tx, row, { by: actor.login, state: "calculated", figures });
      return "recalculated";
    }
    // Counted when it is handed out; told now, before a meter is cleared for money that he may not hand out.
    const payable = money(sheet.payable_e4);
    await demandRefund(tx, actor, { amount: payable, now: ctx.clock() });
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.confirm",
      reason: "",
      ip: input.ip,
      after: { rev: sheet.rev, payable: formatMoney(payable) },
    });
    const now = ctx.clock();
    const confirmed = await changeMoveOut(tx, row, { change: { confirmed_by: actor.login }, at: now });
    const asked = await askAbout(ctx, tx, { row: confirmed, sheet, by: actor.login, ip: input.ip, now });
    if (asked) return "asked";
    await startClears(ctx, tx, confirmed, { by: actor.login, at: now });
    faultPoint("move-out:before-clear");
    return "clearing";
  });
  ctx.log.info({ moveOut: input.moveOutNo, outcome }, "move-out confirmed");
  return outcome;
}

/** Takes every row that decides about the sum: settlements, recharges and payments of the tenant wait or run again. */
export async function takeAll(tx: Tx, row: MoveOutTable): Promise<void> {
  const meters = await metersOfMoveOut(tx, row.move_out_no);
  for (const of of meters) await claimMeterState(tx, of.meter_id);
  for (const ref of [...new Set(meters.map((of) => of.account_id))].sort((a, b) => a - b))
    await takeBalance(tx, { kind: "balance", ref });
  await takeBalance(tx, { kind: "wallet", ref: row.customer_id });
  await takeBalance(tx, { kind: "debt", ref: row.customer_id });
}

/** The newest sheet. */
export async function newestSheet(tx: Tx, row: MoveOutTable): Promise<MoveOutSheetTable> {
  const sheet = (await sheetsOf(tx, row.move_out_no)).at(-1);
  assert(sheet !== undefined, `${row.move_out_no} has a sheet`);
  return sheet;
}

/** Whether things have changed in a way that nobody has agreed to; usage between reading and clear only makes it less, and is settled at the end. */
function hasGrown(row: MoveOutSheetTable, now: SheetFigures): boolean {
  const sheet = sheetSchema.parse(JSON.parse(row.sheet));
  return (
    parseMoney(sheet.wallet, 4) !== now.wallet ||
    parseMoney(sheet.debts, 4) !== now.debts ||
    sheet.whole !== now.whole ||
    now.settlement.payable > row.payable_e4
  );
}

/** Asks a second person about a sheet where the rule wants one; false when nobody needs to be asked. */
export async function askAbout(
  ctx: FlowContext,
  tx: Tx,
  input: {
    row: MoveOutTable;
    sheet: Pick<MoveOutSheetTable, "rev" | "payable_e4">;
    by: string;
    ip: string;
    now: Instant;
  },
): Promise<boolean> {
  const { row, sheet } = input;
  const approvalId = await askForApproval(
    ctx,
    tx,
    {
      kind: "refund",
      // The version tells one asking from the next after a rejection.
      object: `move_out:${row.move_out_no}:${row.version}`,
      meterId: row.meter_id,
      amount: money(sheet.payable_e4),
      summary: { moveOutNo: row.move_out_no, place: row.place, method: row.method, rev: sheet.rev },
      reason: row.reason,
      by: input.by,
      ip: input.ip,
    },
    input.now,
  );
  if (approvalId === null) return false;
  await askAboutSheet(tx, { moveOutNo: row.move_out_no, rev: sheet.rev }, approvalId);
  return true;
}

/** The move-out that an approval is about. */
export function moveOutNoOf(object: string): string {
  return object.split(":")[1] ?? "";
}

/**
 * A second person has agreed. At the first sum the clears begin, when the sum is still what it was; at the end only the money waited.
 * Whoever started it or set its prices is no second person.
 */
export const moveOutApproved: ApprovalEffect = {
  async approved(ctx, tx, approval, { by, at }) {
    const row = await moveOutRow(tx, moveOutNoOf(approval.object));
    assert(row !== undefined, `${approval.object} exists`);
    const rows = await metersOfMoveOut(tx, row.move_out_no);
    if (row.created_by === by || rows.some((each) => each.override_by === by || each.source_by === by))
      throw new AppError("approval_same_person");
    if (row.state !== "calculated") return;
    await takeAll(tx, row);
    if (hasGrown(await newestSheet(tx, row), await figuresNow(tx, row))) throw new AppError("approval_changed");
    await startClears(ctx, tx, row, { by, at });
    faultPoint("move-out:before-clear");
  },
  async ended(ctx, tx, approval) {
    const row = await moveOutRow(tx, moveOutNoOf(approval.object));
    assert(row !== undefined, `${approval.object} exists`);
    await changeMoveOut(tx, row, { change: {}, at: ctx.clock() });
  },
};

/** Makes the clear of each meter that may hold something, and reserves what it is worth. */
async function startClears(
  ctx: FlowContext,
  tx: Tx,
  row: MoveOutTable,
  by: { by: string; at: Instant },
): Promise<void> {
  const clearing = await changeMoveOut(tx, row, { change: { state: "clearing" }, at: by.at });
  for (const of of await metersOfMoveOut(tx, row.move_out_no)) await addClear(ctx, tx, clearing, of, by);
}

async function addClear(
  ctx: FlowContext,
  tx: Tx,
  row: MoveOutTable,
  of: MoveOutMeterTable,
  by: { by: string; at: Instant },
): Promise<void> {
  const meter = await meterToAct(tx, SCOPE_ALL, of.meter_id);
  assert(meter !== undefined, `meter ${of.meter_id} exists`);
  if (meter.credit_at !== "meter") return;
  // It has just said itself that nothing is left; a typed or an old reading says so only until the meter does.
  if (of.source === "meter" && (of.remaining_wh ?? 0) <= 0) return;
  const isRemote = canTakeBack(meter.profile);
  if (isRemote && meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
  const remainingWh = Math.max(0, of.remaining_wh ?? 0);
  const refund: RefundTable = {
    refund_no: await nextRefundNo(tx, by.at),
    idem_key: "",
    request_hash: "",
    kind: "move_out",
    method: "",
    state: "requested",
    state_reason: "",
    project_id: row.project_id,
    meter_id: of.meter_id,
    account_id: of.account_id,
    customer_id: row.customer_id,
    order_no: null,
    replacement_no: null,
    units_wh: remainingWh,
    amount_e4: takeBack(await openLots(tx, of.meter_id), remainingWh).value,
    taken_wh: null,
    settled_e4: null,
    command_id: null,
    purchase_number: null,
    approval_id: null,
    move_out_no: row.move_out_no,
    payout_note: "",
    paid_by: null,
    paid_at: null,
    reason: row.reason,
    created_by: by.by,
    created_at: by.at,
    confirmed_at: null,
    updated_at: by.at,
  };
  refund.idem_key = `move-out:${refund.refund_no}`;
  await insertRows(tx, "refund", [refund]);
  await reserveRefund(tx, refund, by.at);
  if (isRemote) await startRefund(ctx, tx, refund, by);
  else {
    const move = { refundNo: refund.refund_no, from: ["requested"] as const, to: "approved" as const, at: by.at };
    await moveRefund(tx, { ...move, change: { state_reason: ON_SITE } });
  }
}

/** Ends of a clear after which another may be made. */
const MAY_REPEAT: readonly RefundTable["state"][] = ["refused", "withdrawn", "rejected"];

/** Makes the clears anew that the meters have refused. */
export async function repeatClears(
  ctx: FlowContext,
  actor: Actor,
  input: { moveOutNo: string; reason: string; ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const row = await atStep(tx, actor, input.moveOutNo, ["clearing"]);
    await takeAll(tx, row);
    const clears = await clearsOf(tx, row.move_out_no);
    const changed = await changeMoveOut(tx, row, { change: {}, at: ctx.clock() });
    let repeated = 0;
    for (const of of await metersOfMoveOut(tx, row.move_out_no)) {
      const last = clears.find((each) => each.meter_id === of.meter_id);
      if (last === undefined || !MAY_REPEAT.includes(last.state)) continue;
      await addClear(ctx, tx, changed, of, { by: actor.login, at: ctx.clock() });
      repeated++;
    }
    if (repeated === 0) throw new AppError("move_out_wrong_step");
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.retry",
      reason: input.reason,
      ip: input.ip,
      after: { repeated },
    });
  });
}

/**
 * Somebody has wiped a meter that cannot be told to, and says what it held. It is believed as a final reading is: with who and why on the
 * sheet; the meter's next reading shows whether anything is left.
 */
export async function attestCleared(
  ctx: FlowContext,
  actor: Actor,
  input: { moveOutNo: string; meterId: number; remaining: string; reason: string; ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  const takenWh = unitsTyped(input.remaining);
  await decide(ctx.db, async (tx) => {
    const row = await atStep(tx, actor, input.moveOutNo, ["clearing"]);
    const of = await meterOf(tx, row, input.meterId);
    await takeAll(tx, row);
    const refund = (await clearsOf(tx, row.move_out_no)).find((each) => each.meter_id === of.meter_id);
    if (refund?.command_id !== null || refund.state !== "approved") throw new AppError("move_out_wrong_step");
    const now = ctx.clock();
    await changeMoveOut(tx, row, { change: {}, at: now });
    await bookTakenBack(ctx, tx, { refund, takenWh, purchaseNumber: null, now });
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.cleared",
      reason: input.reason,
      ip: input.ip,
      after: { meter: of.meter_id, unitsWh: takenWh, refundNo: refund.refund_no },
    });
  });
}

/** States of a clear that may still be taken back, when its command was never sent. */
const UNSENT: readonly RefundTable["state"][] = ["requested", "approved"];

/** Gives a move-out up: possible until something that changes credit may have left for a meter. The tenant stays, nothing was booked. */
export async function cancelMoveOut(
  ctx: FlowContext,
  actor: Actor,
  input: { moveOutNo: string; reason: string; ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const row = await visibleMoveOut(tx, actor, input.moveOutNo);
    if (row.state === "cancelled") return;
    if (row.state === "paying" || row.state === "done") throw new AppError("move_out_not_cancellable");
    const now = ctx.clock();
    await takeAll(tx, row);
    for (const refund of await clearsOf(tx, row.move_out_no)) {
      if (MAY_REPEAT.includes(refund.state)) continue;
      if (!UNSENT.includes(refund.state)) throw new AppError("move_out_not_cancellable");
      if (refund.command_id !== null) await cancelUnsent(tx, refund, now);
      await voidRefund(tx, { refund, actor: actor.login, at: now });
      const to = { refundNo: refund.refund_no, from: [refund.state], to: "withdrawn" as const, at: now };
      const moved = await moveRefund(tx, { ...to, change: { state_reason: input.reason } });
      assert(moved, `refund ${refund.refund_no} was ${refund.state}`);
    }
    await withdrawApproval(tx, row, { by: actor.login, reason: input.reason, at: now });
    await changeMoveOut(tx, row, { change: { state: "cancelled", done_at: now }, at: now });
    await releaseMeters(tx, row.move_out_no);
    await addEvents(
      tx,
      (await metersOfMoveOut(tx, row.move_out_no)).map((of) => ({
        id: ctx.newId(now),
        meterId: of.meter_id,
        at: now,
        kind: "move_out_cancelled" as const,
        severity: "info" as const,
        detail: { moveOutNo: row.move_out_no, by: actor.name, reason: input.reason },
      })),
    );
    await auditMoveOut(ctx, tx, {
      actor,
      row,
      action: "move_out.cancel",
      reason: input.reason,
      ip: input.ip,
      after: { state: "cancelled" },
    });
  });
}

async function cancelUnsent(tx: Tx, refund: RefundTable, now: Instant): Promise<void> {
  try {
    await cancelCommand(tx, refund, now);
  } catch (error) {
    if (error instanceof AppError) throw new AppError("move_out_not_cancellable");
    throw error;
  }
}

async function withdrawApproval(
  tx: Tx,
  row: MoveOutTable,
  ending: { by: string; reason: string; at: Instant },
): Promise<void> {
  const id = (await sheetsOf(tx, row.move_out_no)).at(-1)?.approval_id ?? null;
  if (id !== null) await endApproval(tx, { id, version: 0, to: "withdrawn", ...ending });
}
