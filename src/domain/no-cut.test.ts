import { expect, test } from "vitest";
import { type Day, formatInstant, HOUR_MS, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { Calendar } from "./calendar.ts";
import { endOfNoCut, isNoCutAt, type NoCutWindow } from "./no-cut.ts";

const at = (day: string, hour: number, minute = 0) =>
  instant(startOfDay(day as Day) + hour * HOUR_MS + minute * MINUTE_MS);
const night: NoCutWindow = { days: ["workday", "weekend", "holiday"], fromMinute: 17 * 60, toMinute: 8 * 60 + 30 };
const daysOff: NoCutWindow = { days: ["weekend", "holiday"], fromMinute: 0, toMinute: 1_440 };
const calendar: Calendar = new Map([
  ["2026-10-01" as Day, "holiday"],
  ["2026-10-02" as Day, "holiday"],
  ["2026-10-10" as Day, "workday"], // a Saturday on which people work
]);
const ends = (windows: NoCutWindow[], from: number) => {
  const end = endOfNoCut(windows, calendar, instant(from));
  return end === null ? null : formatInstant(end);
};

test("a window over midnight holds in both parts, and not between them", () => {
  for (const [hour, minute, holds] of [
    [16, 59, false],
    [17, 0, true],
    [23, 59, true],
    [0, 0, true],
    [8, 29, true],
    [8, 30, false],
  ] as const)
    expect(isNoCutAt([night], calendar, at("2026-08-05", hour, minute))).toBe(holds);
});

test("a night belongs to the day on which it begins", () => {
  const friday: NoCutWindow = { ...night, days: ["workday"] };
  expect(isNoCutAt([friday], calendar, at("2026-08-08", 3))).toBe(true); // Saturday before dawn, begun on Friday
  expect(isNoCutAt([friday], calendar, at("2026-08-08", 18))).toBe(false);
  expect(isNoCutAt([friday], calendar, at("2026-08-10", 3))).toBe(false); // Monday before dawn, begun on Sunday
});

test("holidays and weekends are whole days, and a worked weekend is a workday", () => {
  expect(isNoCutAt([daysOff], calendar, at("2026-10-01", 10))).toBe(true);
  expect(isNoCutAt([daysOff], calendar, at("2026-10-10", 10))).toBe(false);
  expect(isNoCutAt([daysOff], calendar, at("2026-10-11", 10))).toBe(true);
  expect(isNoCutAt([], calendar, at("2026-10-01", 10))).toBe(false);
});

test("it ends when all that follow without a gap have ended", () => {
  expect(ends([night], at("2026-08-05", 20))).toBe("2026-08-06 08:30:00");
  // Thursday and Friday are holidays, then a weekend: from Wednesday evening to Monday morning.
  expect(ends([night, daysOff], at("2026-09-30", 18))).toBe("2026-10-05 08:30:00");
  expect(ends([daysOff], at("2026-08-05", 10))).toBeNull();
  const always: NoCutWindow = { days: ["workday", "weekend", "holiday"], fromMinute: 0, toMinute: 1_440 };
  expect(ends([always], at("2026-08-05", 10))).toBe("2026-09-14 00:00:00");
});
