import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "#base/time.ts";
import { dailyUse, daysLeftTenths } from "./days-left.ts";

test("credit of 30 kWh at 4 kWh a day lasts seven and a half days", () => {
  const perDay = dailyUse({ usedWh: 28_000, overMs: 7 * DAY_MS });
  expect(perDay).toBe(4_000);
  expect(daysLeftTenths(30_000, perDay)).toBe(75);
});

test("too short a time, a register that went back, or no use tell nothing", () => {
  expect(dailyUse({ usedWh: 1_000, overMs: HOUR_MS - 1 })).toBeNull();
  expect(dailyUse({ usedWh: -1, overMs: DAY_MS })).toBeNull();
  expect(daysLeftTenths(30_000, 0)).toBeNull();
  expect(daysLeftTenths(30_000, null)).toBeNull();
  expect(daysLeftTenths(null, 4_000)).toBeNull();
});

test("nothing left is no days, never less", () => {
  expect(daysLeftTenths(0, 4_000)).toBe(0);
  expect(daysLeftTenths(-5_000, 4_000)).toBe(0);
});
