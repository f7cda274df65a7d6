import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { type Money, subtract } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { piecesOf } from "#domain/move-out.ts";
import { isPaidOut, payable, takeBack } from "#domain/refund.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer, openLedgerAccounts, resolveTransfer } from "#store/ledger.ts";
import { noteTakenLots, openLots, saveLots } from "#store/lots.ts";
import { changeMeterState, meterState } from "#store/meters.ts";
import { moveRefund, refundOfCommand } from "#store/refunds.ts";
import type { RefundTable } from "#store/schema-refunds.ts";
import { finish, type Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";

/** The transfer that takes credit, or money, from where it was. */
export function refundTransferId(refundNo: string): string {
  return `refund:${refundNo}`;
}

/** Where the money of a refund goes: owed to the customer, or given up. */
export function refundTarget(refund: Pick<RefundTable, "kind" | "customer_id" | "project_id">): LedgerAccount {
  return isPaidOut(refund.kind)
    ? { kind: "refund_payable", ref: refund.customer_id }
    : { kind: "write_off", ref: refund.project_id };
}

/**
 * The meter has given the credit up: its value is taken from the lots, newest first, as they are now, and is owed to the customer (or
 * given up). `clearedWh` is what a clear has wiped.
 */
export async function confirmTakenBack(ctx: FlowContext, tx: Tx, at: Settling, clearedWh: number): Promise<void> {
  const { refund, command, now } = await load(tx, at);
  assert(command.purchase_number !== null, "what the meter confirms was sent with a number");
  const takenWh = refund.kind === "units" ? refund.units_wh : clearedWh;
  const state = await meterState(tx, refund.meter_id);
  assert(state.purchase_count === command.purchase_number - 1, `meter ${refund.meter_id} confirms its next number`);
  await changeMeterState(tx, {
    meterId: refund.meter_id,
    version: state.version,
    change: { purchase_count: command.purchase_number, top_up_open: null, changed_at: now },
  });
  await bookTakenBack(ctx, tx, { refund, takenWh, purchaseNumber: command.purchase_number, now });
}

/**
 * Books units that have left a meter, by its lots as they are now, newest first. Without a number: somebody has wiped it at the meter.
 */
export async function bookTakenBack(
  ctx: FlowContext,
  tx: Tx,
  input: { refund: RefundTable; takenWh: number; purchaseNumber: number | null; now: Instant },
): Promise<void> {
  const { refund, takenWh, now } = input;
  const lots = await openLots(tx, refund.meter_id);
  const back = takeBack(lots, takenWh);
  const pieces = piecesOf(lots, takenWh);
  await noteTakenLots(
    tx,
    refund.refund_no,
    pieces.map((piece) => ({ ...piece, valueE4: piece.value })),
  );
  await saveLots(tx, back.changed);
  await bookTaken(tx, { refund, value: back.value, at: now });
  const moved = await moveRefund(tx, {
    refundNo: refund.refund_no,
    from: ["deducting", "approved"],
    to: payable(refund.kind, back.value) > 0 ? "confirmed" : "done",
    at: now,
    change: {
      taken_wh: takenWh,
      settled_e4: back.value,
      confirmed_at: now,
      purchase_number: input.purchaseNumber,
      state_reason: back.value === refund.amount_e4 ? "" : "revalued",
    },
  });
  assert(moved, `refund ${refund.refund_no} was under way`);
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: refund.meter_id,
      at: now,
      kind: refund.kind === "units" ? "refund_confirmed" : "credit_cleared",
      severity: "info",
      detail: { refundNo: refund.refund_no, unitsWh: takenWh, purchaseNumber: input.purchaseNumber },
    },
  ]);
}

/** Posts what was quoted when it came to exactly that; else voids it and books what it came to. What is less than a fen stays in the wallet. */
async function bookTaken(tx: Tx, input: { refund: RefundTable; value: Money; at: Instant }): Promise<void> {
  const { refund, value, at } = input;
  const exact = value === refund.amount_e4;
  if (refund.amount_e4 > 0) {
    const ended = await resolveTransfer(tx, {
      transferId: refundTransferId(refund.refund_no),
      outcome: exact ? "posted" : "voided",
      at,
      actor: "meter",
    });
    assert(ended, `refund ${refund.refund_no} was still pending`);
  }
  const to = refundTarget(refund);
  const common = { actor: "meter", meterId: refund.meter_id, ...(refund.order_no && { orderNo: refund.order_no }) };
  await openLedgerAccounts(tx, [to]);
  if (!exact && value > 0) {
    await bookTransfer(
      tx,
      postedTransfer({
        ...common,
        id: `${refundTransferId(refund.refund_no)}:settled`,
        kind: isPaidOut(refund.kind) ? "refund" : "clear",
        from: { kind: "meter_credit", ref: refund.meter_id },
        to,
        amount: value,
        memo: refund.reason,
      }),
      at,
    );
  }
  await bookRest(tx, { refund, value, actor: "meter", at });
}

/** The part of a fen that cannot be handed out goes back to the customer's wallet. */
export async function bookRest(
  tx: Tx,
  input: { refund: RefundTable; value: Money; actor: string; at: Instant },
): Promise<void> {
  const { refund, value } = input;
  if (!isPaidOut(refund.kind)) return;
  const rest = subtract(value, payable(refund.kind, value));
  if (rest <= 0) return;
  const wallet: LedgerAccount = { kind: "wallet", ref: refund.customer_id };
  await openLedgerAccounts(tx, [wallet]);
  await bookTransfer(
    tx,
    postedTransfer({
      id: `${refundTransferId(refund.refund_no)}:rest`,
      kind: "refund",
      from: { kind: "refund_payable", ref: refund.customer_id },
      to: wallet,
      amount: rest,
      actor: input.actor,
      meterId: refund.meter_id,
      memo: "less than a fen",
    }),
    input.at,
  );
}

/** The meter refused and its count did not move: nothing was taken, nothing is owed, the number is free again. */
export async function refuseTakenBack(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  const { refund, now } = await load(tx, at);
  await voidRefund(tx, { refund, actor: "meter", at: now });
  const state = await meterState(tx, refund.meter_id);
  await changeMeterState(tx, {
    meterId: refund.meter_id,
    version: state.version,
    change: { top_up_open: null, changed_at: now },
  });
  await moveRefund(tx, {
    refundNo: refund.refund_no,
    from: ["deducting", "approved"],
    to: "refused",
    at: now,
    change: { state_reason: reason },
  });
  await tell(ctx, tx, { refund, kind: "refund_refused", detail: { reason }, at: now });
}

/** Lets go of what a refund had reserved. Not an error when it had reserved nothing. */
export async function voidRefund(tx: Tx, input: { refund: RefundTable; actor: string; at: Instant }): Promise<void> {
  if (input.refund.amount_e4 <= 0) return;
  const voided = await resolveTransfer(tx, {
    transferId: refundTransferId(input.refund.refund_no),
    outcome: "voided",
    at: input.at,
    actor: input.actor,
  });
  assert(voided, `refund ${input.refund.refund_no} was still pending`);
}

/** The meter contradicts the books: what was reserved stays so until a person has looked. */
export async function stopTakenBack(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  const { refund, now } = await load(tx, at);
  const state = await meterState(tx, refund.meter_id);
  await finish(tx, at.claimed, {
    state: "stopped",
    reason: why.reason,
    at: now,
    result: { countShown: why.countShown, countBooked: state.purchase_count },
  });
  await changeMeterState(tx, {
    meterId: refund.meter_id,
    version: state.version,
    change: { top_ups_stopped: 1, changed_at: now },
  });
  await moveRefund(tx, {
    refundNo: refund.refund_no,
    from: ["approved", "deducting"],
    to: "stopped",
    at: now,
    change: { state_reason: why.reason },
  });
  await tell(ctx, tx, {
    refund,
    kind: "refund_stopped",
    detail: { reason: why.reason, countShown: why.countShown, countBooked: state.purchase_count },
    at: now,
  });
}

/** Its command has left, or may have. */
export async function refundSent(
  tx: Tx,
  at: Settling,
  input: { purchaseNumber: number | null; reason: string },
): Promise<void> {
  const refund = await refundOfCommand(tx, at.claimed.id);
  assert(refund !== undefined, `command ${at.claimed.id} belongs to a refund`);
  await moveRefund(tx, {
    refundNo: refund.refund_no,
    from: ["approved", "deducting"],
    to: "deducting",
    at: at.now,
    change: { purchase_number: input.purchaseNumber, state_reason: input.reason },
  });
}

async function load(tx: Tx, at: Settling) {
  const refund = await refundOfCommand(tx, at.claimed.id);
  assert(refund !== undefined, `command ${at.claimed.id} belongs to a refund`);
  return { ...at, refund };
}

async function tell(
  ctx: FlowContext,
  tx: Tx,
  input: {
    refund: RefundTable;
    kind: "refund_refused" | "refund_stopped";
    detail: Record<string, string | number | null>;
    at: Instant;
  },
): Promise<void> {
  await addEvents(tx, [
    {
      id: ctx.newId(input.at),
      meterId: input.refund.meter_id,
      at: input.at,
      kind: input.kind,
      severity: "alarm",
      detail: { refundNo: input.refund.refund_no, ...input.detail },
    },
  ]);
}
