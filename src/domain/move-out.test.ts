import fc from "fast-check";
import { expect, test } from "vitest";
import { money, sum } from "#base/units.ts";
import type { Lot } from "./lots.ts";
import { overuseOf, piecesOf, settlementOf } from "./move-out.ts";
import { takeBack } from "./refund.ts";

const amount = fc.integer({ min: 0, max: 50_000_000 }).map(money);
const lots = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 0, max: 5_000_000 }), fc.nat(100)), {
    maxLength: 6,
  })
  .map((drawn) =>
    drawn.map(([unitsWh, cost, usedPercent], at): Lot => {
      const usedWh = Math.floor((unitsWh * usedPercent) / 100);
      const usedCost = money(Math.floor((cost * usedWh) / unitsWh));
      return { id: `lot-${at}`, sequence: at + 1, unitsWh, cost: money(cost), usedWh, usedCost };
    }),
  );

test("units that go back are told lot by lot, newest first, and the lots' values sum to theirs", () => {
  fc.assert(
    fc.property(lots, fc.integer({ min: 0, max: 2_000_000 }), (held, unitsWh) => {
      const pieces = piecesOf(held, unitsWh);
      const back = takeBack(held, unitsWh);
      expect(sum(pieces.map((piece) => piece.value))).toBe(back.value);
      expect(pieces.reduce((all, piece) => all + piece.unitsWh, 0)).toBe(unitsWh - back.uncoveredWh);
      const order = pieces.map((piece) => piece.sequence);
      expect(order).toEqual([...order].sort((a, b) => b - a));
    }),
  );
});

test("credit + wallet − charges is what is paid, what stays in the wallet, or what is owed: never two of them", () => {
  const meter = fc.record({
    value: amount,
    override: fc.option(amount, { nil: null }),
    overuse: amount,
    balance: fc.integer({ min: -5_000_000, max: 5_000_000 }).map(money),
  });
  fc.assert(
    fc.property(fc.array(meter, { maxLength: 6 }), amount, amount, (meters, wallet, debts) => {
      const result = settlementOf({ meters, wallet, debts });
      const units = meters.reduce((all, each) => all + (each.override ?? each.value) + each.balance - each.overuse, 0);
      expect(result.total).toBe(units + wallet - debts);
      expect(result.payable + result.rest - result.owed).toBe(result.total);
      expect(result.payable % 100).toBe(0);
      expect(result.rest).toBeLessThan(100);
      expect(result.owed > 0 && result.payable + result.rest > 0).toBe(false);
    }),
  );
});

test("only a last lot used beyond its units is an overuse", () => {
  const lot = { id: "a", sequence: 1, unitsWh: 1_000, cost: money(7_500), usedWh: 1_000, usedCost: money(7_500) };
  expect(overuseOf(null)).toEqual({ wh: 0, e4: 0 });
  expect(overuseOf(lot)).toEqual({ wh: 0, e4: 0 });
  expect(overuseOf({ ...lot, usedWh: 1_200, usedCost: money(9_000) })).toEqual({ wh: 200, e4: 1_500 });
});
