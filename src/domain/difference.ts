/** What two sides are held against each other (对账). */
export const differenceKinds = [
  "ledger", // the books against themselves
  "purchase_count", // purchases booked ↔ purchase count of the meter
  "remaining", // units left of the lots ↔ units in the meter
  "order", // a recharge that does not come to its end
  "payment", // a payment ↔ the recharges it paid for
  "shift", // cash of a closed shift ↔ the ledger
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** What a difference most likely comes from. */
export type DifferenceCause =
  | "tampered"
  | "meter_ahead" // the meter has taken purchases that we do not know
  | "meter_behind" // the meter has forgotten purchases: exchanged, reset, or its memory failed
  | "whole_purchase" // exactly the units of one purchase are missing or too many
  | "counter_drift" // the meter's credit and its index have come apart a little
  | "unknown"
  | "stopped"
  | "offline"
  | "waits"
  | "sum_wrong"
  | "cash_left";

/** Up to so many Wh a meter's credit and its index may stand apart: both registers truncate, and they are read one after the other. */
export const REMAINING_TOLERANCE_WH = 100;

/** What one meter's credit looks like from both sides: what is left of its lots, and what it shows. */
export type CreditFacts = {
  readonly booksWh: number;
  readonly meterWh: number;
  /** Units of purchases of this meter, newest first: whole ones that got lost or came twice are recognised. */
  readonly purchasesWh: readonly number[];
};

/** Whether the two sides agree, and if not, what it most likely comes from. */
export function judgeCredit(facts: CreditFacts): DifferenceCause | null {
  const apart = facts.meterWh - facts.booksWh;
  if (Math.abs(apart) <= REMAINING_TOLERANCE_WH) return null;
  const isWhole = facts.purchasesWh.some((units) => Math.abs(Math.abs(apart) - units) <= REMAINING_TOLERANCE_WH);
  if (isWhole) return "whole_purchase";
  return Math.abs(apart) <= 10 * REMAINING_TOLERANCE_WH ? "counter_drift" : "unknown";
}

/** What it comes from when a meter shows another purchase count than was booked; null when it does not. */
export function judgePurchaseCount(facts: { booked: number; shown: number }): DifferenceCause | null {
  if (facts.shown === facts.booked) return null;
  return facts.shown > facts.booked ? "meter_ahead" : "meter_behind";
}
