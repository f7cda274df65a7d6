import { assert } from "#base/errors.ts";
import { type Money, money, PER_UNIT, type Price } from "#base/units.ts";

/** Where the total register of a DL/T 645-2007 meter starts again: 1 000 000 kWh (XXXXXX.XX). */
export const REGISTER_SPAN_WH = 1_000_000_000;

/** Usage between two good indexes of one register, before the ratio; a register that started again counts through. */
export function usedBetween(fromWh: number, toWh: number): number {
  if (toWh >= fromWh) return toWh - fromWh;
  assert(isRollover(fromWh, toWh), `a register does not run from ${fromWh} back to ${toWh} Wh`);
  return toWh + REGISTER_SPAN_WH - fromWh;
}

/** A register counts as started again when it was in its last and is now in its first tenth. */
export function isRollover(fromWh: number, toWh: number): boolean {
  return toWh < fromWh && fromWh > REGISTER_SPAN_WH * 0.9 && toWh < REGISTER_SPAN_WH * 0.1;
}

/**
 * The charge for a usage at a flat price, carrying what rounding keeps back (`residue`, in 1/10000 yuan ÷ 1000) to the
 * next charge: however finely a period is cut, its charges add up to the price of the whole.
 */
export function charge(usedWh: number, price: Price, residue: number): { charge: Money; residue: number } {
  assert(usedWh >= 0 && residue >= 0 && residue < PER_UNIT, "usage and residue are in range");
  const exact = BigInt(usedWh) * BigInt(price) + BigInt(residue);
  return { charge: money(Number(exact / BigInt(PER_UNIT))), residue: Number(exact % BigInt(PER_UNIT)) };
}
