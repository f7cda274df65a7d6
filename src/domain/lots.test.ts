import fc from "fast-check";
import { expect, test } from "vitest";
import { money, price } from "#base/units.ts";
import { consume, type Lot } from "./lots.ts";

const lot = (sequence: number, unitsWh: number, cost: number): Lot => ({
  id: `L${sequence}`,
  sequence,
  unitsWh,
  cost: money(cost),
  usedWh: 0,
  usedCost: money(0),
});

test("the oldest units are used first, each at what it cost", () => {
  const lots = [lot(2, 10_000, 100_000), lot(1, 10_000, 75_000)];
  const used = consume(lots, 15_000, price(9_999));
  expect(used.value).toBe(75_000 + 50_000);
  expect(used.changed.map((each) => [each.sequence, each.usedWh])).toEqual([
    [1, 10_000],
    [2, 5_000],
  ]);
  expect(used.overuseWh).toBe(0);
});

test("what no lot covers is valued at the price of the day", () => {
  const used = consume([lot(1, 1_000, 7_500)], 1_500, price(8_000));
  expect(used).toMatchObject({ overuseWh: 500, overuseCost: 4_000, value: 11_500 });
});

test("a lot used up in any number of steps was charged exactly its cost", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 0, max: 100_000_000 }),
      fc.array(fc.integer({ min: 0, max: 50_000 }), { maxLength: 30 }),
      (units, cost, steps) => {
        let current = lot(1, units, cost);
        let charged = 0;
        for (const step of [...steps, units]) {
          const take = Math.min(step, current.unitsWh - current.usedWh);
          const used = consume([current], take, price(1));
          current = used.changed[0] ?? current;
          charged += used.value;
        }
        expect(current.usedWh).toBe(units);
        expect(charged).toBe(cost);
      },
    ),
  );
});

test("using nothing changes nothing", () => {
  expect(consume([lot(1, 1_000, 7_500)], 0, price(1))).toMatchObject({ changed: [], value: 0, overuseWh: 0 });
  expect(() => consume([], -1, price(1))).toThrow();
});
