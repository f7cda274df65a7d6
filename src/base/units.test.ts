import fc from "fast-check";
import { expect, test } from "vitest";
import {
  add,
  cost,
  formatMoney,
  formatUnits,
  litre,
  money,
  negate,
  parseMoney,
  price,
  proportion,
  subtract,
  usage,
  wh,
  wholeUnits,
} from "./units.ts";

test("indexes subtract to a usage, and a register that went back shows it", () => {
  expect(usage(wh.index(1_000_000), wh.index(1_234_500))).toBe(234_500);
  expect(usage(litre.index(10), litre.index(4))).toBe(-6);
});

test("a quantity is a safe integer or nothing", () => {
  expect(() => wh(0.5)).toThrow("Wh must be a safe integer");
  expect(() => money(2 ** 53)).toThrow();
  expect(() => money(Number.NaN)).toThrow();
  expect(() => price(0)).toThrow("a price is positive");
  expect(() => price(-1)).toThrow();
  expect(Object.is(money(-0), 0)).toBe(true);
});

test("cost is rounded half up, once, and is exact beyond what a double multiplies exactly", () => {
  expect(cost(wh(133_000), price(7_500))).toBe(997_500);
  expect(cost(wh(1), price(500))).toBe(1); // 0.5 → 1
  expect(cost(wh(1), price(499))).toBe(0);
  expect(cost(wh(-1), price(500))).toBe(-1);
  expect(cost(wh(999_999_999_999), price(9_000_000))).toBe(8_999_999_999_991_000);
});

test("whole units never cost more than there is", () => {
  expect(wholeUnits(money(1_000_000), price(7_500))).toBe(133);
  expect(wholeUnits(money(7_499), price(7_500))).toBe(0);
  expect(wholeUnits(money(-1), price(7_500))).toBe(0);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e13 }), fc.integer({ min: 1, max: 1e6 }), (m, p) => {
      const units = wholeUnits(money(m), price(p));
      return units * p <= m && (units + 1) * p > m;
    }),
  );
});

test("a proportion is exact where floats are not", () => {
  expect(proportion(money(10_000), 1, 3)).toBe(3_333);
  expect(proportion(money(9_007_199_254_740_991), 1, 1)).toBe(9_007_199_254_740_991);
  expect(() => proportion(money(1), 1, 0)).toThrow();
});

test("yuan as typed is read exactly or not at all", () => {
  expect(parseMoney("100")).toBe(1_000_000);
  expect(parseMoney("0.75")).toBe(7_500);
  expect(parseMoney("0.1")).toBe(1_000);
  expect(parseMoney("0.0051", 4)).toBe(51);
  for (const bad of [
    "",
    " 1",
    "1 ",
    "-1",
    "+1",
    "1e9",
    "1.",
    ".5",
    "0.001",
    "1,000",
    "１００",
    "abc",
    "NaN",
    "0x10",
    "1".repeat(12),
  ]) {
    expect(parseMoney(bad), bad).toBeNull();
  }
});

test("money is written so that it is read back the same", () => {
  expect(formatMoney(money(-51))).toBe("-0.0051");
  expect(formatMoney(money(123_000))).toBe("12.30");
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e14 }), (m) => parseMoney(formatMoney(money(m)), 4) === m));
});

test("units are shown with two places, rounded half up", () => {
  expect(formatUnits(wh(133_000))).toBe("133.00");
  expect(formatUnits(wh(-37_205))).toBe("-37.21");
  expect(formatUnits(wh(4))).toBe("0.00");
});

test("amounts add, subtract and negate", () => {
  expect(add(wh(1), wh(2))).toBe(3);
  expect(subtract(money(1), money(3))).toBe(-2);
  expect(negate(money(5))).toBe(-5);
});
