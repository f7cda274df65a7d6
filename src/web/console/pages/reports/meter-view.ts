import { addDays, addMonths, type Day, dayOf, instant, type Month, monthOf, parseDay } from "#base/time.ts";
import { type Comparison, comparedPeriod, comparisons } from "#domain/compared-period.ts";
import { useAddress } from "../../use-address.ts";

/** What the pages of one meter show, as it stands in the address: a year, a month, a day, or an hour of a day. */
export type MeterView = {
  /** `2026`, `2026-08` or `2026-08-05`. */
  period: string;
  hour: number | null;
  /** Length of a slot of a day. */
  minutes: string;
  compare: Comparison | null;
  /** The period that it is compared with. */
  other: string | null;
};

/** Steps within an hour, and those of a whole day. */
export const hourSteps = ["5", "10", "15", "30"] as const;
export const daySteps = ["60", "30", "15", "10", "5"] as const;

/** The view in the address, and a way to change it: each change is a step back for the browser. */
export function useMeterView(): { view: MeterView; go: (to: Partial<MeterView>) => void } {
  const [search, setSearch] = useAddress();
  const view = viewIn(search);
  return { view, go: (to) => setSearch((now) => searchOf({ ...viewIn(now), ...to })) };
}

function viewIn(search: URLSearchParams): MeterView {
  const asked = search.get("period") ?? "";
  const isDay = parseDay(asked) !== null;
  const period = isDay || /^\d{4}(-(0[1-9]|1[0-2]))?$/.test(asked) ? asked : monthOf(dayOf(instant(Date.now())));
  const compare = comparisons.find((each) => each === search.get("compare")) ?? null;
  const hourText = search.get("hour") ?? "";
  const hour = isDay && /^([01]?\d|2[0-3])$/.test(hourText) ? Number(hourText) : null;
  const steps: readonly string[] = hour === null ? daySteps : hourSteps;
  const minutes = steps.find((each) => each === search.get("minutes")) ?? (hour === null ? "60" : "15");
  return { period, hour, minutes, compare, other: compare === null ? null : comparedPeriod(period, compare) };
}

/** The view as an address; what goes without saying is left out. */
export function searchOf({ period, hour, minutes, compare }: MeterView): Record<string, string> {
  const isDay = period.length === 10;
  return {
    period,
    ...(isDay && hour !== null ? { hour: String(hour) } : {}),
    ...(isDay && minutes !== (hour === null ? "60" : "15") ? { minutes } : {}),
    ...(compare === null ? {} : { compare }),
  };
}

/** The same as a relative link. */
export function linkTo(view: MeterView, to: Partial<MeterView>): string {
  return `?${new URLSearchParams(searchOf({ ...view, ...to }))}`;
}

/** The view one hour, day, month or year further; null in the future. */
export function stepped(view: MeterView, by: 1 | -1): Partial<MeterView> | null {
  const { period, hour } = view;
  const today = dayOf(instant(Date.now()));
  if (hour !== null) {
    const next = hour + by;
    if (next >= 0 && next <= 23) return { hour: next };
    const day = addDays(period as Day, by);
    return day > today ? null : { period: day, hour: by > 0 ? 0 : 23 };
  }
  const next =
    period.length === 10
      ? addDays(period as Day, by)
      : period.length === 7
        ? addMonths(period as Month, by)
        : String(Number(period) + by);
  return next > today.slice(0, next.length) ? null : { period: next };
}
