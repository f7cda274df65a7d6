import { expect, test } from "vitest";
import { clock, firstOfNextMonth, instantOf, lastMonth, minuteOf } from "./clock-text.ts";

test("times of day are read as people type them, and nothing else is", () => {
  for (const [text, minute] of [
    ["8:30", 510],
    ["08:30", 510],
    ["8：05", 485],
    ["24:00", 1_440],
    ["0:00", 0],
  ] as const) {
    expect(minuteOf(text)).toBe(minute);
  }
  for (const text of ["", "8", "24:01", "25:00", "8:60", "8:3", "-1:00", "08:30:00"]) expect(minuteOf(text)).toBeNull();
  expect([clock(0), clock(510), clock(1_440)]).toEqual(["00:00", "08:30", "24:00"]);
});

test("the first of the next month, and the month before, also over the turn of the year", () => {
  const december = Date.parse("2026-12-31T15:00:00Z"); // 23:00 in Shanghai
  expect(firstOfNextMonth(december)).toBe("2027-01-01");
  expect(firstOfNextMonth(december + 3_600_000)).toBe("2027-02-01");
  expect(lastMonth(december)).toBe("2026-11");
  expect(lastMonth(december + 3_600_000)).toBe("2026-12");
});

test("a day and a time are an instant in Shanghai, or nothing", () => {
  expect(instantOf("2026-08-01", "00:00")).toBe(Date.parse("2026-07-31T16:00:00Z"));
  expect(instantOf("2026-02-30", "00:00")).toBeNull();
  expect(instantOf("2026-08-01", "24:00")).toBeNull();
  expect(instantOf("", "00:00")).toBeNull();
});
