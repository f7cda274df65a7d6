import { expect, test } from "vitest";
import { type Day, dayOf, formatInstant, instant, later, minuteOfDay, startOfDay } from "./time.ts";

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
