import { assert } from "#base/errors.ts";
import { type Money, money, NO_MONEY, PER_FEN, proportion, sum } from "#base/units.ts";
import type { ApprovalKind } from "./approval.ts";
import type { Lot } from "./lots.ts";

/**
 * What is taken back: `units` in a meter, money of a `wallet`, of a `balance` on the server; `clear` wipes a meter's credit without
 * paying (清零), `move_out` wipes it and pays (退租), `debt` gives up what is owed (核销欠费).
 */
export const refundKinds = ["units", "wallet", "balance", "clear", "move_out", "debt"] as const;
export type RefundKind = (typeof refundKinds)[number];

/** How it is paid out: cash of the cashier's shift, bank transfer, or the way the recharge was paid. */
export const refundMethods = ["cash", "transfer", "original"] as const;
export type RefundMethod = (typeof refundMethods)[number];

/**
 * requested: waits for a second person; approved: may go, its command was never sent; deducting: the meter was told; confirmed: the
 * money is owed; paid: it was handed out. `done` is the end of what pays nothing. The others are ends without any effect, but
 * `stopped`, where a person must look at the meter first.
 */
export const refundStates = [
  "requested",
  "approved",
  "deducting",
  "confirmed",
  "paid",
  "done",
  "rejected",
  "withdrawn",
  "refused",
  "stopped",
] as const;
export type RefundState = (typeof refundStates)[number];

/** States in which a refund may still change a meter. */
export const UNDER_WAY: readonly RefundState[] = ["requested", "approved", "deducting", "stopped"];

/** Whether a refund changes the credit in a meter, and so needs its word. */
export function isByMeter(kind: RefundKind): kind is "units" | "clear" | "move_out" {
  return kind === "units" || kind === "clear" || kind === "move_out";
}

/** Whether money goes to the customer at its end. */
export function isPaidOut(kind: RefundKind): boolean {
  return kind !== "clear" && kind !== "debt";
}

/** By which rule a second person is asked. */
export function approvalKindOf(kind: RefundKind): ApprovalKind {
  return kind === "clear" || kind === "debt" ? kind : "refund";
}

/** Ends of a refund that changed nothing: neither the meter nor any money. */
export const WITHOUT_EFFECT: readonly RefundState[] = ["rejected", "withdrawn", "refused"];

/**
 * What is handed out of an amount: whole fen, for nobody can be paid a part of one; nothing where nothing is paid. A move-out rounds once,
 * for all its meters together.
 */
export function payable(kind: RefundKind, amount: Money): Money {
  if (kind === "move_out") return money(Math.max(0, amount));
  return isPaidOut(kind) && amount > 0 ? money(amount - (amount % PER_FEN)) : NO_MONEY;
}

/** Units of one lot that are given back, and what was paid for them. */
export type LotPart = { readonly lotId: string; readonly unitsWh: number; readonly value: Money };

/** What taking units back from the lots changes, and what they were worth. */
export type TakenBack = {
  readonly changed: readonly Lot[];
  /** What each lot gives, newest first. */
  readonly parts: readonly LotPart[];
  readonly value: Money;
  /** Units that no lot covers: the meter held more than the books knew of. */
  readonly uncoveredWh: number;
};

/**
 * Takes `unitsWh` (≥ 0) back from the lots, newest first: what was bought last is given back first, at its price. Older ones stay
 * for usage that is not settled yet. A lot's cost is divided cumulatively, so that its parts sum to it exactly.
 */
export function takeBack(lots: readonly Lot[], unitsWh: number): TakenBack {
  assert(unitsWh >= 0, "units taken back are not negative");
  let left = unitsWh;
  const changed: Lot[] = [];
  const parts: LotPart[] = [];
  for (const lot of [...lots].sort((a, b) => b.sequence - a.sequence)) {
    const take = Math.min(left, lot.unitsWh - lot.usedWh);
    if (take <= 0) continue;
    const used = lot.usedWh + take;
    const usedCost =
      used === lot.unitsWh ? lot.cost : money(Math.max(lot.usedCost, proportion(lot.cost, used, lot.unitsWh)));
    parts.push({ lotId: lot.id, unitsWh: take, value: money(usedCost - lot.usedCost) });
    changed.push({ ...lot, usedWh: used, usedCost });
    left -= take;
    if (left === 0) break;
  }
  return { changed, parts, value: sum(parts.map((part) => part.value)), uncoveredWh: left };
}

/** Wh or litres that the lots still hold. */
export function heldWh(lots: readonly Lot[]): number {
  return lots.reduce((held, lot) => held + Math.max(0, lot.unitsWh - lot.usedWh), 0);
}
