import { DAY_MS, HOUR_MS } from "#base/time.ts";

/** Below this a use is chance: one kettle would make a month's credit look like a day's. */
const SPAN_MIN_MS = HOUR_MS;

/** What was used between two readings of one register, already multiplied by the ratio, and the time between. */
export type Use = { readonly usedWh: number; readonly overMs: number };

/** Use a day, in Wh or litres; null when the time is too short or the register went back. */
export function dailyUse({ usedWh, overMs }: Use): number | null {
  if (overMs < SPAN_MIN_MS || usedWh < 0) return null;
  return Math.round((usedWh / overMs) * DAY_MS);
}

/**
 * How long what is left lasts at that use, in tenths of a day, rounded down; 0 when nothing is left. Null when the use is not known or
 * nothing is used: for ever is not a number.
 */
export function daysLeftTenths(left: number | null, perDay: number | null): number | null {
  if (left === null || perDay === null || perDay <= 0) return null;
  return left <= 0 ? 0 : Math.floor((left * 10) / perDay);
}
