import type { Shown } from "./charging.ts";
import { isRollover, usedBetween } from "./settlement.ts";

/**
 * The readings between two that a usage may be split by, with these two as ends. Good ones count first; one that came late (stale when
 * it came) counts where it lies on the line between its neighbours: what it measured was so, whenever it arrived.
 */
export function readingLine(
  first: Shown,
  between: readonly (Shown & { readonly isGood: boolean })[],
  last: Shown,
): Shown[] {
  const line: Shown[] = [first];
  for (const { isGood, ...reading } of between)
    if (isGood && isOnLine(line.at(-1) ?? first, reading, last)) line.push(reading);
  line.push(last);
  for (const { isGood, ...reading } of between) {
    if (isGood) continue;
    const at = line.findIndex((each) => each.at > reading.at);
    const [before, after] = [line[at - 1], line[at]];
    if (before === undefined || after === undefined || before.at === reading.at) continue;
    if (isOnLine(before, reading, after)) line.splice(at, 0, reading);
  }
  return line;
}

/** The register could run from `a` over `b` to `c` in one go, started again at most once. */
function isOnLine(a: Shown, b: Shown, c: Shown): boolean {
  return runs(a, b) && runs(b, c) && used(a, b) + used(b, c) === used(a, c);
}

function runs(a: Shown, b: Shown): boolean {
  return a.at <= b.at && (b.indexWh >= a.indexWh || isRollover(a.indexWh, b.indexWh));
}

function used(a: Shown, b: Shown): number {
  return usedBetween(a.indexWh, b.indexWh);
}
