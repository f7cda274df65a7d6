import { expect, test } from "vitest";
import {
  addDays,
  addMonths,
  type Day,
  dayOf,
  daysOfMonth,
  endOfDay,
  formatInstant,
  instant,
  later,
  type Month,
  minuteOfDay,
  monthOf,
  parseDay,
  parseMonth,
  startOfDay,
  weekdayOf,
} from "./time.ts";

const at = (text: string) => instant(Date.parse(text));

test("a day is a day in Shanghai, whatever zone the machine is in", () => {
  expect(dayOf(at("2026-07-31T15:59:59Z"))).toBe("2026-07-31");
  expect(dayOf(at("2026-07-31T16:00:00Z"))).toBe("2026-08-01");
  expect(startOfDay("2026-08-01" as Day)).toBe(at("2026-07-31T16:00:00Z"));
  expect(dayOf(at("2028-02-29T12:00:00Z"))).toBe("2028-02-29");
});

test("the minute of the day and the written time are local", () => {
  expect(minuteOfDay(at("2026-07-31T16:00:00Z"))).toBe(0);
  expect(minuteOfDay(at("2026-07-31T15:59:59Z"))).toBe(1439);
  expect(formatInstant(at("2026-07-31T16:00:01Z"))).toBe("2026-08-01 00:00:01");
});

test("an instant is whole milliseconds", () => {
  expect(later(instant(5), -10)).toBe(-5);
  expect(() => instant(0.5)).toThrow();
  expect(() => instant(Number.NaN)).toThrow();
});

test("days are counted over months, leap days and years, and know their weekday", () => {
  expect(addDays("2026-12-31" as Day, 1)).toBe("2027-01-01");
  expect(addDays("2028-03-01" as Day, -1)).toBe("2028-02-29");
  expect(weekdayOf("2026-08-02" as Day)).toBe(0);
  expect(weekdayOf("2026-08-01" as Day)).toBe(6);
});

test("only a day that exists is a day", () => {
  expect(parseDay("2028-02-29")).toBe("2028-02-29");
  for (const text of ["2026-02-29", "2026-13-01", "2026-8-1", "26-08-01", "2026-08-01 ", "", "abcd-ef-gh"]) {
    expect(parseDay(text)).toBeNull();
  }
});

test("months count on over the end of a year, and know their days", () => {
  expect(endOfDay("2026-08-31" as Day)).toBe(startOfDay("2026-09-01" as Day));
  expect(monthOf("2026-08-31" as Day)).toBe("2026-08");
  expect(addMonths("2026-12" as Month, 1)).toBe("2027-01");
  expect(addMonths("2026-01" as Month, -13)).toBe("2024-12");
  expect(daysOfMonth("2028-02" as Month)).toHaveLength(29);
  expect(parseMonth("2026-08")).toBe("2026-08");
  for (const bad of ["2026-00", "2026-13", "2026", "2026-08-01"]) expect(parseMonth(bad), bad).toBeNull();
});
