import {
  addDays,
  type Day,
  dayOf,
  type Instant,
  instant,
  later,
  MINUTE_MS,
  minuteOfDay,
  startOfDay,
} from "#base/time.ts";
import { type Calendar, type DayKind, kindOfDay } from "./calendar.ts";

/**
 * Times in which nobody is cut off for arrears (不断电时段): on days of these kinds, from one local minute to another. One that
 * ends before it begins runs over midnight and belongs to the day on which it begins; 0 … 1440 is the whole day.
 */
export type NoCutWindow = { readonly days: readonly DayKind[]; readonly fromMinute: number; readonly toMinute: number };

/** Days looked ahead for an hour in which one may be cut off; longer than any holiday. */
const LOOK_AHEAD_DAYS = 40;

/** Whether an instant lies in one of the windows. */
export function isNoCutAt(windows: readonly NoCutWindow[], calendar: Calendar, at: Instant): boolean {
  return endOfNoCut(windows, calendar, at) !== null;
}

/**
 * When the windows that hold at an instant are over, joining those that follow each other without a gap: the night before a holiday, the
 * holiday, the night after it. Null when none holds; the last moment looked at when it never ends.
 */
export function endOfNoCut(windows: readonly NoCutWindow[], calendar: Calendar, at: Instant): Instant | null {
  let end: Instant | null = null;
  const limit = later(startOfDay(addDays(dayOf(at), LOOK_AHEAD_DAYS)), 0);
  for (;;) {
    const from: Instant = end ?? at;
    const until = Math.max(...windows.flatMap((window) => untilOf(window, calendar, from)), Number.NEGATIVE_INFINITY);
    if (until <= from) return end;
    end = instant(Math.min(until, limit));
    if (end >= limit) return end;
  }
}

/** The end of the window that holds at an instant, begun on its day or on the day before. */
function untilOf(window: NoCutWindow, calendar: Calendar, at: Instant): number[] {
  const today = dayOf(at);
  const minute = minuteOfDay(at);
  const overMidnight = window.toMinute < window.fromMinute;
  const begins = (day: Day) => window.days.includes(kindOfDay(day, calendar));
  const found: number[] = [];
  if (begins(today) && minute >= window.fromMinute && (overMidnight || minute < window.toMinute)) {
    const to = overMidnight ? startOfDay(addDays(today, 1)) : startOfDay(today);
    found.push(to + window.toMinute * MINUTE_MS);
  }
  if (overMidnight && begins(addDays(today, -1)) && minute < window.toMinute) {
    found.push(startOfDay(today) + window.toMinute * MINUTE_MS);
  }
  return found;
}
