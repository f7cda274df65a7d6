/** So many closed days a use is taken from: every day of the week once. */
export const USE_DAYS = 7;

/** What was used on those of some closed days that are known, in Wh or litres, already multiplied by the ratio. */
export type Use = { readonly usedWh: number; readonly days: number };

/** Nothing is known: no day was closed yet, or none could be known. */
export const NO_USE: Use = { usedWh: 0, days: 0 };

/** Use a day, in Wh or litres; null when no day is known, which is not the same as 0: nothing was used. */
export function dailyUse({ usedWh, days }: Use): number | null {
  return days === 0 ? null : Math.max(0, Math.round(usedWh / days));
}

/**
 * How long what is left lasts at that use, in tenths of a day, rounded down; 0 when nothing is left, whatever is used. Null when what is
 * left or the use is not known, or nothing is used: for ever is not a number.
 */
export function daysLeftTenths(left: number | null, perDay: number | null): number | null {
  if (left === null) return null;
  if (left <= 0) return 0;
  return perDay === null || perDay <= 0 ? null : Math.floor((left * 10) / perDay);
}
