import { assert } from "#base/errors.ts";
import { type Money, money, PER_UNIT, type Price, proportion, sum } from "#base/units.ts";
import type { Lot } from "./lots.ts";

/** A charge line that may be taken back, as it stands now: what of it was not taken back before. */
export type Chargeable = { readonly usageWh: number; readonly price: Price };

/** What taking back a part of a line does: negative usage and money, and the rest that rounding keeps. */
export type Uncharge<L extends Chargeable> = {
  readonly line: L;
  readonly usageWh: number;
  readonly amount: Money;
  readonly residueBefore: number;
  readonly residue: number;
};

/**
 * Takes back (冲减) `wh` that were charged too much, from the newest lines on, each at the price that it was charged at. It is charging
 * with a negative usage: the rest of rounding is carried on, so that charging and taking back leave exactly what they found.
 */
export function uncharge<L extends Chargeable>(
  newestFirst: readonly L[],
  wh: number,
  residue: number,
): { taken: Uncharge<L>[]; amount: Money; residue: number; leftWh: number } {
  assert(wh >= 0, "what is taken back is not negative");
  const taken: Uncharge<L>[] = [];
  let left = wh;
  let rest = residue;
  for (const line of newestFirst) {
    if (left === 0) break;
    const usageWh = Math.min(left, line.usageWh);
    if (usageWh <= 0) continue;
    const exact = -BigInt(usageWh) * BigInt(line.price) + BigInt(rest);
    const unit = BigInt(PER_UNIT);
    const after = Number(((exact % unit) + unit) % unit);
    const amount = money(Number((exact - BigInt(after)) / unit));
    taken.push({ line, usageWh: -usageWh, amount, residueBefore: rest, residue: after });
    rest = after;
    left -= usageWh;
  }
  return { taken, amount: sum(taken.map((each) => each.amount)), residue: rest, leftWh: left };
}

/**
 * Gives units back to the lots that they were taken from, the last taken first: overuse, then the newest lot that was begun. The answer
 * is what they had been valued at; a lot that is given back whole gives back exactly its cost.
 */
export function giveBack<L extends Lot>(
  lots: readonly L[],
  wh: number,
): { changed: L[]; value: Money; leftWh: number } {
  assert(wh >= 0, "what is given back is not negative");
  let left = wh;
  const changed: L[] = [];
  const values: Money[] = [];
  for (const lot of lots.toSorted((a, b) => b.sequence - a.sequence)) {
    if (left === 0) break;
    const back = Math.min(left, lot.usedWh);
    if (back === 0) continue;
    const used = lot.usedWh - back;
    const usedCost = costOf(lot, used);
    values.push(money(lot.usedCost - usedCost));
    changed.push({ ...lot, usedWh: used, usedCost });
    left -= back;
  }
  return { changed, value: sum(values), leftWh: left };
}

/** What the first `used` Wh of a lot were charged at, never more than now. */
function costOf(lot: Lot, used: number): Money {
  if (used === 0) return money(0);
  if (used > lot.unitsWh) {
    const over = proportion(money(lot.usedCost - lot.cost), used - lot.unitsWh, lot.usedWh - lot.unitsWh);
    return money(lot.cost + over);
  }
  const full = used === lot.unitsWh ? lot.cost : proportion(lot.cost, used, lot.unitsWh);
  return money(Math.min(lot.usedCost, full));
}
