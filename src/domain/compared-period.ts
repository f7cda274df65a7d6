import { addDays, addMonths, type Day, type Month, parseDay } from "#base/time.ts";

/** What a period is compared with (对比): the one just before it (环比), or the same one a year before (同比). */
export const comparisons = ["before", "year"] as const;
export type Comparison = (typeof comparisons)[number];

/** The period that `2026`, `2026-08` or `2026-08-05` is compared with; null when there was none, as for the 29th of February. */
export function comparedPeriod(period: string, how: Comparison): string | null {
  const yearBefore = `${String(Number(period.slice(0, 4)) - 1).padStart(4, "0")}${period.slice(4)}`;
  if (period.length === 4) return yearBefore;
  if (period.length === 7) return how === "year" ? yearBefore : addMonths(period as Month, -1);
  return how === "year" ? parseDay(yearBefore) : addDays(period as Day, -1);
}

/** What can be compared with what: any part of a time that has a beginning and an end, and a usage. */
export type Compared = { readonly from: number; readonly to: number; readonly usageWh: number | null };

/**
 * The usage of another day in the same time of it; null unless its parts cover exactly that time and all are known. `shiftMs` leads from
 * the one day to the other.
 */
export function usageThen(part: Omit<Compared, "usageWh">, other: readonly Compared[], shiftMs: number): number | null {
  const [from, to] = [part.from + shiftMs, part.to + shiftMs];
  const inside = other.filter((each) => each.from >= from && each.to <= to).toSorted((a, b) => a.from - b.from);
  let [reached, sum] = [from, 0];
  for (const each of inside) {
    if (each.from !== reached || each.usageWh === null) return null;
    reached = each.to;
    sum += each.usageWh;
  }
  return reached === to ? sum : null;
}
