import { assert } from "#base/errors.ts";
import { add, formatMoney, type Money, negate, parseMoney } from "#base/units.ts";
import type { Recharge } from "#contract/money.ts";

/** True when the order's money went back to the wallet instead of into the meter: nothing was sold. */
export function isGivenBack(order: Pick<Recharge, "state">): boolean {
  return order.state === "withdrawn" || order.state === "refused";
}

/**
 * The wallet after this order in yuan. What the units would have cost stays there when the order was withdrawn or
 * refused; `walletAfter` is what was foreseen when it was booked.
 */
export function walletLeft(order: Pick<Recharge, "state" | "unitsCost" | "walletAfter">): string {
  return isGivenBack(order) ? walletTotal(order) : order.walletAfter;
}

/** Price of the units and rest together: all that is there to spend, from the server's own two results. */
export function walletTotal({ unitsCost, walletAfter }: Pick<Recharge, "unitsCost" | "walletAfter">): string {
  return sumOf(unitsCost, walletAfter);
}

/** Two amounts of the wire added, to the last digit; either may be negative. */
export function sumOf(a: string, b: string): string {
  return formatMoney(add(amountOf(a), amountOf(b)));
}

function amountOf(text: string): Money {
  const amount = parseMoney(text.replace(/^-/, ""), 4);
  assert(amount !== null, `"${text}" is an amount`);
  return text.startsWith("-") ? negate(amount) : amount;
}
