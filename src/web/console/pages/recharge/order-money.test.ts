import { expect, test } from "vitest";
import type { OrderState } from "#contract/money.ts";
import { sumOf, walletLeft } from "./order-money.ts";

test.each<[OrderState, string]>([
  ["booked", "0.25"],
  ["confirmed", "0.25"],
  ["stopped", "0.25"],
  ["withdrawn", "100.00"],
  ["refused", "100.00"],
])("the wallet after an order that is %s holds %s", (state, left) => {
  expect(walletLeft({ state, unitsCost: "99.75", walletAfter: "0.25" })).toBe(left);
});

test("amounts are added to the last digit, debts included", () => {
  expect([sumOf("-3.2099", "50.50"), sumOf("0.00", "0.00"), sumOf("199.3552", "50")]).toEqual([
    "47.2901",
    "0.00",
    "249.3552",
  ]);
});
