import { describe, expect, test } from "vitest";
import { type LossMeter, lossOf, lossPoints, partBp, worstFirst } from "./loss.ts";

// Area 1 holds 2 and 3; box 9 lies in area 3.
const places = {
  areaOfBox: (box: number) => (box === 9 ? 3 : null),
  above: (area: number) => (area === 1 ? [1] : [area, 1]),
};
const meter = (id: number, areaId: number, rest: Partial<LossMeter> = {}): LossMeter => ({
  ...{ id, areaId, boxId: null, masterOf: null },
  ...rest,
});

describe("places with a master meter", () => {
  test("each meter hangs below the nearest master meter only, and a master meter below the next one above its place", () => {
    const points = lossPoints(
      [
        meter(1, 1, { masterOf: "area" }),
        meter(2, 1),
        meter(3, 2),
        meter(4, 3, { masterOf: "area" }),
        meter(5, 3),
        meter(6, 3, { boxId: 9, masterOf: "box" }),
        meter(7, 3, { boxId: 9 }),
        // Hangs in the box but in another area: what feeds it is the box.
        meter(8, 2, { boxId: 9 }),
      ],
      places,
    );
    expect(points).toEqual([
      { type: "area", id: 1, masters: [1], subs: [2, 3, 4] },
      { type: "area", id: 3, masters: [4], subs: [5, 6] },
      { type: "box", id: 9, masters: [6], subs: [7, 8] },
    ]);
  });

  test("two feeds of one place count together, and a master meter of a box that hangs in none feeds nothing", () => {
    const points = lossPoints(
      [meter(1, 2, { masterOf: "area" }), meter(2, 2, { masterOf: "area" }), meter(3, 2, { masterOf: "box" })],
      places,
    );
    expect(points).toEqual([{ type: "area", id: 2, masters: [1, 2], subs: [3] }]);
  });

  test("without a master meter there is no place", () => {
    expect(lossPoints([meter(1, 1), meter(2, 2, { boxId: 9 })], places)).toEqual([]);
  });
});

describe("a loss", () => {
  test("counts only days on which everything is known, and counts the others", () => {
    const days = [
      { masterWh: 1_000, subsWh: 900, expected: 3, known: 3 },
      { masterWh: 0, subsWh: 500, expected: 3, known: 2 },
      { masterWh: 500, subsWh: 550, expected: 2, known: 2 },
      { masterWh: 0, subsWh: 0, expected: 0, known: 0 },
    ];
    expect(lossOf(days)).toEqual({
      ...{ days: 2, daysIncomplete: 1, masterWh: 1_500, subsWh: 1_450, lossWh: 50, lossBp: 333 },
    });
    expect(lossOf(days.slice(1, 2))).toEqual({
      ...{ days: 0, daysIncomplete: 1, masterWh: null, subsWh: null, lossWh: null, lossBp: null },
    });
  });

  test("may be negative, and has no per cent when nothing came in", () => {
    expect(lossOf([{ masterWh: 900, subsWh: 1_000, expected: 2, known: 2 }])).toMatchObject({
      lossWh: -100,
      lossBp: -1_111,
    });
    expect(lossOf([{ masterWh: 0, subsWh: 7, expected: 2, known: 2 }])).toMatchObject({ lossWh: -7, lossBp: null });
  });

  test("is exact to the hundredth of a per cent, half away from zero, however large", () => {
    expect([partBp(1, 20_000), partBp(-1, 20_000), partBp(1, 20_001), partBp(-1, 20_001)]).toEqual([1, -1, 0, 0]);
    expect(partBp(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER)).toBe(10_000);
    expect(partBp(4_503_599_627_370_496, 9_007_199_254_740_991)).toBe(5_000);
  });

  test("comes worst first; what is not known comes last, and equals keep one order", () => {
    const row = (id: number, lossBp: number | null, lossWh: number | null) => ({
      type: "box" as const,
      id,
      lossBp,
      lossWh,
    });
    const rows = [row(1, null, null), row(2, 100, 5), row(4, 300, 1), row(3, 100, 9), row(5, -50, -2)];
    expect(worstFirst(rows, "percent").map(({ id }) => id)).toEqual([4, 2, 3, 5, 1]);
    expect(worstFirst(rows, "wh").map(({ id }) => id)).toEqual([3, 2, 4, 5, 1]);
  });
});
