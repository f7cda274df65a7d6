import { HOUR_MS, type Instant, instant } from "#base/time.ts";
import { type Bytes, bcdAt, putBcd } from "../bytes.ts";

/** Function codes (D4–D0 of the control code): §7 of the 2007 text; 03H, 1CH and 1DH of the later filing. */
export const FUNCTION = {
  security: 0x03,
  setClock: 0x08,
  read: 0x11,
  readFollow: 0x12,
  readAddress: 0x13,
  write: 0x14,
  writeAddress: 0x15,
  freeze: 0x16,
  setBaud: 0x17,
  setPassword: 0x18,
  clearDemand: 0x19,
  clearMeter: 0x1a,
  clearEvents: 0x1b,
  relay: 0x1c,
  output: 0x1d,
} as const;

/** Control code bits (§5.2.3). */
export const CONTROL = { fromMeter: 0x80, abnormal: 0x40, moreFollows: 0x20, function: 0x1f } as const;

/** All meters at once (§5.2.2): clock and freeze, and no meter may answer. */
export const BROADCAST = "999999999999";

/** Any meter: for the only one on a line. Some AA bytes above real ones ask the meters that end in those digits. */
export const ANY_METER = "AAAAAAAAAAAA";

/** A meter's wall clock: full year, month 1 … 12. Out of range values are possible where a meter or master sent them. */
export type LocalTime = { year: number; month: number; day: number; hour: number; minute: number; second: number };

const CENTURY = 2000;
/** Meters keep China's time, whatever the zone of a host; it has no summer time. */
const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;

/** Whether an answer from one address may be to a question to another: itself, a wildcard (AA bytes) or everybody. */
export function addressMatches(asked: string, answered: string): boolean {
  if (asked === answered || asked === BROADCAST) return true;
  for (let i = 0; i < 12; i += 2) {
    const pair = asked.slice(i, i + 2);
    if (pair !== "AA" && pair !== answered.slice(i, i + 2)) return false;
  }
  return true;
}

/** ss mm hh DD MM YY; null when a nibble is no digit. The date may still be impossible. */
export function localTimeAt(data: Bytes, at: number): LocalTime | null {
  const second = bcdAt(data, at, 1, 0xff);
  const minute = bcdAt(data, at + 1, 1, 0xff);
  const hour = bcdAt(data, at + 2, 1, 0xff);
  const day = bcdAt(data, at + 3, 1, 0xff);
  const month = bcdAt(data, at + 4, 1, 0xff);
  const year = CENTURY + bcdAt(data, at + 5, 1, 0xff);
  // One that is no number makes the sum none.
  if (Number.isNaN(second + minute + hour + day + month + year)) return null;
  return { year, month, day, hour, minute, second };
}

/** Writes ss mm hh DD MM YY. */
export function putLocalTime(data: Bytes, at: number, time: LocalTime): void {
  putBcd(data, at, 1, time.second);
  putBcd(data, at + 1, 1, time.minute);
  putBcd(data, at + 2, 1, time.hour);
  putBcd(data, at + 3, 1, time.day);
  putBcd(data, at + 4, 1, time.month);
  putBcd(data, at + 5, 1, time.year - CENTURY);
}

/** Whether a clock can show the time; the all-zero time of careless masters it cannot. */
export function isPossible(time: LocalTime): boolean {
  const { year, month, day, hour, minute, second } = time;
  const days = [31, (year - CENTURY) % 4 === 0 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (days[month - 1] ?? 0) && hour <= 23 && minute <= 59 && second <= 59;
}

/** What a clock of China shows at an instant; milliseconds are left off. */
export function localTimeOf(at: Instant): LocalTime {
  const local = new Date(at + SHANGHAI_OFFSET_MS);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  };
}

/** When a clock of China shows this time; null when it is no possible time. */
export function instantOf(time: LocalTime): Instant | null {
  const { year, month, day, hour, minute, second } = time;
  return isPossible(time) ? instant(Date.UTC(year, month - 1, day, hour, minute, second) - SHANGHAI_OFFSET_MS) : null;
}

/** `2026-08-01 12:30:00`; null when it is no possible time. */
export function timeText(time: LocalTime | null): string | null {
  if (time === null || !isPossible(time)) return null;
  const two = (part: number) => String(part).padStart(2, "0");
  const { year, month, day, hour, minute, second } = time;
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}
