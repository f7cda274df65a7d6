import { HOUR_MS, MINUTE_MS } from "#base/time.ts";
import { isSafetyHeld, type OffCause } from "./switching.ts";

/** What a batch (批量拉合闸) does to its meters. */
export const batchKinds = ["trip", "close"] as const;
export type BatchKind = (typeof batchKinds)[number];

/** States of a batch: it waits for a second person, is sent, and six ends. `cancelled`: somebody stopped what was not sent. */
export const batchStates = ["requested", "running", "done", "cancelled", "rejected", "withdrawn", "expired"] as const;
export type BatchState = (typeof batchStates)[number];

/** What is kept of a meter of a batch: it waits, was asked by a command, was left out, or was stopped before it was sent. */
export const batchRowStates = ["waiting", "asked", "left_out", "cancelled"] as const;
export type BatchRowState = (typeof batchRowStates)[number];

/**
 * How far a meter of a batch is, its command included. `queued`: the command has not left. `unanswered`: it was sent long ago and nothing was
 * heard, so where the switch stands is not known.
 */
export const batchSteps = [
  "waiting",
  "queued",
  "sent",
  "confirmed",
  "failed",
  "unanswered",
  "left_out",
  "cancelled",
] as const;
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
  return isSafetyHeld(facts) ? "safety" : null;
}

/** After so long without an answer a meter counts as unanswered: nothing is sent again on behalf of a trip by then. */
export const UNANSWERED_MS = 10 * MINUTE_MS;

/** A command as far as a batch looks at it. `isLate`: it was sent longer ago than {@link UNANSWERED_MS}. */
export type BatchCommand = { readonly state: string; readonly wasSent: boolean; readonly isLate: boolean };

/** How far a meter is: from its row, and from its command when it has one. */
export function stepOf(row: BatchRowState, command: BatchCommand | null): BatchStep {
  if (row !== "asked" || command === null) return row === "asked" ? "queued" : row;
  const { state, wasSent, isLate } = command;
  if (state === "confirmed") return "confirmed";
  if (state !== "waiting" && state !== "sent" && state !== "unknown") return "failed";
  if (!wasSent) return "queued";
  return isLate ? "unanswered" : "sent";
}

/** Steps after which a meter may be tried again. */
export const againSteps: readonly BatchStep[] = ["failed", "unanswered"];
