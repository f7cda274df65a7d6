import { assert } from "#base/errors.ts";
import { cost, type Money, money, type Price, proportion, sum, wh } from "#base/units.ts";

/**
 * Units bought (批次), used first in first out: that values revenue and refunds exactly even when the price changed in
 * between. A last lot used beyond its units is an overuse: what ran through with nothing left, until the next lot takes it over.
 */
export type Lot = {
  readonly id: string;
  readonly sequence: number;
  readonly unitsWh: number;
  readonly cost: Money;
  readonly usedWh: number;
  readonly usedCost: Money;
};

/** What taking a usage from the lots changes. */
export type Consumption<L extends Lot = Lot> = {
  /** Lots whose used part grew, with their new figures. */
  readonly changed: readonly L[];
  /** Wh beyond all lots and its value at the price given. */
  readonly overuseWh: number;
  readonly overuseCost: Money;
  /** The value of all that was used. */
  readonly value: Money;
};

/**
 * Takes `usedWh` (Wh or litres, ≥ 0) from the lots in order. A lot's cost is charged cumulatively, so that when it is used up
 * exactly its cost was charged. What no lot covers is valued at `price`.
 */
export function consume<L extends Lot>(lots: readonly L[], usedWh: number, price: Price): Consumption<L> {
  assert(usedWh >= 0, "usage is not negative");
  let left = usedWh;
  const changed: L[] = [];
  const values: Money[] = [];
  for (const lot of [...lots].sort((a, b) => a.sequence - b.sequence)) {
    const take = Math.min(left, lot.unitsWh - lot.usedWh);
    if (take <= 0) continue;
    const used = lot.usedWh + take;
    const usedCost =
      used === lot.unitsWh ? lot.cost : money(Math.max(lot.usedCost, proportion(lot.cost, used, lot.unitsWh)));
    values.push(money(usedCost - lot.usedCost));
    changed.push({ ...lot, usedWh: used, usedCost });
    left -= take;
    if (left === 0) break;
  }
  const overuseCost = cost(wh(left), price);
  return { changed, overuseWh: left, overuseCost, value: money(sum(values) + overuseCost) };
}
