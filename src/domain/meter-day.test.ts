import fc from "fast-check";
import { expect, test } from "vitest";
import { addDays, DAY_MS, type Day, HOUR_MS, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { believed, closeDay, dayUsage, type IndexPoint, type LineBreak, type MeterLine } from "./meter-day.ts";
import { REGISTER_SPAN_WH } from "./settlement.ts";

const DAY = "2026-08-01" as Day;
const midnight = startOfDay(DAY);
const next = startOfDay(addDays(DAY, 1));
const at = (from: number, indexWh: number, frozen = false): IndexPoint => ({ at: instant(from), indexWh, frozen });
const line = (points: IndexPoint[], more: Partial<MeterLine> = {}): MeterLine => ({
  points,
  breaks: [],
  ratio: 1,
  since: points[0]?.at ?? null,
  ...more,
});

test("a day goes from the reading nearest to its first midnight to the one nearest to its last", () => {
  const points = [
    at(midnight - 9 * MINUTE_MS, 1_000),
    at(midnight + 6 * MINUTE_MS, 1_010),
    at(midnight + 12 * HOUR_MS, 5_000),
    at(next - 2 * MINUTE_MS, 9_000),
    at(next + 13 * MINUTE_MS, 9_100),
  ];
  expect(closeDay(DAY, line(points, { ratio: 30 }))).toEqual([
    {
      segment: 1,
      ratio: 30,
      open: { indexWh: 1_010, at: midnight + 6 * MINUTE_MS, source: "read" },
      close: { indexWh: 9_000, at: next - 2 * MINUTE_MS, source: "read" },
      usageWh: 7_990 * 30,
      quality: "measured",
    },
  ]);
});

test("what the meter froze at midnight beats a reading beside it", () => {
  const points = [at(midnight, 1_000, true), at(midnight + 1, 1_003), at(next, 2_000, true), at(next, 2_002)];
  const [day] = closeDay(DAY, line(points));
  expect(day).toMatchObject({ open: { indexWh: 1_000, source: "frozen" }, close: { indexWh: 2_000 }, usageWh: 1_000 });
});

test("a gap over midnight is drawn as a straight line, rounded down to 0.01 unit, and marked", () => {
  const points = [at(midnight, 1_000), at(next - 2 * HOUR_MS, 3_000), at(next + HOUR_MS, 3_100)];
  const [day] = closeDay(DAY, line(points));
  expect(day).toMatchObject({ quality: "estimated", close: { indexWh: 3_060, source: "estimated" }, usageWh: 2_060 });
});

test("without a reading after it a day is missing, and missing is not 0", () => {
  const [day] = closeDay(DAY, line([at(midnight, 1_000), at(midnight + HOUR_MS, 1_100)]));
  expect(day).toMatchObject({ quality: "missing", close: null, usageWh: null, open: { indexWh: 1_000 } });
  expect(dayUsage([{ usageWh: 5 }, { usageWh: null }])).toBeNull();
});

test("the first day of a meter begins with its first index", () => {
  const taken = at(midnight + 10 * HOUR_MS, 70_000);
  const [day] = closeDay(DAY, line([taken, at(next, 71_000)]));
  expect(day).toMatchObject({ open: { source: "opening", at: taken.at }, usageWh: 1_000, quality: "measured" });
  expect(closeDay(addDays(DAY, -1), line([taken]))).toMatchObject([{ usageWh: null, quality: "missing" }]);
});

test("a register that starts again counts through, also between two readings", () => {
  const points = [
    at(midnight, REGISTER_SPAN_WH - 1_000),
    at(next - HOUR_MS, REGISTER_SPAN_WH - 100),
    at(next + HOUR_MS, 100),
  ];
  const [day] = closeDay(DAY, line(points));
  expect(day).toMatchObject({ close: { indexWh: 0, source: "estimated" }, usageWh: 1_000 });
});

test("an exchanged meter makes two segments, and nothing is drawn across the exchange", () => {
  const swap: LineBreak = { at: later(midnight, 10 * HOUR_MS), closeWh: 5_000, openWh: 20, ratio: 1 };
  const points = [at(midnight, 4_000), at(midnight + 9 * HOUR_MS, 4_900), at(next, 120)];
  const days = closeDay(DAY, line(points, { breaks: [swap] }));
  expect(days).toMatchObject([
    { segment: 1, close: { indexWh: 5_000, source: "break" }, usageWh: 1_000 },
    { segment: 2, open: { indexWh: 20, source: "break" }, close: { indexWh: 120 }, usageWh: 100 },
  ]);
  expect(closeDay(addDays(DAY, 1), line(points, { breaks: [swap] }))[0]).toMatchObject({ segment: 2 });
});

test("a ratio holds from its change on", () => {
  const change: LineBreak = { at: later(midnight, 12 * HOUR_MS), closeWh: 2_000, openWh: 2_000, ratio: 40 };
  const days = closeDay(DAY, line([at(midnight, 1_000), at(next, 3_000)], { ratio: 30, breaks: [change] }));
  expect(days.map(({ usageWh }) => usageWh)).toEqual([30_000, 40_000]);
});

test("a late reading counts when it lies between its good neighbours, and not when it does not", () => {
  const good = (ms: number, indexWh: number) => ({ ...at(ms, indexWh), late: false });
  const late = (ms: number, indexWh: number) => ({ ...at(ms, indexWh), late: true });
  const kept = believed([good(0, 100), late(3, 99), late(5, 150), late(6, 140), late(7, 201), good(10, 200)]);
  expect(kept.map(({ indexWh }) => indexWh)).toEqual([100, 150, 200]);
});

test("days chain: each begins where the last one ended, and together they are what the register went on", () => {
  const seed = Number(process.env.JICHAO_SEED ?? 20260802);
  console.log(`meter days: seed ${seed}`);
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 * 60 }), fc.integer({ min: 0, max: 90_000 })), {
    minLength: 2,
    maxLength: 120,
  });
  const swaps = fc.array(fc.tuple(fc.nat(119), fc.nat(9_000), fc.integer({ min: 1, max: 50 })), { maxLength: 3 });
  const start = fc.constantFrom(0, 12_340, REGISTER_SPAN_WH - 400_000);
  fc.assert(
    fc.property(start, steps, swaps, fc.integer({ min: 1, max: 60 }), (firstWh, moves, exchanges, ratio) => {
      const points: IndexPoint[] = [];
      const breaks: LineBreak[] = [];
      let now = midnight + 7 * HOUR_MS;
      let index = firstWh;
      let truth = 0;
      let current = ratio;
      moves.forEach(([minutes, used], i) => {
        if (i > 0) {
          now += minutes * MINUTE_MS;
          truth += used * current;
          index = (index + used) % REGISTER_SPAN_WH;
        }
        const swap = i > 0 && i < moves.length - 1 ? exchanges.find(([where]) => where === i) : undefined;
        if (swap === undefined) points.push(at(now, index));
        else {
          breaks.push({ at: instant(now), closeWh: index, openWh: swap[1], ratio: swap[2] });
          index = swap[1];
          current = swap[2];
        }
      });
      // A reading at the very midnight after the last one ends the last day.
      const lastMidnight = Math.ceil((now - midnight) / DAY_MS);
      points.push(at(midnight + lastMidnight * DAY_MS, index));
      let sum = 0;
      let close: number | undefined;
      for (let n = 0; n < lastMidnight; n++) {
        const day = closeDay(addDays(DAY, n), line(points, { breaks, ratio }));
        const usage = dayUsage(day);
        expect(usage).not.toBeNull();
        sum += usage ?? 0;
        if (close !== undefined && day[0]?.open?.source !== "break") expect(day[0]?.open?.indexWh).toBe(close);
        close = day.at(-1)?.close?.indexWh;
      }
      expect(sum).toBe(truth);
    }),
    { seed, numRuns: 500 },
  );
});
