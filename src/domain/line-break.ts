import { type Instant, instant } from "#base/time.ts";
import { believed, type IndexPoint, type LineBreak, type StoredPoint } from "./meter-day.ts";

/** Why a line of indexes ends and another begins (段): the meter was exchanged, or its CT ratio changed. */
export const breakCauses = ["exchange", "ratio"] as const;
export type BreakCause = (typeof breakCauses)[number];

/** A break as it is known: one that says nothing of ratios (a register that was set anew) leaves the ratio as it was. */
export type KnownBreak = Omit<LineBreak, "ratio"> & {
  readonly ratioBefore: number | null;
  readonly ratioAfter: number | null;
};

/**
 * The breaks of a meter in the order of time, each with the ratio that holds from there on, and the ratio before the first. `ratioNow` is
 * the meter's ratio of today, which held always unless a break says otherwise.
 */
export function ratiosAlong(known: readonly KnownBreak[], ratioNow: number): { ratio: number; breaks: LineBreak[] } {
  const sorted = known.toSorted((a, b) => a.at - b.at);
  const first = sorted.find((each) => each.ratioBefore !== null);
  let ratio = first?.ratioBefore ?? ratioNow;
  const before = ratio;
  const breaks = sorted.map(({ at, closeWh, openWh, ratioAfter }) => {
    ratio = ratioAfter ?? ratio;
    return { at, closeWh, openWh, ratio };
  });
  return { ratio: before, breaks };
}

/** The points that may be believed on each line of indexes by itself: what came late is held against its own line only. */
export function believedAlong(
  stored: readonly StoredPoint[],
  breaks: readonly Omit<LineBreak, "ratio">[],
): IndexPoint[] {
  const sorted = breaks.toSorted((a, b) => a.at - b.at);
  return [...sorted, null].flatMap((close, i) => {
    const open = sorted[i - 1];
    const own = stored.filter(({ at }) => (open === undefined || at > open.at) && (close === null || at < close.at));
    const edges: StoredPoint[] = [];
    if (open) edges.push(edge(open.at, open.openWh));
    if (close) edges.push(edge(close.at, close.closeWh));
    return believed([...own, ...edges]).filter(({ at }) => at !== open?.at && at !== close?.at);
  });
}

function edge(at: Instant, indexWh: number): StoredPoint {
  return { at: instant(at), indexWh, frozen: false, late: false };
}
