import { assert } from "#base/errors.ts";
import { DAY_MS, type Day, dayOf, endOfDay, type Instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import { REGISTER_SPAN_WH, usedBetween } from "./settlement.ts";

/** A total index that a meter showed, or that it froze itself at a midnight (日冻结). */
export type IndexPoint = { readonly at: Instant; readonly indexWh: number; readonly frozen: boolean };

/**
 * Where one line of indexes ends and another begins: the meter was exchanged, its register was set anew, or its CT
 * ratio changed. `ratio` holds from here on.
 */
export type LineBreak = {
  readonly at: Instant;
  readonly closeWh: number;
  readonly openWh: number;
  readonly ratio: number;
};

/** Where the index at the edge of a day comes from. `opening`: the first that is known of a meter; `break`: see {@link LineBreak}. */
export const edgeSources = ["frozen", "read", "estimated", "opening", "break"] as const;
export type EdgeSource = (typeof edgeSources)[number];
/** The index at the edge of a day, and when the reading that it rests on was measured. */
export type DayEdge = { readonly indexWh: number; readonly at: Instant; readonly source: EdgeSource };

/** How well a day is known. `estimated`: an edge lies between readings; `missing`: an edge is not known, nor is the usage. */
export const dayQualities = ["measured", "estimated", "missing"] as const;
export type DayQuality = (typeof dayQualities)[number];

/** One line of indexes within one day: a whole day, unless the meter was exchanged in it. */
export type DaySegment = {
  /** Counts the lines of a meter from 1. */
  readonly segment: number;
  readonly ratio: number;
  readonly open: DayEdge | null;
  readonly close: DayEdge | null;
  /** Usage × ratio in Wh or litres; null when an edge is not known. Never 0 for want of data. */
  readonly usageWh: number | null;
  readonly quality: DayQuality;
};

/** A reading this near to midnight counts as the reading of midnight: half the usual reading period and a little. */
export const EDGE_TOLERANCE_MS = 10 * MINUTE_MS;

/** A day is closed so long after its end: the first readings of the next day, and what meters froze, are there by then. */
export const CLOSE_AFTER_MS = 30 * MINUTE_MS;

/** Shortly before a day is closed: until then, what tells of it is in time. */
const IN_TIME_MS = CLOSE_AFTER_MS - 10 * MINUTE_MS;
/** What was on its way for longer than this was not there when a day was closed that it could have told of. */
const ON_ITS_WAY_MS = 10 * MINUTE_MS;

/** Whether something that was measured at `at`, and is heard of `now`, tells of a day that may have been closed without it. */
export function tellsOfClosedDay(at: Instant, now: Instant): boolean {
  const today = startOfDay(dayOf(now));
  if (at < today - DAY_MS) return true;
  if (now < today + IN_TIME_MS) return false;
  return at < today || (at < today + CLOSE_AFTER_MS && now - at > ON_ITS_WAY_MS);
}

/** What is known of a meter around a day. */
export type MeterLine = {
  /** Believed points in the order of time, from the last one before the day to the first one after it. */
  readonly points: readonly IndexPoint[];
  /** All breaks of the meter in the order of time. */
  readonly breaks: readonly LineBreak[];
  /** The ratio before the first break. */
  readonly ratio: number;
  /** When the first index of the meter is known: before it there is nothing to find. Null: never read. */
  readonly since: Instant | null;
};

/**
 * What a meter used on a day (日用量), by the indexes at its two midnights, in one segment for each line of indexes. Neighbouring days
 * share the index of their midnight, so days add up to what the register went on, to the last digit.
 */
export function closeDay(day: Day, line: MeterLine): DaySegment[] {
  const from = startOfDay(day);
  const to = endOfDay(day);
  const inDay = line.breaks.filter((each) => each.at > from && each.at <= to);
  const before = line.breaks.filter((each) => each.at <= from);
  let segment = before.length + 1;
  let ratio = before.at(-1)?.ratio ?? line.ratio;
  let open = openingEdge(from, to, line);
  const segments: DaySegment[] = [];
  for (const each of inDay) {
    segments.push(segmentOf({ segment, ratio, open, close: breakEdge(each.at, each.closeWh) }));
    segment++;
    ratio = each.ratio;
    open = breakEdge(each.at, each.openWh);
  }
  // A break at the very midnight belongs to the day that ends there; what it opens is the next day's.
  if (inDay.at(-1)?.at !== to) segments.push(segmentOf({ segment, ratio, open, close: edgeAt(to, line) }));
  return segments;
}

function segmentOf({ segment, ratio, open, close }: Pick<DaySegment, "segment" | "ratio" | "open" | "close">) {
  const used = open === null || close === null ? null : usedOrNull(open.indexWh, close.indexWh);
  const estimated = open?.source === "estimated" || close?.source === "estimated";
  const quality: DayQuality = used === null ? "missing" : estimated ? "estimated" : "measured";
  return { segment, ratio, open, close, usageWh: used === null ? null : used * ratio, quality };
}

/** Null where two believed readings contradict each other: a person has to say which is right. */
function usedOrNull(fromWh: number, toWh: number): number | null {
  return runsOn(fromWh, toWh) ? usedBetween(fromWh, toWh) : null;
}

/** Whether a register can go from one index to the other without running backwards. */
export function runsOn(fromWh: number, toWh: number): boolean {
  return toWh >= fromWh || (fromWh > REGISTER_SPAN_WH * 0.9 && toWh < REGISTER_SPAN_WH * 0.1);
}

function breakEdge(at: Instant, indexWh: number): DayEdge {
  return { indexWh, at, source: "break" };
}

/** The first day of a meter begins with its first index. */
function openingEdge(from: Instant, to: Instant, line: MeterLine): DayEdge | null {
  const edge = edgeAt(from, line);
  if (edge !== null) return edge;
  const first = line.points[0];
  if (line.since === null || first === undefined || line.since <= from || line.since > to) return null;
  return { indexWh: first.indexWh, at: first.at, source: "opening" };
}

/**
 * The index at a midnight: what the meter froze then; else the nearest reading within {@link EDGE_TOLERANCE_MS}; else on the straight
 * line between the readings before and after, rounded down to what meters show (0.01 unit). Null when one of them is missing.
 */
export function edgeAt(midnight: Instant, line: MeterLine): DayEdge | null {
  const points = pointsOfLine(midnight, line);
  const frozen = points.find((point) => point.frozen && point.at === midnight);
  if (frozen) return { indexWh: frozen.indexWh, at: frozen.at, source: "frozen" };
  let nearest: IndexPoint | null = null;
  for (const point of points) {
    const away = Math.abs(point.at - midnight);
    if (away > EDGE_TOLERANCE_MS) continue;
    if (nearest === null || away < Math.abs(nearest.at - midnight)) nearest = point;
  }
  if (nearest !== null) return { indexWh: nearest.indexWh, at: nearest.at, source: "read" };
  const before = points.findLast((point) => point.at < midnight);
  const after = points.find((point) => point.at > midnight);
  if (!before || !after || !runsOn(before.indexWh, after.indexWh)) return null;
  return { indexWh: between(before, after, midnight), at: midnight, source: "estimated" };
}

/** The points of the line of indexes that holds the midnight, its ends included: nothing is drawn across a break. */
function pointsOfLine(midnight: Instant, line: MeterLine): IndexPoint[] {
  const begin = line.breaks.findLast((each) => each.at <= midnight);
  const end = line.breaks.find((each) => each.at > midnight);
  const points = line.points.filter(
    (point) => (begin === undefined || point.at > begin.at) && (end === undefined || point.at < end.at),
  );
  if (begin !== undefined) points.unshift({ at: begin.at, indexWh: begin.openWh, frozen: false });
  if (end !== undefined) points.push({ at: end.at, indexWh: end.closeWh, frozen: false });
  return points;
}

/** Meters show hundredths of a unit; an estimate is not finer than that. */
const GRAIN_WH = 10;

function between(before: IndexPoint, after: IndexPoint, at: Instant): number {
  const used = usedBetween(before.indexWh, after.indexWh);
  const part = Number((BigInt(used) * BigInt(at - before.at)) / BigInt(after.at - before.at));
  const index = before.indexWh + part;
  const rounded = Math.max(before.indexWh, index - (index % GRAIN_WH));
  return rounded % REGISTER_SPAN_WH;
}

/** A reading as it is stored; `late` when it was older than another already there, and so was never judged against its neighbours. */
export type StoredPoint = IndexPoint & { readonly late: boolean };

/**
 * The points that may be believed, in the order of time: those that were judged good, and of those that came late the ones that
 * lie between their good neighbours.
 */
export function believed(stored: readonly StoredPoint[]): IndexPoint[] {
  const sorted = stored.toSorted((a, b) => a.at - b.at || Number(b.frozen) - Number(a.frozen));
  const nextGood: (StoredPoint | undefined)[] = [];
  let good: StoredPoint | undefined;
  for (let i = sorted.length - 1; i >= 0; i--) {
    nextGood[i] = good;
    const point = sorted[i];
    if (point && !point.late) good = point;
  }
  const kept: IndexPoint[] = [];
  sorted.forEach((point, i) => {
    const last = kept.at(-1);
    const next = nextGood[i];
    const fits = (!last || runsOn(last.indexWh, point.indexWh)) && (!next || runsOn(point.indexWh, next.indexWh));
    if (!point.late || fits) kept.push({ at: point.at, indexWh: point.indexWh, frozen: point.frozen });
  });
  return kept;
}

/** One day of one or more segments together: usage is known when every segment's is. */
export function dayUsage(segments: readonly Pick<DaySegment, "usageWh">[]): number | null {
  assert(segments.length > 0, "a day has a segment");
  let sum = 0;
  for (const { usageWh } of segments) {
    if (usageWh === null) return null;
    sum += usageWh;
  }
  return sum;
}
