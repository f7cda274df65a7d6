import { assert } from "#base/errors.ts";

/**
 * Splits a whole amount (Wh, litres, 1/10000 yuan; not negative) by weights, so that the parts sum to the whole: each gets its share
 * rounded down, and what is left goes one by one to the largest remainders (最大余数法), the earlier first where they are equal.
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  assert(Number.isSafeInteger(total) && total >= 0, `an amount to split is a whole number, not negative: ${total}`);
  assert(
    weights.every((weight) => Number.isSafeInteger(weight) && weight >= 0),
    "weights are whole numbers, not negative",
  );
  const all = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  assert(all > 0n, "some weight is above zero");
  const parts = weights.map((weight, at) => {
    const exact = BigInt(total) * BigInt(weight);
    return { at, whole: Number(exact / all), rest: exact % all };
  });
  let left = total - parts.reduce((sum, part) => sum + part.whole, 0);
  for (const part of [...parts].sort((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1))) {
    if (left === 0) break;
    part.whole++;
    left--;
  }
  return parts.map((part) => part.whole);
}

/** What meters show and shares are told in: hundredths of a unit, as Wh or litres. */
export const HUNDREDTH_WH = 10;

/**
 * {@link apportion} in hundredths of a unit (0.01 kWh), so that everybody can check it by hand. A total that is finer than that is
 * divided to the last Wh instead: the sum is what must be exact.
 */
export function apportionUnits(totalWh: number, weights: readonly number[]): number[] {
  const grain = totalWh % HUNDREDTH_WH === 0 ? HUNDREDTH_WH : 1;
  return apportion(totalWh / grain, weights).map((part) => part * grain);
}
