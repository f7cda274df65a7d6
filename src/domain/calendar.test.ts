import { expect, test } from "vitest";
import type { Day } from "#base/time.ts";
import { type Calendar, kindOfDay } from "./calendar.ts";

const calendar: Calendar = new Map([
  ["2026-02-14" as Day, "workday"], // a Saturday on which people work
  ["2026-02-16" as Day, "holiday"], // a Monday off
]);

test.each([
  ["2026-02-13", "workday"],
  ["2026-02-14", "workday"],
  ["2026-02-15", "weekend"],
  ["2026-02-16", "holiday"],
  ["2026-02-17", "workday"],
])("%s is a %s", (day, kind) => {
  expect(kindOfDay(day as Day, calendar)).toBe(kind);
});
