import { DAY_MS, type Instant } from "#base/time.ts";

/** When the n-th last freeze was made, as far as it was asked; null: the meter has none so far back. */
export type Positions = ReadonlyMap<number, Instant | null>;

/** Where the freeze of a midnight is: at a place, nowhere, not made yet, or to be found by asking for the time of another place. */
export type Place = { kind: "at"; n: number } | { kind: "ask"; n: number } | { kind: "none" } | { kind: "not_yet" };

/**
 * Finds the freeze of a midnight among those that a meter keeps, newest first. One that was without supply at midnight has left days out,
 * so the place is guessed by counting days and proved by the time that the meter tells; between two places that are as many days apart
 * as they are places, nothing was left out and nothing need be asked. Every question halves what is open, so it ends.
 */
export function placeOfFreeze(midnight: Instant, known: Positions, kept: number): Place {
  const newest = known.get(1);
  if (newest === undefined) return { kind: "ask", n: 1 };
  if (newest === null) return { kind: "none" };
  if (newest < midnight) return { kind: "not_yet" };
  let after = { n: 1, at: newest };
  let before: { n: number; at: Instant | null } = { n: kept + 1, at: null };
  for (const [n, at] of known) {
    if (at !== null && at >= midnight && n > after.n) after = { n, at };
    if ((at === null || at < midnight) && n < before.n) before = { n, at };
  }
  if (after.at === midnight) return { kind: "at", n: after.n };
  const guess = after.n + Math.max(1, daysBetween(midnight, after.at));
  const isWhole = before.at !== null && daysBetween(before.at, after.at) === before.n - after.n;
  if (isWhole && (after.at - midnight) % DAY_MS === 0) return { kind: "at", n: guess };
  if (before.n === after.n + 1) return { kind: "none" };
  return { kind: "ask", n: Math.min(guess, before.n - 1) };
}

function daysBetween(from: Instant, to: Instant): number {
  return Math.floor((to - from) / DAY_MS);
}
