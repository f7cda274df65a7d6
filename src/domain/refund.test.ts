import { describe, expect, test } from "vitest";
import { money } from "#base/units.ts";
import type { Lot } from "./lots.ts";
import { heldWh, payable, takeBack } from "./refund.ts";

const lot = (sequence: number, unitsWh: number, cost: number, usedWh = 0, usedCost = 0): Lot => ({
  id: `lot${sequence}`,
  sequence,
  unitsWh,
  cost: money(cost),
  usedWh,
  usedCost: money(usedCost),
});

/** The same numbers in every run: a small generator with a printed seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

describe("units taken back", () => {
  test("come from what was bought last, each at its own price", () => {
    const lots = [lot(1, 100_000, 750_000), lot(2, 100_000, 1_100_000)];
    const back = takeBack(lots, 150_000);
    expect(back.value).toBe(1_100_000 + 375_000);
    expect(back.parts).toEqual([
      { lotId: "lot2", unitsWh: 100_000, value: 1_100_000 },
      { lotId: "lot1", unitsWh: 50_000, value: 375_000 },
    ]);
  });

  test("beyond all lots are worth nothing, and said to be uncovered", () => {
    expect(takeBack([lot(1, 1_000, 7_500, 400, 3_000)], 900)).toMatchObject({ value: 4_500, uncoveredWh: 300 });
    expect(takeBack([], 5)).toMatchObject({ value: 0, uncoveredWh: 5, parts: [] });
  });

  test.each([1, 2, 3, 4, 5])("in any pieces are worth together what they are worth at once (seed %i)", (seed) => {
    const below = numbers(seed);
    for (let round = 0; round < 200; round++) {
      let lots: Lot[] = Array.from({ length: 1 + below(5) }, (_, i) => {
        const units = 1_000 * (1 + below(300));
        const used = below(units);
        const cost = units * (1 + below(20));
        return lot(i + 1, units, cost, used, Math.floor((cost / units) * used));
      });
      const all = takeBack(lots, heldWh(lots));
      let [left, value] = [heldWh(lots), 0];
      while (left > 0) {
        const piece = Math.min(left, 10 * (1 + below(9_000)));
        const back = takeBack(lots, piece);
        expect(back.parts.reduce((sum, part) => sum + part.unitsWh, 0) + back.uncoveredWh).toBe(piece);
        const changed = new Map(back.changed.map((each) => [each.id, each]));
        lots = lots.map((each) => changed.get(each.id) ?? each);
        value += back.value;
        left -= piece;
      }
      expect(value).toBe(all.value);
      expect(heldWh(lots)).toBe(0);
    }
  });
});

test("only whole fen are handed out, and nothing for what is given up", () => {
  expect(payable("units", money(303_750))).toBe(303_700);
  expect(payable("clear", money(303_750))).toBe(0);
  expect(payable("debt", money(100))).toBe(0);
  expect(payable("wallet", money(99))).toBe(0);
});
