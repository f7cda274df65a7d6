import { HOUR_MS, type Instant } from "#base/time.ts";
import { isRollover, usedBetween } from "./settlement.ts";

/**
 * What is thought of a reading. Only `ok` and `rollover` are billed; the others are kept, shown and looked at. `drifted`: the meter
 * kept it by a clock that was wrong. New ones go to the end: rows hold the place in this list.
 */
export const verdicts = ["ok", "rollover", "backwards", "jump", "stale", "drifted"] as const;
export type Verdict = (typeof verdicts)[number];

/** The number that stands for a verdict in a row of readings. Never renumber. */
export function verdictCode(verdict: Verdict): number {
  return verdicts.indexOf(verdict);
}

/**
 * Registers that readings are kept for. Never renumber. `energyFrozen` is the total index that the meter itself kept at midnight
 * (日冻结), `energyRecorded` the one of its load record (负荷记录): measured when the meter kept them, whenever they were fetched. So the
 * register tells where a figure is from.
 */
export const registers = {
  energyTotal: 1,
  energyRemaining: 2,
  energyFrozen: 3,
  energyRecorded: 4,
  voltage: 11,
  current: 21,
  power: 31,
} as const;

type Shown = { indexWh: number; at: Instant };

/** A usage that could have been drawn, with a margin for a clock that is a little off. */
const PLAUSIBLE_MARGIN_WH = 1_000;
const PLAUSIBLE_FACTOR = 1.2;

/**
 * The most that a register can be moved by, in W: `powerMaxW` is what may flow on the primary side of the transformers, and a register counts
 * what comes through them, before the ratio.
 */
export function registerPowerMaxW(meter: { readonly powerMaxW: number; readonly ratio: number }): number {
  return Math.ceil(meter.powerMaxW / meter.ratio);
}

/**
 * Judges a total index against the last good one, both as the register shows them. `powerMaxW` is the most that it can be moved by ({@link registerPowerMaxW}; rated current × voltage ×
 * phases): more than that in the time between is a jump, less than before is backwards, older than before is stale.
 *
 * `suspect` is the last reading that was not believed. While it was too high, time alone heals nothing: a reading that goes on from
 * it is a jump, however long the meter had to draw so much, and only one that follows the old line alone is good again.
 */
export function judgeReading(
  readings: { previous: Shown | null; suspect: Shown | null; next: Shown },
  powerMaxW: number,
): Verdict {
  const { previous, suspect, next } = readings;
  if (previous === null) return "ok";
  const verdict = compare(previous, next, powerMaxW);
  // A low misread ends with the first true one: at or above the last good index there is nothing to doubt.
  if (suspect === null || verdict !== "ok" || suspect.indexWh <= previous.indexWh) return verdict;
  return compare(suspect, next, powerMaxW) === "ok" ? "jump" : verdict;
}

function compare(previous: Shown, next: Shown, powerMaxW: number): Verdict {
  if (next.at < previous.at) return "stale";
  const rolledOver = isRollover(previous.indexWh, next.indexWh);
  if (next.indexWh < previous.indexWh && !rolledOver) return "backwards";
  const used = usedBetween(previous.indexWh, next.indexWh);
  const plausible = ((next.at - previous.at) / HOUR_MS) * powerMaxW * PLAUSIBLE_FACTOR + PLAUSIBLE_MARGIN_WH;
  if (used > plausible) return "jump";
  return rolledOver ? "rollover" : "ok";
}
