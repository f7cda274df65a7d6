import { describe, expect, test } from "vitest";
import { type Day, HOUR_MS, instant, later, MINUTE_MS, SECOND_MS, startOfDay } from "#base/time.ts";
import type { DayEdge } from "./meter-day.ts";
import { type SlotLine, slotsOfDay } from "./meter-slots.ts";
import { REGISTER_SPAN_WH } from "./settlement.ts";

const DAY = "2026-08-05" as Day;
const at = (hours: number, seconds = 0) => later(startOfDay(DAY), hours * HOUR_MS + seconds * SECOND_MS);
const edge = (hours: number, indexWh: number, source: DayEdge["source"] = "read"): DayEdge => {
  return { at: at(hours), indexWh, source };
};
const point = (hours: number, indexWh: number, seconds = 0) => ({ at: at(hours, seconds), indexWh });
const hourly = (of: (hour: number) => number) => Array.from({ length: 23 }, (_, i) => point(i + 1, of(i + 1)));
const line = (changes: Partial<SlotLine>): SlotLine => ({
  ...{ segment: 1, ratio: 1, open: edge(0, 0), close: edge(24, 2_400), points: [] },
  ...changes,
});
const sum = (parts: readonly { usageWh: number | null }[]) => parts.reduce((all, each) => all + (each.usageWh ?? 0), 0);
const shown = (parts: ReturnType<typeof slotsOfDay>) =>
  parts.map(({ from, to, usageWh, quality }) => {
    return [(from - startOfDay(DAY)) / HOUR_MS, (to - startOfDay(DAY)) / HOUR_MS, usageWh, quality];
  });

describe("a day by slots", () => {
  test("read at every full hour it has 24 measured hours", () => {
    const parts = slotsOfDay(DAY, 60, [line({ points: hourly((hour) => hour * 100) })]);
    expect(parts).toHaveLength(24);
    for (const part of parts) expect(part).toMatchObject({ usageWh: 100, quality: "measured", slots: 1 });
  });

  test("a reading some seconds late, or minutes early, ends the hour that it is nearest to", () => {
    const points = [point(1, 100, 2), point(2, 200, -4 * 60), point(3, 300, 9 * 60)];
    expect(shown(slotsOfDay(DAY, 60, [line({ points })])).slice(0, 3)).toEqual([
      [0, 1, 100, "measured"],
      [1, 2, 100, "measured"],
      [2, 3, 100, "measured"],
    ]);
  });

  test("hours between which nobody read are one gap with one usage, and the day stays whole", () => {
    const points = hourly((hour) => hour * 100).filter(({ at: when }) => when <= at(9) || when >= at(12));
    const parts = slotsOfDay(DAY, 60, [line({ points })]);
    expect(shown(parts)).toContainEqual([9, 12, 300, "gap"]);
    expect(parts.find((part) => part.slots > 1)?.slots).toBe(3);
    expect(sum(parts)).toBe(2_400);
  });

  test("a day that was read at its midnights only is one gap; one of which a midnight is not known tells what it can", () => {
    expect(shown(slotsOfDay(DAY, 60, [line({})]))).toEqual([[0, 24, 2_400, "gap"]]);
    const half = slotsOfDay(DAY, 60, [line({ open: null, points: [point(6, 600), point(7, 650)] })]);
    expect(shown(half).slice(0, 2)).toEqual([
      [0, 6, null, "missing"],
      [6, 7, 50, "measured"],
    ]);
    expect(slotsOfDay(DAY, 60, [line({ open: null, close: null })])).toMatchObject([{ usageWh: null, slots: 24 }]);
    expect(slotsOfDay(DAY, 60, [])).toEqual([]);
  });

  test("a reading that lies in the middle between two edges counts for one of them, and never twice", () => {
    const points = [point(1, 100, 7.5 * 60)];
    const parts = slotsOfDay(DAY, 15, [line({ points })]);
    expect(shown(parts)).toEqual([
      [0, 1, 100, "gap"], // the full hour has the first claim
      [1, 24, 2_300, "gap"],
    ]);
  });

  test("finer slots add up to each hour, also when the reading of the full hour is far from it", () => {
    const points = [point(1, 90, -9 * 60), point(1, 130, 16 * 60), point(2, 210, 8 * 60)];
    const hours = slotsOfDay(DAY, 60, [line({ points })]);
    for (const minutes of [5, 10, 15, 30]) {
      const fine = slotsOfDay(DAY, minutes, [line({ points })]);
      for (const hour of hours) {
        expect(sum(fine.filter((each) => each.from >= hour.from && each.to <= hour.to))).toBe(hour.usageWh);
      }
    }
    expect(shown(slotsOfDay(DAY, 15, [line({ points })]))).toContainEqual([1, 1.25, 40, "measured"]);
  });

  test("over the end of the register there is no spike", () => {
    const begin = REGISTER_SPAN_WH - 550;
    const points = hourly((hour) => (begin + hour * 100) % REGISTER_SPAN_WH);
    const parts = slotsOfDay(DAY, 60, [line({ open: edge(0, begin), close: edge(24, 1_850), points, ratio: 30 })]);
    expect(parts.map((part) => part.usageWh)).toEqual(Array.from({ length: 24 }, () => 3_000));
  });

  test("an exchange cuts an hour in two, each by its own ratio, and nothing is subtracted across it", () => {
    const broken = at(10, 20 * 60);
    const old = line({
      close: { at: broken, indexWh: 1_050, source: "break" },
      points: hourly((hour) => hour * 100).filter((each) => each.at < broken),
    });
    const fresh = line({
      ...{ segment: 2, ratio: 40, open: { at: broken, indexWh: 7, source: "break" }, close: edge(24, 147) },
      points: [point(11, 17), point(13, 37)],
    });
    const parts = slotsOfDay(DAY, 60, [old, fresh]);
    expect(shown(parts).slice(9, 14)).toEqual([
      [9, 10, 100, "measured"],
      [10, 10 + 1 / 3, 50, "measured"],
      [10 + 1 / 3, 11, 400, "measured"],
      [11, 13, 800, "gap"],
      [13, 24, 4_400, "gap"],
    ]);
    expect(parts[10]).toMatchObject({ segment: 1, slots: 1 });
    expect(parts[11]).toMatchObject({ segment: 2, slots: 1, ratio: 40 });
    // Right at a full hour there are two whole ones.
    const sharp = { at: at(10), indexWh: 1_000, source: "break" as const };
    const [first, second] = [
      slotsOfDay(DAY, 60, [{ ...old, close: sharp, points: old.points.filter((each) => each.at < at(10)) }]),
      slotsOfDay(DAY, 60, [{ ...fresh, open: { ...sharp, indexWh: 7 } }]),
    ];
    expect([shown(first).at(-1), shown(second)[0]]).toEqual([
      [9, 10, 100, "measured"],
      [10, 11, 400, "measured"],
    ]);
  });

  test("where a midnight is estimated the hour at it says so; a meter's first day begins with its first reading", () => {
    const points = hourly((hour) => hour * 100);
    const parts = slotsOfDay(DAY, 60, [line({ open: edge(0, 0, "estimated"), points })]);
    expect(parts.map((part) => part.quality).slice(0, 2)).toEqual(["estimated", "measured"]);
    const first = { at: at(8, 40 * 60), indexWh: 860, source: "opening" as const };
    const begun = slotsOfDay(DAY, 60, [line({ open: first, points: points.filter((each) => each.at > first.at) })]);
    expect(begun[0]).toMatchObject({ from: first.at, to: at(9), usageWh: 40, slots: 1 });
  });

  test("two believed indexes that contradict each other make no usage", () => {
    const parts = slotsOfDay(DAY, 60, [line({ open: edge(0, 500_000), close: edge(24, 400_000) })]);
    expect(parts).toMatchObject([{ usageWh: null, quality: "missing" }]);
    expect(instant(parts[0]?.to ?? 0) - (parts[0]?.from ?? 0)).toBe(24 * 60 * MINUTE_MS);
  });
});
