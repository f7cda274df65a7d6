import { expect, test } from "vitest";
import { DAY_MS, instant } from "#base/time.ts";
import { judgeQuarantine, type QuarantineFacts, skippedNumbers } from "./quarantine.ts";

const read: QuarantineFacts = {
  answered: true,
  creditInMeter: true,
  booked: 4,
  shown: 4,
  openNumber: null,
  relay: "closed",
  hasOldClose: false,
};

test.each<[string, Partial<QuarantineFacts>, string, string]>([
  ["a meter that shows what is booked may go on", {}, "clear", ""],
  ["a meter that has not answered waits", { answered: false }, "waiting", "not_read"],
  ["a meter whose count was not read waits", { shown: null }, "waiting", "not_read"],
  ["a purchase that the books do not know is a doubt", { shown: 5 }, "doubtful", "count_ahead"],
  ["so are many", { shown: 9 }, "doubtful", "count_ahead"],
  ["a purchase that the meter has forgotten is a doubt", { shown: 3 }, "doubtful", "count_behind"],
  ["what was on its way and has not arrived may go on", { openNumber: 5 }, "clear", ""],
  ["what was on its way and may have arrived is a doubt", { openNumber: 5, shown: 5 }, "doubtful", "open_purchase"],
  ["beyond what was on its way is a doubt", { openNumber: 5, shown: 6 }, "doubtful", "count_ahead"],
  ["an old close waits for the switch", { hasOldClose: true, relay: null }, "waiting", "not_read"],
  ["an old close of an open switch is a doubt", { hasOldClose: true, relay: "open" }, "doubtful", "old_close"],
  ["an old close of a closed switch does no harm", { hasOldClose: true }, "clear", ""],
  ["a meter with its credit on the server has no count", { creditInMeter: false, shown: null }, "clear", ""],
])("%s", (_, facts, state, reason) => {
  expect(judgeQuarantine({ ...read, ...facts })).toEqual({ state, reason });
});

test.each([
  ["a backup of last night", 1, 100_000],
  ["one of six weeks ago", 43, 700_000],
  ["one whose clock was ahead", -1, 100_000],
])("after %s so many numbers are left out", (_, days, numbers) => {
  const now = instant(Date.parse("2026-08-01"));
  expect(skippedNumbers(instant(now - days * DAY_MS), now)).toBe(numbers);
});
