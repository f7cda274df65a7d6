import { expect, test } from "vitest";
import { HOUR_MS, type Instant, instant, later } from "#base/time.ts";
import { createBus } from "./bus.ts";
import { visitMeter } from "./past-visit.ts";
import type { PastTask } from "./past-work.ts";

const NOON = instant(Date.parse("2026-08-01T12:00:00+08:00"));
const hours = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({
    at: later(NOON, (from + i) * HOUR_MS),
    energyWh: 1_000 + from + i,
  }));
const indexes = (points: ReturnType<typeof hours>) => points.map(({ at, energyWh }) => ({ at, indexWh: energyWh }));

/** The meter's load records of twelve hours are missing. */
const task: PastTask = {
  meter: {
    ...{ meterId: 1, installation: 1, address: "000000000001", bus: 1, via: null, profile: "jc1" },
    ...{ createdAt: instant(0), swappedAt: 0, memory: null },
  },
  clock: false,
  offsetMs: 0,
  midnights: [],
  records: { from: NOON, to: later(NOON, 11 * HOUR_MS) },
  isLate: false,
};

/** A bus on which these records are heard, one answer after the other. */
function busTelling(answers: { at: Instant; energyWh: number }[][]) {
  return createBus(async () => ({
    kind: "answered",
    answer: { kind: "past", told: { what: "records", points: answers.shift() ?? [] } },
    at: NOON,
  }));
}

test("a late answer to the question before does not make records missing that the meter has", async () => {
  const visit = await visitMeter(busTelling([hours(0, 5), hours(0, 5), hours(6, 11)]), task);
  expect(visit).toMatchObject({ records: indexes(hours(0, 11)), recordedTo: later(NOON, 11 * HOUR_MS), trouble: null });
});

test("a meter that has older records alone, asked twice, has none up to where it was asked", async () => {
  const visit = await visitMeter(busTelling([hours(0, 5), hours(-2, 5), hours(-2, 5)]), task);
  expect(visit).toMatchObject({ records: indexes(hours(0, 5)), recordedTo: later(NOON, 11 * HOUR_MS), trouble: null });
});
