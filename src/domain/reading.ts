import { HOUR_MS, type Instant } from "#base/time.ts";
import { REGISTER_SPAN_WH, usedBetween } from "./settlement.ts";

/** What is thought of a reading. Only `ok` and `rollover` are billed; the others are kept, shown and looked at. */
export const verdicts = ["ok", "rollover", "backwards", "jump", "stale"] as const;
export type Verdict = (typeof verdicts)[number];

/** The number that stands for a verdict in a row of readings. Never renumber. */
export function verdictCode(verdict: Verdict): number {
  return verdicts.indexOf(verdict);
}

/** Registers that readings are kept for. Never renumber. */
export const registers = { energyTotal: 1, energyRemaining: 2, voltage: 11, current: 21, power: 31 } as const;

type Shown = { indexWh: number; at: Instant };

/** A usage that could have been drawn, with a margin for a clock that is a little off. */
const PLAUSIBLE_MARGIN_WH = 1_000;
const PLAUSIBLE_FACTOR = 1.2;
/** A register counts as started again when it was in its last and is now in its first tenth. */
const ROLLOVER_ZONE = 0.1;

/**
 * Judges a total index against the last good one. `powerMaxW` is the most that the meter can draw (rated current × voltage × phases):
 * more than that in the time between is a jump, less than before is backwards, older than before is stale.
 */
export function judgeReading(previous: Shown | null, next: Shown, powerMaxW: number): Verdict {
  if (previous === null) return "ok";
  if (next.at < previous.at) return "stale";
  const rolledOver =
    next.indexWh < previous.indexWh &&
    previous.indexWh > REGISTER_SPAN_WH * (1 - ROLLOVER_ZONE) &&
    next.indexWh < REGISTER_SPAN_WH * ROLLOVER_ZONE;
  if (next.indexWh < previous.indexWh && !rolledOver) return "backwards";
  const used = usedBetween(previous.indexWh, next.indexWh);
  const plausible = ((next.at - previous.at) / HOUR_MS) * powerMaxW * PLAUSIBLE_FACTOR + PLAUSIBLE_MARGIN_WH;
  if (used > plausible) return "jump";
  return rolledOver ? "rollover" : "ok";
}
