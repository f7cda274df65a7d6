import { type Day, weekdayOf } from "#base/time.ts";

/** Kinds of days (日类型) that prices and no-cut windows tell apart. */
export const dayKinds = ["workday", "weekend", "holiday"] as const;
/** One of {@link dayKinds}. A weekend day on which people work instead (调休) is a workday. */
export type DayKind = (typeof dayKinds)[number];

/** What an entry of the calendar makes of a day: off (放假) or worked although it is a weekend (调休上班). */
export const calendarKinds = ["holiday", "workday"] as const;
/** One of {@link calendarKinds}. */
export type CalendarKind = (typeof calendarKinds)[number];

/** The days that are not what their weekday says. */
export type Calendar = ReadonlyMap<Day, CalendarKind>;

/** The kind of a day: what the calendar says, else by its weekday. */
export function kindOfDay(day: Day, calendar: Calendar): DayKind {
  const entry = calendar.get(day);
  if (entry !== undefined) return entry;
  const weekday = weekdayOf(day);
  return weekday === 0 || weekday === 6 ? "weekend" : "workday";
}
