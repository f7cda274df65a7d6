import { assert } from "#base/errors.ts";
import { add, type Money, money, NO_MONEY, PER_UNIT, type Price, subtract, wholeUnits } from "#base/units.ts";

/** What a payment does, before anything is booked. All amounts are ≥ 0 and in 1/10000 yuan. */
export type RechargePlan = {
  readonly paid: Money;
  readonly walletBefore: Money;
  /** Debts taken first, at most what is there. */
  readonly debtsTaken: Money;
  /** Whole units sold, as Wh or litres; 0 when the money stays money (credit on the server). */
  readonly unitsWh: number;
  /** What leaves the wallet for units, or for the account's balance. */
  readonly spent: Money;
  readonly walletAfter: Money;
};

type Payment = { paid: Money; wallet: Money; debts: Money };

/**
 * A payment for a meter that holds its credit itself: debts first, then whole units, and what is less than one unit
 * stays in the wallet for the next time. Always: paid + wallet before = debts + units × price + wallet after.
 */
export function planUnits(payment: Payment, price: Price): RechargePlan {
  const { debtsTaken, available } = takeDebts(payment);
  const units = wholeUnits(available, price);
  const spent = money(units * price);
  return conserved({
    paid: payment.paid,
    walletBefore: payment.wallet,
    debtsTaken,
    unitsWh: units * PER_UNIT,
    spent,
    walletAfter: subtract(available, spent),
  });
}

/** A payment for an account whose credit is money on the server: debts first, all the rest becomes balance. */
export function planBalance(payment: Payment): RechargePlan {
  const { debtsTaken, available } = takeDebts(payment);
  return conserved({
    paid: payment.paid,
    walletBefore: payment.wallet,
    debtsTaken,
    unitsWh: 0,
    spent: available,
    walletAfter: NO_MONEY,
  });
}

function takeDebts(payment: Payment): { debtsTaken: Money; available: Money } {
  assert(
    payment.paid > 0 && payment.wallet >= 0 && payment.debts >= 0,
    "a payment is positive, wallet and debts are not negative",
  );
  const all = add(payment.paid, payment.wallet);
  const debtsTaken = money(Math.min(all, payment.debts));
  return { debtsTaken, available: subtract(all, debtsTaken) };
}

function conserved(plan: RechargePlan): RechargePlan {
  const into = plan.paid + plan.walletBefore;
  assert(into === plan.debtsTaken + plan.spent + plan.walletAfter, "a recharge keeps every fen");
  return plan;
}
