import fc from "fast-check";
import { expect, test } from "vitest";
import { apportion, apportionUnits } from "./apportion.ts";

test("12.34 units by 50, 30 and 20 per cent are 6.17, 3.70 and 2.47", () => {
  expect(apportion(1234, [50, 30, 20])).toEqual([617, 370, 247]);
});

test("equal remainders go to the earlier part", () => {
  expect(apportion(1, [1, 1])).toEqual([1, 0]);
  expect(apportion(5, [1, 1, 1])).toEqual([2, 2, 1]);
});

test("the parts sum to the whole, and none is further than one from its share", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 45 }),
      fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: 1, maxLength: 50 }),
      (total, weights) => {
        fc.pre(weights.some((weight) => weight > 0));
        const parts = apportion(total, weights);
        expect(parts.reduce((a, b) => a + b, 0)).toBe(total);
        const all = weights.reduce((a, b) => a + b, 0);
        parts.forEach((part, i) => {
          const share = Number((BigInt(total) * BigInt(weights[i] ?? 0)) / BigInt(all));
          expect(part - share).toBeGreaterThanOrEqual(0);
          expect(part - share).toBeLessThanOrEqual(1);
        });
      },
    ),
  );
});

test("nothing to weigh by is refused", () => {
  expect(() => apportion(1, [0, 0])).toThrow();
  expect(() => apportion(-1, [1])).toThrow();
  expect(() => apportion(1, [0.5])).toThrow();
});

test("units are divided in hundredths, and a finer total to its last Wh", () => {
  expect(apportionUnits(12_340, [50, 30, 20])).toEqual([6_170, 3_700, 2_470]);
  expect(apportionUnits(100, [1, 1, 1])).toEqual([40, 30, 30]);
  expect(apportionUnits(101, [1, 1, 1])).toEqual([34, 34, 33]);
});
