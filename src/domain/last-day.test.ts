import { expect, test } from "vitest";
import { HOUR_MS, instant, MINUTE_MS } from "#base/time.ts";
import { type LastDayFacts, lastDay, lastDayFrom } from "./last-day.ts";

const hour = (nth: number) => 480_000 * HOUR_MS + nth * HOUR_MS; // the 24 shown are 0 … 23
const now = instant(hour(23) + 30 * MINUTE_MS);
const fine: LastDayFacts = {
  now,
  createdAt: 0,
  lastAnswerAt: now,
  silentRounds: 0,
  relay: "closed",
  readings: new Map(Array.from({ length: 24 }, (_, i) => [hour(i), 4])),
  events: [],
  offlineSince: null,
  askedHours: new Set(Array.from({ length: 24 }, (_, i) => hour(i))),
};
const event = (kind: LastDayFacts["events"][number]["kind"], at: number, lastAnswerAt: number | null = null) => ({
  ...{ kind, at, lastAnswerAt },
});
const only = (...hours: number[]) => new Map(hours.map((nth) => [hour(nth), 1]));
const heard = (facts: Partial<LastDayFacts>) => lastDay({ ...fine, ...facts }).map((each) => each.heard);
const off = (facts: Partial<LastDayFacts>) => lastDay({ ...fine, ...facts }).map((each) => each.offMinutes);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test("a meter that answered all day and was never off", () => {
  expect(lastDayFrom(now)).toBe(hour(0));
  expect(lastDay(fine).map(({ at }) => at)).toEqual(Array.from({ length: 24 }, (_, i) => hour(i)));
  expect(heard({})).toEqual(times(24, "answered"));
  expect(off({})).toEqual(times(24, 0));
});

test("a silence begins with the last answer, not when it is noticed, and ends with the next one", () => {
  const events = [event("silent", hour(8), hour(5) + 1), event("answering", hour(11) + 5)];
  const readings = only(...Array.from({ length: 24 }, (_, i) => i).filter((i) => i < 6 || i > 11));
  const shown = heard({ events, readings });
  expect(shown.slice(5, 13)).toEqual(["answered", ...times(6, "silent"), "answered"]);
});

test("a silence that goes on reaches to now, also before it was noticed, and one from before the day into it", () => {
  expect(heard({ readings: only(0), lastAnswerAt: hour(0), silentRounds: 1 }).slice(1)).toEqual(times(23, "silent"));
  expect(heard({ readings: new Map(), lastAnswerAt: 1, events: [event("silent", hour(-9), hour(-12))] })).toEqual(
    times(24, "silent"),
  );
});

test("a concentrator that is away explains what the meter cannot; an hour of which nobody knows why is a gap, never an answer", () => {
  const away = { readings: only(0), lastAnswerAt: hour(0), silentRounds: 2, offlineSince: hour(3) + 1 };
  expect(heard(away)).toEqual(["answered", "silent", "silent", ...times(21, "offline")]);
  const gaps = heard({ readings: only(0), lastAnswerAt: hour(0), askedHours: new Set([hour(1)]) });
  expect(gaps).toEqual(["answered", "none", ...times(21, "unasked"), "none"]);
});

test("minutes without supply go by the changes of the switch, the first of which tells how it was before", () => {
  const events = [event("closed", hour(2) + 15 * MINUTE_MS), event("tripped", hour(22) + 59.9 * MINUTE_MS)];
  expect(off({ events, relay: "open" })).toEqual([60, 60, 15, ...times(19, 0), 1, 30]);
  expect(off({ relay: "open" })).toEqual([...times(23, 60), 30]);
  expect(off({ relay: null })).toEqual(times(24, null));
});

test("nothing is said of the time before the meter was entered", () => {
  const young = { createdAt: hour(20) + 30 * MINUTE_MS, readings: only(21, 22, 23), relay: "open" as const };
  expect(heard(young)).toEqual([...times(20, "none"), "none", ...times(3, "answered")]);
  expect(off(young)).toEqual([...times(20, null), 30, 60, 60, 30]);
});
