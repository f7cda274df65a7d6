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

/**
 * Why a meter is off, from what it shows. A meter that holds its own credit trips by itself at zero: seen open with
 * nothing left and without an order of ours, it is off because of arrears. A cause once known stays until the meter is seen
 * closed; `unknown` may become `arrears` when the remaining credit is read a moment later.
 */
export function offCauseSeen(
  before: SwitchFacts & { relayCommandedFor: "arrears" | "operator" | null; relayCommandedAt: Instant },
  seen: { relay: Relay; remainingWh: number | null; creditInMeter: boolean; at: Instant },
): OffCause | null {
  if (seen.relay === "closed") return null;
  if (before.offCause !== null && before.offCause !== "unknown") return before.offCause;
  if (before.relayCommanded === "open") return before.relayCommandedFor ?? "operator";
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

/** Off for safety: nobody closes it from afar before somebody has been there. */
export function isSafetyLocked({ offCause }: Pick<SwitchFacts, "offCause">): boolean {
  return offCause === "safety";
}
