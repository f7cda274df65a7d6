import { assert } from "#base/errors.ts";
import { type Money, money, PER_FEN } from "#base/units.ts";
import { apportion } from "./apportion.ts";

/** What a payment may be split among: a meter and the money that it is short of (欠费或低于报警值的部分), 0 when it lacks nothing. */
export type SplitTarget = { readonly meterId: number; readonly lack: Money };
/** One part of a payment. */
export type SplitPart = { readonly meterId: number; readonly amount: Money };

/** The same to each, in whole fen; the first ones carry what does not divide. The parts are exactly the amount. */
export function splitEvenly(amount: Money, targets: readonly SplitTarget[]): SplitPart[] {
  assert(targets.length > 0 && amount >= 0 && amount % PER_FEN === 0, "whole fen are split among somebody");
  const fen = amount / PER_FEN;
  const each = Math.floor(fen / targets.length);
  const rest = fen % targets.length;
  return targets.map(({ meterId }, at) => ({ meterId, amount: money((each + (at < rest ? 1 : 0)) * PER_FEN) }));
}

/**
 * What each lacks first; when there is more than that, the rest evenly, and when there is less, in proportion to what is lacking (largest
 * remainders in fen). Where nobody lacks anything it is the even split. The parts are exactly the amount.
 */
export function splitByLack(amount: Money, targets: readonly SplitTarget[]): SplitPart[] {
  const lacks = targets.map(({ lack }) => Math.ceil(lack / PER_FEN));
  const lacking = lacks.reduce((total, lack) => total + lack, 0);
  if (lacking === 0) return splitEvenly(amount, targets);
  const fen = amount / PER_FEN;
  if (fen >= lacking) {
    const rest = splitEvenly(money(amount - lacking * PER_FEN), targets);
    return rest.map((part, at) => ({ ...part, amount: money(part.amount + (lacks[at] ?? 0) * PER_FEN) }));
  }
  const shares = apportion(fen, lacks);
  return targets.map(({ meterId }, at) => ({ meterId, amount: money((shares[at] ?? 0) * PER_FEN) }));
}
