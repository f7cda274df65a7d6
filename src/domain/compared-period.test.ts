import { expect, test } from "vitest";
import { comparedPeriod, usageThen } from "./compared-period.ts";

test.each([
  ["2026", "before", "2025"],
  ["2026", "year", "2025"],
  ["2026-01", "before", "2025-12"],
  ["2026-08", "year", "2025-08"],
  ["2026-01-01", "before", "2025-12-31"],
  ["2026-03-01", "before", "2026-02-28"],
  ["2026-08-05", "year", "2025-08-05"],
  ["2024-02-29", "year", null],
] as const)("%s is compared (%s) with %s", (period, how, other) => {
  expect(comparedPeriod(period, how)).toBe(other);
});

const HOUR = 3_600_000;
const part = (from: number, to: number, usageWh: number | null) => ({ from: from * HOUR, to: to * HOUR, usageWh });

test("a usage is compared with that of the very same hours, together or one by one, and with nothing else", () => {
  const before = [part(0, 1, 10), part(1, 2, 20), part(2, 5, 90), part(5, 6, null)];
  const then = (from: number, to: number) => usageThen(part(24 + from, 24 + to, 1), before, -24 * HOUR);
  expect([then(0, 1), then(0, 2), then(1, 5), then(2, 5)]).toEqual([10, 30, 110, 90]);
  expect([then(2, 3), then(4, 6), then(5, 6), then(6, 7)]).toEqual([null, null, null, null]);
});
