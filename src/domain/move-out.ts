import { assert } from "#base/errors.ts";
import { type Money, money, NO_MONEY, PER_FEN, subtract, sum } from "#base/units.ts";
import type { Lot } from "./lots.ts";
import { takeBack } from "./refund.ts";

/**
 * Steps of a move-out (退租): the meters are read, the sum is agreed upon, the meters are cleared, the money is paid, the room is
 * closed. Each is a row before it is done, so that a reload or a crash goes on where it was.
 */
export const moveOutStates = ["reading", "calculated", "clearing", "paying", "done", "cancelled"] as const;
export type MoveOutState = (typeof moveOutStates)[number];

/** States in which nobody may recharge the meters. */
export const MOVING_OUT: readonly MoveOutState[] = ["reading", "calculated", "clearing", "paying"];

/** What is done with the supply of the empty room: off, on at the expense of the house (公共), or as it is. */
export const moveOutAfterwards = ["trip", "public", "leave"] as const;
export type MoveOutAfterwards = (typeof moveOutAfterwards)[number];

/** Where a final reading is from: the meter itself just now, its last good reading, or somebody who stood before it. */
export const readingSources = ["meter", "last", "hand"] as const;
export type ReadingSource = (typeof readingSources)[number];

/** Units of one lot that are given back, and what they are worth. */
export type Piece = {
  readonly lotId: string;
  readonly sequence: number;
  readonly unitsWh: number;
  readonly value: Money;
};

/** The lots that `unitsWh` are taken back from, newest first, with their values; their sum is that of {@link takeBack}. */
export function piecesOf(lots: readonly Lot[], unitsWh: number): Piece[] {
  return takeBack(lots, unitsWh).changed.map((after) => {
    const before = lots.find((lot) => lot.id === after.id);
    assert(before !== undefined, "what is taken back is from one of the lots");
    return {
      lotId: after.id,
      sequence: after.sequence,
      unitsWh: after.usedWh - before.usedWh,
      value: money(after.usedCost - before.usedCost),
    };
  });
}

/** What one meter brings to a settlement, or costs. All are zero or more but the balance. */
export type SheetMeter = {
  /** Units in the meter by the prices that they were bought at. */
  readonly value: Money;
  /** Another value for them that somebody has decided on; null: none. */
  readonly override: Money | null;
  /** What ran through with nothing left in the meter. */
  readonly overuse: Money;
  /** The balance of its account on the server, with one meter of each account; below zero it is owed. */
  readonly balance: Money;
};

/** What a settlement comes to. */
export type Settlement = {
  /** Units and balances that go back to the tenant. */
  readonly credit: Money;
  /** Debts, overuse and balances below zero. */
  readonly charges: Money;
  /** Wallet that goes with it. */
  readonly wallet: Money;
  /** credit + wallet − charges. */
  readonly total: Money;
  /** What is handed out: whole fen. */
  readonly payable: Money;
  /** What is less than a fen and stays in the wallet. */
  readonly rest: Money;
  /** What the tenant still owes. */
  readonly owed: Money;
};

/** Units, balances and wallet, less what is owed. `debts` is zero or more. */
export function settlementOf(facts: { meters: readonly SheetMeter[]; wallet: Money; debts: Money }): Settlement {
  const above = (amount: Money): Money => (amount > 0 ? amount : NO_MONEY);
  const credit = sum(facts.meters.flatMap((each) => [each.override ?? each.value, above(each.balance)]));
  const below = (amount: Money): Money => (amount < 0 ? money(-amount) : NO_MONEY);
  const charges = sum([facts.debts, ...facts.meters.flatMap((each) => [each.overuse, below(each.balance)])]);
  const total = money(credit + facts.wallet - charges);
  const payable = total > 0 ? money(total - (total % PER_FEN)) : NO_MONEY;
  const rest = total > 0 ? subtract(total, payable) : NO_MONEY;
  return { credit, charges, wallet: facts.wallet, total, payable, rest, owed: below(total) };
}

/** What was used beyond all lots of a meter: units and value; nothing when it was not. */
export function overuseOf(last: Lot | null): { wh: number; e4: Money } {
  if (last === null || last.usedWh <= last.unitsWh) return { wh: 0, e4: NO_MONEY };
  return { wh: last.usedWh - last.unitsWh, e4: money(last.usedCost - last.cost) };
}
