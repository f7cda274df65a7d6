import type { Instant } from "#base/time.ts";
import { isRelayMismatch, type SwitchFacts } from "./switching.ts";

/** States of a tile (状态墙), in order of precedence: red, black, yellow, white. */
export const tileStates = ["fault", "off", "alarm", "normal"] as const;
export type TileState = (typeof tileStates)[number];

/** Why a tile is not white; all that hold are listed, gravest first. */
export const tileReasons = [
  "concentrator_offline",
  "meter_silent",
  "top_ups_stopped",
  "relay_mismatch",
  "valve_fault",
  "reading_suspect",
  "never_read",
  "off_arrears",
  "off_operator",
  "off_safety",
  "off_unknown",
  "low_credit",
  "static",
] as const;
export type TileReason = (typeof tileReasons)[number];

/** What the colour of a tile depends on. */
export type TileFacts = SwitchFacts & {
  readonly concentratorOnline: boolean;
  readonly everRead: boolean;
  readonly silentRounds: number;
  readonly topUpsStopped: boolean;
  readonly relayAt: Instant;
  readonly relayCommandedAt: Instant;
  readonly lowCredit: boolean;
  /** It stands still, and nobody has taken note of it yet. */
  readonly standsStill: boolean;
  /** The switch says that it is broken. */
  readonly switchFault: boolean;
  /** The last reading was not believed, and billing waits. */
  readonly readingSuspect: boolean;
};

/** Rounds without an answer after which a meter counts as faulty: one or two are ordinary loss. */
export const SILENT_ROUNDS_MAX = 3;

const stateOf: Record<TileReason, TileState> = {
  concentrator_offline: "fault",
  meter_silent: "fault",
  top_ups_stopped: "fault",
  relay_mismatch: "fault",
  valve_fault: "fault",
  reading_suspect: "fault",
  never_read: "fault",
  off_arrears: "off",
  off_operator: "off",
  off_safety: "off",
  off_unknown: "off",
  low_credit: "alarm",
  static: "alarm",
};

/** A tile's state: red fault or offline > black off > yellow alarming > white normal, with the state behind it as `second`. */
export function tileState(facts: TileFacts): { state: TileState; second: TileState | null; reasons: TileReason[] } {
  const reasons = [...reasonsFor(facts)];
  const states = [...new Set(reasons.map((reason) => stateOf[reason]))];
  const present = tileStates.filter((state) => states.includes(state));
  return { state: present[0] ?? "normal", second: present[1] ?? null, reasons };
}

function* reasonsFor(facts: TileFacts): Iterable<TileReason> {
  if (!facts.concentratorOnline) yield "concentrator_offline";
  if (facts.silentRounds >= SILENT_ROUNDS_MAX) yield "meter_silent";
  else if (!facts.everRead && facts.concentratorOnline) yield "never_read";
  if (facts.topUpsStopped) yield "top_ups_stopped";
  if (isRelayMismatch(facts)) yield "relay_mismatch";
  if (facts.switchFault) yield "valve_fault";
  if (facts.readingSuspect) yield "reading_suspect";
  if (facts.relay === "open") yield `off_${facts.offCause ?? "unknown"}`;
  if (facts.lowCredit) yield "low_credit";
  if (facts.standsStill) yield "static";
}
