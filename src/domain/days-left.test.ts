import { expect, test } from "vitest";
import { dailyUse, daysLeftTenths, NO_USE } from "./days-left.ts";

test("credit of 30 kWh at 4 kWh a day lasts seven and a half days", () => {
  const perDay = dailyUse({ usedWh: 28_000, days: 7 });
  expect(perDay).toBe(4_000);
  expect(daysLeftTenths(30_000, perDay)).toBe(75);
});

test("a use is taken from the days that are known, and from nothing else", () => {
  expect(dailyUse({ usedWh: 12_000, days: 3 })).toBe(4_000);
  expect(dailyUse(NO_USE)).toBeNull();
  expect(dailyUse({ usedWh: 0, days: 7 })).toBe(0);
});

test("no use, or one that is not known, tells nothing of credit that is there", () => {
  expect(daysLeftTenths(30_000, 0)).toBeNull();
  expect(daysLeftTenths(30_000, null)).toBeNull();
  expect(daysLeftTenths(null, 4_000)).toBeNull();
});

test("nothing left is no days, never less, whatever is used", () => {
  expect(daysLeftTenths(0, 4_000)).toBe(0);
  expect(daysLeftTenths(-5_000, 4_000)).toBe(0);
  expect(daysLeftTenths(0, 0)).toBe(0);
  expect(daysLeftTenths(-1, null)).toBe(0);
});
