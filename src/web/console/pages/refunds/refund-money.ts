import { add, formatMoney, type Money, NO_MONEY, negate, parseMoney } from "#base/units.ts";
import type { Refund } from "#contract/refunds.ts";

/** True when the customer gets money at the end of it. */
export function isPaidOut({ kind }: Pick<Refund, "kind">): boolean {
  return kind !== "clear" && kind !== "debt";
}

/** True when it ended without having changed anything. */
export function isVoid({ state }: Pick<Refund, "state">): boolean {
  return state === "rejected" || state === "withdrawn" || state === "refused";
}

/** What a refund is about in yuan, as records show it: negative, for it went back; what had no effect is nothing. */
export function recordedAmount(refund: Pick<Refund, "kind" | "state" | "amount" | "payable">): string {
  if (isVoid(refund)) return formatMoney(NO_MONEY);
  return formatMoney(negate(parsed(isPaidOut(refund) ? refund.payable : refund.amount)));
}

/** What is less than a fen of a value, and stays in the wallet; null when nothing is left over. */
export function restOf({ amount, payable }: { amount: string; payable: string }): string | null {
  const rest = add(parsed(amount), negate(parsed(payable)));
  return rest === 0 ? null : formatMoney(rest);
}

function parsed(text: string): Money {
  return parseMoney(text, 4) ?? NO_MONEY;
}
