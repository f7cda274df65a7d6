import { addDays, type Day, dayOf, instant, MINUTE_MS, parseDay, startOfDay } from "#base/time.ts";

/** Minutes of a day as `08:30`; the end of the day is `24:00`. */
export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** Minutes of a day from `8:30`, `08:30` or a full-width colon; null when it is no time of day. */
export function minuteOf(text: string): number | null {
  const match = /^(\d{1,2})[:：](\d{2})$/.exec(text.trim());
  if (!match) return null;
  const [hours, minutes] = [Number(match[1]), Number(match[2])];
  return minutes < 60 && hours * 60 + minutes <= 1_440 ? hours * 60 + minutes : null;
}

/** The first of the month after the one of `now`: when prices usually change. */
export function firstOfNextMonth(now: number): Day {
  const first = `${dayOf(instant(now)).slice(0, 7)}-01` as Day;
  return `${addDays(first, 32).slice(0, 7)}-01` as Day;
}

/** The month before the one of `now`, `2026-07`. */
export function lastMonth(now: number): string {
  const first = `${dayOf(instant(now)).slice(0, 7)}-01` as Day;
  return addDays(first, -1).slice(0, 7);
}

/** The instant of a day and a time of day as they were typed; null when either is none. */
export function instantOf(day: string, time: string): number | null {
  const parsed = parseDay(day);
  const minute = minuteOf(time);
  return parsed === null || minute === null || minute === 1_440 ? null : startOfDay(parsed) + minute * MINUTE_MS;
}
