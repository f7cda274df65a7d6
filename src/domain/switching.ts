import { type Instant, MINUTE_MS } from "#base/time.ts";

/** What the meter's relay or valve reads as. */
export type Relay = "open" | "closed";
/** Why supply is off; only `arrears` is undone by a payment. */
export type OffCause = "arrears" | "operator" | "safety" | "unknown";

/** What is known about a switch: read back, last told, and why it is off. */
export type SwitchFacts = {
  readonly relay: Relay | null;
  readonly relayCommanded: Relay | null;
  readonly offCause: OffCause | null;
};

/** Whether supply is off because a guard over the load, in the meter, opened the relay: only a release by a person ends that. */
export function isSafetyHeld(facts: { offCause: OffCause | null }): boolean {
  return facts.offCause === "safety";
}

/**
 * Why a meter is off, from what it shows. What the meter itself says of its load guard comes first: `held` is whether that keeps the relay open, null
 * when it was asked and did not say, undefined when the model has none. A meter that holds its own credit trips by itself at zero: seen open with
 * nothing left and without an order of ours, it is off because of arrears. A cause once known stays until the meter is seen
 * closed; `unknown` may become `arrears` when the remaining credit is read a moment later.
 */
export function offCauseSeen(
  before: SwitchFacts & { relayCommandedFor: "arrears" | "operator" | null; relayCommandedAt: Instant },
  seen: { relay: Relay; remainingWh: number | null; creditInMeter: boolean; at: Instant; held?: boolean | null },
): OffCause | null {
  if (seen.relay === "closed") return null;
  if (seen.held === true) return "safety";
  // It says that its guard has let go: what keeps it open now is something else.
  const known = seen.held === false && before.offCause === "safety" ? null : before.offCause;
  if (known !== null && known !== "unknown") return known;
  if (before.relayCommanded === "open") return before.relayCommandedFor ?? "operator";
  // The guard may hold it: to take that for arrears would let a payment close it.
  if (seen.held === null) return "unknown";
  // Closed after a payment, and open soon after: an overtaken trip for arrears has come late.
  const isLate = before.relayCommandedFor === "arrears" && seen.at - before.relayCommandedAt < LATE_TRIP_MS;
  if (before.relayCommanded === "closed" && isLate) return "arrears";
  const empty = seen.creditInMeter && seen.remainingWh !== null && seen.remainingWh <= 0;
  return empty ? "arrears" : "unknown";
}

/** How long after a close a trip that was sent before it may still be carried out: longer than relay commands are valid. */
export const LATE_TRIP_MS = 15 * MINUTE_MS;

/** How long a meter may take to show what it was told before the difference is called a mismatch. */
export const RELAY_SETTLES_MS = 60_000;

/** Commanded and actual differ, and nothing explains it. Off by itself for arrears is explained. */
export function isRelayMismatch(facts: SwitchFacts & { relayCommandedAt: Instant; relayAt: Instant }): boolean {
  if (facts.relay === null || facts.relayCommanded === null || facts.relay === facts.relayCommanded) return false;
  if (facts.relayAt < facts.relayCommandedAt + RELAY_SETTLES_MS) return false;
  return facts.relayCommanded === "open" || facts.offCause === null || facts.offCause === "unknown";
}
