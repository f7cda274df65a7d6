import { addDays, addMonths, DAY_MS, type Day, daysOfMonth, type Month, monthOf, startOfDay } from "#base/time.ts";

/** Whose usage is ranked. */
export const rankedBy = ["meter", "room", "customer", "area"] as const;
export type RankedBy = (typeof rankedBy)[number];

/** Days from one to another, both included. */
export type Span = { readonly from: Day; readonly to: Day };

/** Some years, and a mistyped century is no question. */
export const SPAN_DAYS_MAX = 1_100;

/** How many days a span has. */
export function daysIn({ from, to }: Span): number {
  return Math.round((startOfDay(to) - startOfDay(from)) / DAY_MS) + 1;
}

/** The days that a span is compared with: the whole months before whole months, else as many days just before it. */
export function spanBefore(span: Span): Span {
  const [first, last] = [monthOf(span.from), monthOf(span.to)];
  if (span.from === firstOf(first) && span.to === lastOf(last)) {
    const months = monthsFrom(first, last).length;
    return { from: firstOf(addMonths(first, -months)), to: lastOf(addMonths(first, -1)) };
  }
  return { from: addDays(span.from, -daysIn(span)), to: addDays(span.from, -1) };
}

/** A span as whole months, which have sums of their own, and the rest of the days by their months. */
export function partsOfSpan(span: Span): { months: Month[]; rest: { month: Month; days: readonly Day[] }[] } {
  const parts: ReturnType<typeof partsOfSpan> = { months: [], rest: [] };
  for (const month of monthsFrom(monthOf(span.from), monthOf(span.to))) {
    const all = daysOfMonth(month);
    const days = all.filter((day) => day >= span.from && day <= span.to);
    if (days.length === all.length) parts.months.push(month);
    else parts.rest.push({ month, days });
  }
  return parts;
}

/** What a row is ranked by. */
export type Ranked = { usageWh: number | null };

/**
 * Rows in their order, with their rank: equal usages share one, and the next stands as far down as there are rows above it. What nothing is known
 * of comes last and has none.
 */
export function ranked<Row extends Ranked>(
  rows: readonly Row[],
  order: "most" | "least",
): (Row & { rank: number | null })[] {
  const sign = order === "most" ? -1 : 1;
  const known = rows.flatMap((row) => (row.usageWh === null ? [] : [{ row, usageWh: row.usageWh }]));
  const sorted = known.toSorted((a, b) => sign * (a.usageWh - b.usageWh));
  let [rank, last] = [0, Number.NaN];
  const told = sorted.map(({ row, usageWh }, i) => {
    if (usageWh !== last) [rank, last] = [i + 1, usageWh];
    return { ...row, rank };
  });
  return [...told, ...rows.filter(({ usageWh }) => usageWh === null).map((row) => ({ ...row, rank: null }))];
}

function monthsFrom(first: Month, last: Month): Month[] {
  const months: Month[] = [];
  for (let month = first; month <= last; month = addMonths(month, 1)) months.push(month);
  return months;
}

const firstOf = (month: Month): Day => `${month}-01` as Day;
const lastOf = (month: Month): Day => daysOfMonth(month).at(-1) ?? firstOf(month);
