import fc from "fast-check";
import { expect, test } from "vitest";
import { money, price } from "#base/units.ts";
import { planBalance, planUnits } from "./prepay.ts";

const yuan = (value: number) => money(Math.round(value * 10_000));

test("100 yuan at 0.75 buys 133 units and leaves 0.25 in the wallet", () => {
  const plan = planUnits({ paid: yuan(100), wallet: yuan(0), debts: yuan(0) }, price(7_500));
  expect(plan).toMatchObject({ unitsWh: 133_000, spent: yuan(99.75), walletAfter: yuan(0.25), debtsTaken: 0 });
});

test("100 yuan at 1.10 buys 90 units and leaves 1.00", () => {
  const plan = planUnits({ paid: yuan(100), wallet: yuan(0), debts: yuan(0) }, price(11_000));
  expect(plan).toMatchObject({ unitsWh: 90_000, walletAfter: yuan(1) });
});

test("three leftovers of 0.25 buy the extra unit", () => {
  let wallet = yuan(0);
  const bought = [1, 2, 3].map(() => {
    const plan = planUnits({ paid: yuan(100), wallet, debts: yuan(0) }, price(7_500));
    wallet = plan.walletAfter;
    return plan.unitsWh;
  });
  expect(bought).toEqual([133_000, 133_000, 134_000]);
  expect(wallet).toBe(0);
});

test("debts are taken first, and may take all", () => {
  const price1 = price(10_000);
  expect(planUnits({ paid: yuan(10), wallet: yuan(1), debts: yuan(4) }, price1)).toMatchObject({
    debtsTaken: yuan(4),
    unitsWh: 7_000,
  });
  expect(planUnits({ paid: yuan(10), wallet: yuan(0), debts: yuan(25) }, price1)).toMatchObject({
    debtsTaken: yuan(10),
    unitsWh: 0,
    walletAfter: 0,
  });
});

test("every fen is somewhere, and the wallet keeps less than one unit", () => {
  const amount = fc.integer({ min: 0, max: 1e9 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      amount,
      amount,
      fc.integer({ min: 1, max: 1e6 }),
      (paid, wallet, debts, p) => {
        const payment = { paid: money(paid), wallet: money(wallet), debts: money(debts) };
        const plan = planUnits(payment, price(p));
        expect(paid + wallet).toBe(plan.debtsTaken + (plan.unitsWh / 1000) * p + plan.walletAfter);
        expect(plan.walletAfter).toBeGreaterThanOrEqual(0);
        expect(plan.walletAfter).toBeLessThan(p);
        expect(plan.debtsTaken).toBeLessThanOrEqual(debts);
        const balance = planBalance(payment);
        expect(paid + wallet).toBe(balance.debtsTaken + balance.spent);
      },
    ),
  );
});

test("a payment of nothing is our own mistake", () => {
  expect(() => planUnits({ paid: money(0), wallet: money(0), debts: money(0) }, price(1))).toThrow();
});
