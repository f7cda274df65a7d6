import { assert } from "#base/errors.ts";
import { type Money, money, PER_UNIT, type Price, subtract, sum, wholeUnits } from "#base/units.ts";
import { usedBetween } from "./settlement.ts";

/** A merged account (主分表合并): active while meters belong to it; withdrawn when its main meter never joined. */
export const groupStates = ["active", "dissolved", "withdrawn"] as const;
export type GroupState = (typeof groupStates)[number];

/**
 * A meter in a group. merging 合并中: still pays for itself, its credit is on its way; merged 已合并: the group pays; unmerging 拆分中: its
 * share is on its way back; left 已拆出 and withdrawn 已撤回 are ends, and the meter is single again (单表).
 */
export const memberStates = ["merging", "merged", "unmerging", "left", "withdrawn"] as const;
export type MemberState = (typeof memberStates)[number];

/** Why a member waits although no meter has been asked: for the main meter to come first, for the others to leave first. */
export const WAITS_FOR_MAIN = "waits_for_main";
export const WAITS_FOR_MEMBERS = "waits_for_members";

/** Meters of one group: more than any customer rents, and few enough for one transaction. */
export const GROUP_METERS_MAX = 50;

/**
 * What a meter that counts credit itself is filled up to while a group pays for it (过表电量): 10 000 units, which are nobody's and cost
 * nothing. It runs on them, so that it never trips by itself; supply is cut by command, as everywhere on the server.
 */
export const RUN_THROUGH_WH = 10_000 * PER_UNIT;
/** Below this it is filled up again: weeks of the heaviest use before it would be empty. */
export const REFILL_BELOW_WH = 2_000 * PER_UNIT;

/** What a meter's own counter stood at when its index was `indexWh`; both before the ratio. */
export type Counter = { readonly counterWh: number; readonly indexWh: number };

/** What the counter stands at now: counter and index move by the same. */
export function counterAt(from: Counter, indexWh: number): number {
  return from.counterWh - usedBetween(from.indexWh, indexWh);
}

/** How much to add so that it runs through; in whole steps of a command, 0 when there is enough. */
export function fillFor(counterWh: number, stepWh: number): number {
  const lack = Math.max(0, RUN_THROUGH_WH - counterWh);
  return Math.ceil(lack / stepWh) * stepWh;
}

/**
 * What stays with the group when others take their shares of its balance. A share has the sign of the balance: nobody takes more than
 * there is, and of arrears nobody gets a credit. Shares and rest are exactly the balance.
 */
export function restAfter(
  balance: Money,
  shares: readonly Money[],
): { fits: true; rest: Money } | { fits: false; why: "sign" | "too_much" } {
  const sign = balance < 0 ? -1 : 1;
  if (shares.some((share) => share * sign < 0)) return { fits: false, why: "sign" };
  const taken = sum(shares);
  if (taken * sign > balance * sign) return { fits: false, why: "too_much" };
  return { fits: true, rest: subtract(balance, taken) };
}

/** What a share becomes in a meter that counts credit itself: whole units, the rest of the money, or a debt. All are ≥ 0. */
export type ShareInMeter = {
  readonly unitsWh: number;
  readonly cost: Money;
  readonly toWallet: Money;
  readonly debt: Money;
};

/** Whole units at the price of now; what is less than one goes to the wallet, what is owed becomes the customer's debt. */
export function shareInMeter(share: Money, price: Price): ShareInMeter {
  if (share < 0) return { unitsWh: 0, cost: money(0), toWallet: money(0), debt: money(-share) };
  const units = wholeUnits(share, price);
  const cost = money(units * price);
  assert(cost <= share, "units cost no more than the share");
  return { unitsWh: units * PER_UNIT, cost, toWallet: subtract(share, cost), debt: money(0) };
}
