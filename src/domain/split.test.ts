import fc from "fast-check";
import { expect, test } from "vitest";
import { money, sum } from "#base/units.ts";
import { splitByLack, splitEvenly } from "./split.ts";

const yuan = (amount: number) => money(Math.round(amount * 10_000));
const targets = (...lacks: number[]) => lacks.map((lack, at) => ({ meterId: at + 1, lack: yuan(lack) }));
const amounts = (parts: readonly { amount: number }[]) => parts.map((part) => part.amount / 10_000);

test("an even split carries the odd fen first", () => {
  expect(amounts(splitEvenly(yuan(100), targets(0, 0, 0)))).toEqual([33.34, 33.33, 33.33]);
});

test("what is lacking comes first, the rest is even", () => {
  expect(amounts(splitByLack(yuan(100), targets(10, 0, 30)))).toEqual([30, 20, 50]);
});

test("too little is shared in proportion to what is lacking", () => {
  expect(amounts(splitByLack(yuan(10), targets(30, 0, 10)))).toEqual([7.5, 0, 2.5]);
});

test("nobody lacking anything means evenly", () => {
  expect(splitByLack(yuan(7), targets(0, 0))).toEqual(splitEvenly(yuan(7), targets(0, 0)));
});

test("whatever is split, no fen is lost or made and nobody gets less than nothing", () => {
  const fen = fc.integer({ min: 1, max: 10_000_000 });
  fc.assert(
    fc.property(
      fen,
      fc.array(fc.integer({ min: 0, max: 100_000_000 }), { minLength: 1, maxLength: 50 }),
      (paid, lacks) => {
        const amount = money(paid * 100);
        const each = lacks.map((lack, meterId) => ({ meterId, lack: money(lack) }));
        for (const parts of [splitEvenly(amount, each), splitByLack(amount, each)]) {
          expect(sum(parts.map((part) => part.amount))).toBe(amount);
          expect(parts.every((part) => part.amount >= 0 && part.amount % 100 === 0)).toBe(true);
          expect(parts.map((part) => part.meterId)).toEqual(each.map((target) => target.meterId));
        }
      },
    ),
  );
});
