import { assert } from "#base/errors.ts";
import { later } from "#base/time.ts";
import { isCredit, judgeCount, PURCHASE_NUMBER_MAX, retryDelayMs, SWITCH_KINDS } from "#domain/command.ts";
import type { LinkRefusal } from "#domain/link.ts";
import type { KeyShown } from "#domain/meter-key.ts";
import { topUpsMax } from "#protocol/profiles.ts";
import { OPEN_STATES } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { changeMeterState, claimMeterState, meterState } from "#store/meters.ts";
import { touchOrder } from "#store/orders.ts";
import { updatedRows } from "#store/portable.ts";
import { isQuarantined } from "#store/quarantine.ts";
import type { CommandState } from "#store/schema-commands.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { ClaimedCommand } from "./claimed-command.ts";
import { finish, isOfThisSession, ownCommand, type Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { linkRefusal } from "./link-risk.ts";
import { confirmLoadGuard } from "./load-guard.ts";
import { takeOffBudget } from "./off-guard.ts";
import {
  type CreditShown,
  confirmCredit,
  creditSent,
  creditUnknown,
  refuseCredit,
  stopCredit,
  whatIsNotProven,
} from "./settle-credit.ts";
import { refuseKeyChange, settleKeyShown, takeKeyChange, takeKeyForTopUp } from "./settle-key.ts";
import { confirmSwitch, forgetWanted, switchSent } from "./settle-switch.ts";
import { undoesTrip, whyNotDue } from "./still-due.ts";

/** What the collector learned about a command. */
export type CommandOutcome =
  /** top_up: the meter answered yes; a switch command: its relay reads as wanted; read: done. */
  | { kind: "confirmed"; result: Record<string, number | string | boolean | null> }
  /** The meter said no. A top-up is read back before that is believed. */
  | { kind: "refused"; reason: string; codes: string[] }
  /**
   * Sent, and no usable answer, or nothing that says how it ended: it will be claimed again and read back. `wasHeard`: the meter has
   * answered something in this attempt, so it is tried again sooner.
   */
  | { kind: "silent"; why?: "valve_fault"; wasHeard?: boolean }
  /** Switch commands of a model whose switch cannot be read: it was told, and nobody will ever know from here. */
  | { kind: "unproven" }
  /** Credit commands: what the purchase-count register shows now, and what was and is left where that was asked. */
  | ({ kind: "read_back"; count: number } & CreditShown)
  /** Switch commands: what status word 3 says. */
  | { kind: "read_back_relay"; relayOpen: boolean }
  /** change_key: which key the meter told it has. */
  | { kind: "read_back_key"; shown: KeyShown };

/** The meter took a switch command and its relay stayed: it may still move, so what was wanted is remembered. */
export const RELAY_DID_NOT_MOVE = "relay_did_not_move";

/** The load guard in the meter keeps its relay open: nothing is closed before that has let go. */
export const HELD_BY_GUARD = "off_by_safety";

/** What the collector does next: nothing more, send (the same bytes if there are any), nothing ever again, or drop everything. */
export type NextStep = "done" | "send" | "stop" | "fenced";

type MarkedSent =
  | { ok: true; frameHex: string; purchaseNumber: number | null }
  | {
      ok: false;
      why:
        | "fenced"
        | "concentrator_offline"
        | "stopped"
        | "expired"
        | "not_due"
        | "quarantine"
        | "guard"
        | typeof HELD_BY_GUARD
        | "key_changing"
        | "top_up_open"
        | LinkRefusal;
    };

/**
 * Marks a command *sent* before its first byte leaves, and fixes for ever what is sent: the purchase number is taken here (one
 * top-up of a meter at a time, so numbers run without gaps) and the exact bytes are kept. A command that was sent before
 * gets the very same bytes. `keyVersion`: the version of the meter's key under which a top-up is made, where it has one.
 */
export async function markSent(
  ctx: FlowContext,
  claimed: ClaimedCommand,
  frameFor: (purchaseNumber: number | null) => string,
  keyVersion: number | null = null,
): Promise<MarkedSent> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const command = await ownCommand(tx, claimed);
    if (!command) return { ok: false, why: "fenced" };
    if (!(await isOfThisSession(tx, command))) return { ok: false, why: "concentrator_offline" };
    const isSwitch = SWITCH_KINDS.includes(claimed.kind);
    const isRelease = claimed.kind === "release_load_guard";
    // Before a resend the meter was read and nothing has moved: an old wish may end there, too.
    if (command.expires_at < now && (command.sent_at === null || isSwitch || isRelease)) {
      await finish(tx, claimed, { state: "expired", reason: "unreachable", at: now, result: null });
      return { ok: false, why: "expired" };
    }
    if (await isQuarantined(tx, claimed.meterId, claimed.kind)) return { ok: false, why: "quarantine" };
    if (isSwitch || isRelease) {
      await claimMeterState(tx, claimed.meterId);
      const whyNot = await whyNotDue(tx, command, now);
      if (whyNot === HELD_BY_GUARD && undoesTrip(command)) return { ok: false, why: HELD_BY_GUARD };
      if (whyNot !== null) {
        await finish(tx, claimed, { state: "cancelled", reason: whyNot, at: now, result: null });
        return { ok: false, why: "not_due" };
      }
    }
    if (
      claimed.kind === "trip" &&
      !(await takeOffBudget(tx, { commandId: claimed.id, meterId: claimed.meterId, now }))
    ) {
      return { ok: false, why: "guard" };
    }
    // Money or credit on its way is not dropped: it waits until a person has decided about the link.
    const overLink = isCredit(claimed.kind) ? await linkRefusal(tx, claimed.meterId, claimed.kind) : null;
    if (overLink !== null) return { ok: false, why: overLink };
    if (claimed.kind === "change_key" && !(await takeKeyChange(tx, claimed))) return { ok: false, why: "top_up_open" };
    const isNew = command.frame_hex === null;
    if (isNew && keyVersion !== null && !(await takeKeyForTopUp(tx, claimed.meterId, keyVersion, now))) {
      return { ok: false, why: "key_changing" };
    }
    const purchaseNumber = command.purchase_number ?? (await takePurchaseNumber(tx, claimed));
    if (purchaseNumber === "stopped") return { ok: false, why: "stopped" };
    // A top-up must be repeated to the byte; a switch command carries a valid-until and is made anew.
    const frameHex = isCredit(claimed.kind) ? (command.frame_hex ?? frameFor(purchaseNumber)) : frameFor(null);
    const result = await tx
      .updateTable("command")
      .set({
        state: "sent",
        state_reason: "",
        purchase_number: purchaseNumber,
        frame_hex: frameHex,
        key_version: isNew ? keyVersion : command.key_version,
        sent_at: command.sent_at ?? now,
        updated_at: now,
      })
      .where("id", "=", claimed.id)
      .where("lease_token", "=", claimed.leaseToken)
      .where("state", "in", [...OPEN_STATES])
      .executeTakeFirst();
    // Taken between reading and writing: run again from the start, so that nothing of this half is kept.
    if (updatedRows(result) === 0) throw new Stale(`command ${claimed.id}`);
    if (isCredit(claimed.kind)) await creditSent(tx, { claimed, command, now }, purchaseNumber);
    if (isSwitch) await switchSent(tx, { claimed, command, now });
    return { ok: true, frameHex, purchaseNumber };
  });
}

/** Records what became of a command and says what comes next. Safe to repeat; a stale holder is told `fenced` and changes nothing. */
export async function settleCommand(
  ctx: FlowContext,
  claimed: ClaimedCommand,
  outcome: CommandOutcome,
): Promise<NextStep> {
  const next = await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const command = await ownCommand(tx, claimed);
    if (!command) return "fenced" as const;
    const step = await settle(ctx, tx, { claimed, command, now }, outcome);
    faultPoint("settle-command:before-commit");
    return step;
  });
  faultPoint("settle-command:after-commit");
  if (next !== "send") {
    ctx.log.info(
      { command: claimed.id, kind: claimed.kind, meter: claimed.meterId, outcome: outcome.kind, next },
      "command settled",
    );
  }
  return next;
}

async function settle(ctx: FlowContext, tx: Tx, at: Settling, outcome: CommandOutcome): Promise<NextStep> {
  switch (outcome.kind) {
    case "confirmed":
      return confirm(ctx, tx, at, outcome.result);
    case "refused":
      return refuse(ctx, tx, at, outcome);
    case "silent":
      return leaveUnknown(tx, at, outcome.why, outcome.wasHeard);
    case "unproven":
      return endUnproven(ctx, tx, at);
    case "read_back":
      return settleCount(ctx, tx, at, outcome);
    case "read_back_relay":
      return settleRelay(ctx, tx, at, outcome.relayOpen);
    case "read_back_key":
      return settleKey(ctx, tx, at, outcome.shown);
  }
}

async function confirm(ctx: FlowContext, tx: Tx, at: Settling, result: Record<string, unknown>): Promise<NextStep> {
  const { claimed, now } = at;
  if (isCredit(claimed.kind)) return happened(ctx, tx, at, {}, result);
  await finish(tx, claimed, { state: "confirmed", reason: "", at: now, result });
  if (SWITCH_KINDS.includes(claimed.kind)) await confirmSwitch(ctx, tx, at);
  await confirmLoadGuard(ctx, tx, at);
  return "done";
}

async function refuse(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  refusal: { reason: string; codes: string[] },
): Promise<NextStep> {
  const { claimed, command, now } = at;
  if (refusal.reason === HELD_BY_GUARD && undoesTrip(command)) return leaveUnknown(tx, at, HELD_BY_GUARD);
  const mayPass = claimed.kind === "change_key" ? mayPassLater(refusal.codes) : !isFinal(refusal.codes);
  if ((isCredit(claimed.kind) || claimed.kind === "change_key") && mayPass) {
    if (command.attempts < REFUSALS_MAX) return leaveUnknown(tx, at, `refused:${refusal.reason}`);
  }
  if (isCredit(claimed.kind) && mayPass) {
    await stopCredit(ctx, tx, at, { reason: `refused:${refusal.reason}`, countShown: null });
    return "stop";
  }
  await finish(tx, claimed, {
    state: "refused",
    reason: refusal.reason,
    at: now,
    result: { codes: refusal.codes.join(",") },
  });
  if (isCredit(claimed.kind)) await refuseCredit(ctx, tx, at, refusal.reason);
  else if (claimed.kind === "change_key") await refuseKeyChange(ctx, tx, at, refusal.reason);
  else {
    if (command.order_no !== null) await touchOrder(tx, command.order_no, now);
    const isSwitch = SWITCH_KINDS.includes(claimed.kind);
    if (isSwitch && refusal.reason !== RELAY_DID_NOT_MOVE) await forgetWanted(tx, claimed);
    await addEvents(tx, [
      {
        id: ctx.newId(now),
        meterId: claimed.meterId,
        at: now,
        kind: "command_refused",
        severity: "warning",
        detail: { command: claimed.id, asked: claimed.kind, reason: refusal.reason },
      },
    ]);
  }
  return "done";
}

/**
 * Refusals after which the very same bytes can never be taken any more: the customer number in them is not the meter's, or less is
 * left than was to be taken back, and what is left only shrinks until the next number is used. After any other (over its limit, locked for a while, a key that does not fit) they might be, so the number stays theirs and the money waits.
 */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(["customer-mismatch", "credit-too-low"]);
/** Tries after which a refusal that might pass is shown to a person instead: the meter takes no more orders until then. */
const REFUSALS_MAX = 12;

function isFinal(codes: readonly string[]): boolean {
  return codes.length > 0 && codes.every((code) => FINAL_REFUSALS.has(code));
}

/** A meter that is locked after wrong MACs takes a key when the lock is over; all that else stands against a key stays. */
function mayPassLater(codes: readonly string[]): boolean {
  return codes.includes("locked") || codes.includes("authentication-failed");
}

/** What the meter's purchase count says: about a credit command that was sent, or before one is sent for the first time. */
async function settleCount(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  shown: { count: number } & CreditShown,
): Promise<NextStep> {
  const { claimed, command } = at;
  const { count } = shown;
  assert(isCredit(claimed.kind), "only what changes credit has a purchase number");
  if (command.purchase_number === null) {
    const state = await meterState(tx, claimed.meterId);
    if (count === state.purchase_count) return "send";
    await stopCredit(ctx, tx, at, { reason: "count_mismatch", countShown: count });
    return "stop";
  }
  switch (judgeCount(count, command.purchase_number)) {
    case "happened":
      return happened(ctx, tx, at, shown, { purchaseCount: count, readBack: true });
    case "did_not_happen":
      return "send";
    case "contradiction":
      await stopCredit(ctx, tx, at, { reason: "count_mismatch", countShown: count });
      return "stop";
  }
}

/** A credit command was carried out. What was wiped must be known and nothing may be left of it, or a clear is not proven. */
async function happened(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  shown: CreditShown,
  result: Record<string, unknown>,
): Promise<NextStep> {
  const missing = whatIsNotProven(at, shown);
  if (missing === "not_read_back") return leaveUnknown(tx, at, missing);
  if (missing !== null) {
    await stopCredit(ctx, tx, at, { reason: missing, countShown: at.command.purchase_number });
    return "stop";
  }
  // The command's row is the gate: whoever ends it books, and nobody else.
  await finish(tx, at.claimed, { state: "confirmed", reason: "", at: at.now, result: { ...shown, ...result } });
  await confirmCredit(ctx, tx, at, shown);
  return "done";
}

async function settleRelay(ctx: FlowContext, tx: Tx, at: Settling, relayOpen: boolean): Promise<NextStep> {
  const wanted = at.claimed.kind === "trip";
  if (relayOpen === wanted && at.command.sent_at !== null) return confirm(ctx, tx, at, { relayOpen, readBack: true });
  return "send";
}

/** Told and not to be proved: it ends here, not as done, and is not sent again; a person has to look at the meter. */
async function endUnproven(ctx: FlowContext, tx: Tx, at: Settling): Promise<NextStep> {
  const { claimed, command, now } = at;
  await finish(tx, claimed, { state: "stopped", reason: "unproven", at: now, result: null });
  if (command.order_no !== null) await touchOrder(tx, command.order_no, now);
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: claimed.meterId,
      at: now,
      kind: "command_unproven",
      severity: "warning",
      detail: { command: claimed.id, asked: claimed.kind },
    },
  ]);
  return "stop";
}

/** What the meter tells of its key decides about a change of it; only a key that is ours can be changed. */
async function settleKey(ctx: FlowContext, tx: Tx, at: Settling, shown: KeyShown): Promise<NextStep> {
  switch (await settleKeyShown(ctx, tx, at, shown)) {
    case "has_it":
      return confirm(ctx, tx, at, { keyVersion: shown.version });
    case "may_send":
      return "send";
    case "contradiction":
      return refuse(ctx, tx, at, { reason: "key_contradicts", codes: [] });
  }
}

/** No usable answer: the lease is given back, and the next holder reads the meter before anything else. */
async function leaveUnknown(tx: Tx, at: Settling, why = "no_answer", wasHeard = false): Promise<NextStep> {
  const { claimed, command, now } = at;
  const state: CommandState = command.sent_at === null ? "waiting" : "unknown";
  await tx
    .updateTable("command")
    .set({
      state,
      state_reason: why,
      lease_token: null,
      lease_until: 0,
      not_before: later(now, retryDelayMs(command.attempts, wasHeard)),
      updated_at: now,
    })
    .where("id", "=", claimed.id)
    .where("lease_token", "=", claimed.leaseToken)
    .execute();
  if (isCredit(claimed.kind)) await creditUnknown(tx, at, why);
  else if (command.order_no !== null) await touchOrder(tx, command.order_no, now);
  return "done";
}

async function takePurchaseNumber(tx: Tx, claimed: ClaimedCommand): Promise<number | null | "stopped"> {
  if (!isCredit(claimed.kind)) return null;
  const state = await meterState(tx, claimed.meterId);
  if (state.top_ups_stopped === 1) return "stopped";
  if (state.top_up_open !== null && state.top_up_open !== claimed.id) return "stopped";
  if (state.purchase_count >= Math.min(PURCHASE_NUMBER_MAX, topUpsMax(claimed.profile) ?? 0)) return "stopped";
  await changeMeterState(tx, {
    meterId: claimed.meterId,
    version: state.version,
    change: { top_up_open: claimed.id },
  });
  return state.purchase_count + 1;
}
