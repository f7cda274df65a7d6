import { HOUR_MS } from "#base/time.ts";
import type { CommandKind } from "./command.ts";
import { isSafetyLocked, type OffCause } from "./switching.ts";

/** What a batch (批量拉合闸) does to its meters. */
export const batchKinds = ["trip", "close"] as const;
export type BatchKind = (typeof batchKinds)[number];

/** States of a batch: it waits for a second person, is sent, and six ends. `cancelled`: somebody stopped what was not sent. */
export const batchStates = ["requested", "running", "done", "cancelled", "rejected", "withdrawn", "expired"] as const;
export type BatchState = (typeof batchStates)[number];

/** What is kept of a meter of a batch: it waits, was asked by a command, was left out, or was stopped before it was sent. */
export const batchRowStates = ["waiting", "asked", "left_out", "cancelled"] as const;
export type BatchRowState = (typeof batchRowStates)[number];

/** How far a meter of a batch is, its command included. `queued`: the command has not left. */
export const batchSteps = ["waiting", "queued", "sent", "confirmed", "failed", "left_out", "cancelled"] as const;
export type BatchStep = (typeof batchSteps)[number];

/** Why a meter of a batch is not switched: some when the list is made, all of them again when its turn comes. */
export const leftOutReasons = [
  "guarded",
  "safety",
  "no_switch",
  "link_not_trusted",
  "link_risk",
  "out_of_scope",
  "not_permitted",
  "customer_changed",
  "paid",
  "switched",
  "too_late",
  "refused",
] as const;
export type LeftOutReason = (typeof leftOutReasons)[number];

/** What holds a batch up for now: the trips of the project are stopped, or as many as may leave in a while have left. */
export const batchHolds = ["off_stopped", "off_window", "off_day"] as const;
export type BatchHold = (typeof batchHolds)[number];

/** Meters of one batch: a list that a second person can still look through. */
export const BATCH_METERS_MAX = 500;

/** How long after its start a batch still sends. What a trip rests on is old sooner than what a close rests on. */
export const batchSendsMs: Readonly<Record<BatchKind, number>> = { trip: 4 * HOUR_MS, close: 24 * HOUR_MS };

/** What decides whether a meter may be in a batch at all. */
export type SwitchableFacts = {
  readonly hasSwitch: boolean;
  /** Under supply guard (保电). */
  readonly guarded: boolean;
  readonly offCause: OffCause | null;
};

/** Why a meter stays out of a batch by what it is: a guarded one is never tripped with others, one that is off for safety never closed. */
export function whyNotInBatch(kind: BatchKind, facts: SwitchableFacts): "guarded" | "safety" | "no_switch" | null {
  if (!facts.hasSwitch) return "no_switch";
  if (kind === "trip") return facts.guarded ? "guarded" : null;
  return isSafetyLocked(facts) ? "safety" : null;
}

/** How far a meter is: from its row, and from its command when it has one. */
export function stepOf(row: BatchRowState, command: { state: string; wasSent: boolean } | null): BatchStep {
  if (row !== "asked" || command === null) return row === "asked" ? "queued" : row;
  if (command.state === "waiting") return command.wasSent ? "sent" : "queued";
  if (command.state === "sent" || command.state === "unknown") return "sent";
  return command.state === "confirmed" ? "confirmed" : "failed";
}

/** Whether a command that was made for a batch does what the batch is for. */
export function isOfBatch(kind: BatchKind, command: CommandKind): boolean {
  return command === kind || (kind === "close" && command === "permit_close");
}
