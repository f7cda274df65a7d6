import { assert } from "./errors.ts";

declare const brand: unique symbol;
/** A moment: milliseconds since 1970-01-01 UTC. */
export type Instant = number & { readonly [brand]: "instant" };
/** A calendar day in Asia/Shanghai, `"2026-08-01"`. */
export type Day = string & { readonly [brand]: "day" };

/** A calendar month in Asia/Shanghai, `"2026-08"`. */
export type Month = string & { readonly [brand]: "month" };

/** Where the program takes "now" from; only `main.ts` files know the real one. */
export type Clock = () => Instant;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Asia/Shanghai has had no daylight saving since 1991: a fixed offset is exact for every reading we can hold. */
const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;

/** Makes an instant from epoch milliseconds. */
export function instant(ms: number): Instant {
  assert(Number.isSafeInteger(ms), `not an instant: ${ms}`);
  return ms as Instant;
}

/** The instant `ms` milliseconds later (or earlier, when negative). */
export function later(at: Instant, ms: number): Instant {
  return instant(at + ms);
}

/** The calendar day in Asia/Shanghai that holds the instant. */
export function dayOf(at: Instant): Day {
  return new Date(at + SHANGHAI_OFFSET_MS).toISOString().slice(0, 10) as Day;
}

/** Midnight (Asia/Shanghai) at which the day begins. */
export function startOfDay(day: Day): Instant {
  return instant(Date.parse(`${day}T00:00:00Z`) - SHANGHAI_OFFSET_MS);
}

/** The day `count` days later (or earlier, when negative). */
export function addDays(day: Day, count: number): Day {
  return dayOf(later(startOfDay(day), count * DAY_MS));
}

/** Day of the week: 0 Sunday … 6 Saturday. */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

/** A day as text, or null when there is no such day: `"2026-02-30"`, `"2026-8-1"`. */
export function parseDay(text: string): Day | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : (text as Day);
}

/** Midnight at which the day ends and the next begins. */
export function endOfDay(day: Day): Instant {
  return later(startOfDay(day), DAY_MS);
}

/** The month that holds the day. */
export function monthOf(day: Day): Month {
  return day.slice(0, 7) as Month;
}

/** A month as text, or null when there is no such month: `"2026-13"`. */
export function parseMonth(text: string): Month | null {
  return parseDay(`${text}-01`) === null ? null : (text as Month);
}

/** The month `count` months later (or earlier, when negative). */
export function addMonths(month: Month, count: number): Month {
  const months = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + count;
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, "0")}` as Month;
}

/** All days of the month, in order. */
export function daysOfMonth(month: Month): Day[] {
  const days: Day[] = [];
  for (let day = `${month}-01` as Day; monthOf(day) === month; day = addDays(day, 1)) days.push(day);
  return days;
}

/** Minutes since local midnight, 0 … 1439. */
export function minuteOfDay(at: Instant): number {
  return Math.floor((at - startOfDay(dayOf(at))) / MINUTE_MS);
}

/** `2026-08-01 15:45:12` in Asia/Shanghai. */
export function formatInstant(at: Instant): string {
  return new Date(at + SHANGHAI_OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}
