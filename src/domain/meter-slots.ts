import { type Day, endOfDay, HOUR_MS, type Instant, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import { type DayEdge, EDGE_TOLERANCE_MS, runsOn } from "./meter-day.ts";
import { usedBetween } from "./settlement.ts";

/** One line of indexes within a closed day, with the readings on it: in the order of time, strictly between its edges. */
export type SlotLine = {
  readonly segment: number;
  readonly ratio: number;
  readonly open: DayEdge | null;
  readonly close: DayEdge | null;
  readonly points: readonly { readonly at: Instant; readonly indexWh: number }[];
};

/**
 * How well a part of a day is known. `gap`: it covers several slots between which nothing was read, and its usage is theirs together; of
 * each by itself it is not known. `estimated`: an edge lies between readings. `missing`: an edge is not known, nor is the usage.
 */
export const slotQualities = ["measured", "estimated", "gap", "missing"] as const;
export type SlotQuality = (typeof slotQualities)[number];

/** One slot (时段) of a day, or several of them between which nothing was read; only a part of one where a line begins or ends in it. */
export type SlotPart = {
  readonly from: Instant;
  readonly to: Instant;
  /** How many slots it touches: more than one is a gap. */
  readonly slots: number;
  readonly segment: number;
  readonly ratio: number;
  readonly open: DayEdge | null;
  readonly close: DayEdge | null;
  /** Wh or litres, × ratio. Null: not known, never 0 for want of data. */
  readonly usageWh: number | null;
  readonly quality: SlotQuality;
};

/**
 * A day cut into slots of `minutes` (5 … 60, dividing an hour). The index at the edge of a slot is the reading nearest to it, within
 * {@link EDGE_TOLERANCE_MS} and half a slot; nothing is drawn between readings. Edges that nobody read fall away, and the slots around them
 * become one wider part. Neighbours share their edge, so the parts of a line add up to what the day says of it to the last digit, with gaps
 * or without; and as the edges of full hours do not depend on `minutes`, so do finer slots to each hour.
 */
export function slotsOfDay(day: Day, minutes: number, lines: readonly SlotLine[]): SlotPart[] {
  return lines.flatMap((line) => partsOf(day, minutes * MINUTE_MS, line));
}

type Edge = { readonly at: Instant; readonly edge: DayEdge | null };

function partsOf(day: Day, length: number, line: SlotLine): SlotPart[] {
  const begin: Edge = { at: insideDay(line.open, startOfDay(day)), edge: line.open };
  const end: Edge = { at: insideDay(line.close, endOfDay(day)), edge: line.close };
  const hours = knownEdges({ begin, end }, HOUR_MS, line.points);
  const edges = [begin, ...hours, end].flatMap((edge, i, all) => {
    const next = all[i + 1];
    return next === undefined || length === HOUR_MS
      ? [edge]
      : [edge, ...knownEdges({ begin: edge, end: next }, length, line.points)];
  });
  return edges.slice(1).map((to, i) => partBetween(edges[i] ?? begin, to, { line, length, day }));
}

/** Where a line begins or ends: at the break, or at the first reading of all; at midnight otherwise, whenever that was read. */
function insideDay(edge: DayEdge | null, midnight: Instant): Instant {
  return edge?.source === "break" || edge?.source === "opening" ? edge.at : midnight;
}

/** The edges of slots strictly between two edges that somebody read, each with a reading of its own. */
function knownEdges({ begin, end }: { begin: Edge; end: Edge }, length: number, points: SlotLine["points"]): Edge[] {
  const near = Math.min(EDGE_TOLERANCE_MS, length / 2);
  const own = points.filter(({ at }) => at > (begin.edge?.at ?? begin.at - 1) && at < (end.edge?.at ?? end.at + 1));
  const found: Edge[] = [];
  // The zone is whole hours from UTC and slots divide an hour, so their edges are multiples of their length.
  for (let at = (Math.floor(begin.at / length) + 1) * length; at < end.at; at += length) {
    let best: (typeof own)[number] | null = null;
    for (const point of own) {
      // Half open: a reading in the middle between two edges is not both.
      if (point.at <= at - near || point.at > at + near) continue;
      if (best === null || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
    }
    if (best !== null) found.push({ at: instant(at), edge: { indexWh: best.indexWh, at: best.at, source: "read" } });
  }
  return found;
}

type Within = { line: SlotLine; length: number; day: Day };

function partBetween(from: Edge, to: Edge, { line, length, day }: Within): SlotPart {
  const start = startOfDay(day);
  const slots = Math.ceil((to.at - start) / length) - Math.floor((from.at - start) / length);
  const [open, close] = [from.edge, to.edge];
  const isKnown = open !== null && close !== null && runsOn(open.indexWh, close.indexWh);
  const used = isKnown ? usedBetween(open.indexWh, close.indexWh) : null;
  const isEstimated = open?.source === "estimated" || close?.source === "estimated";
  return {
    from: from.at,
    to: to.at,
    slots: Math.max(1, slots),
    segment: line.segment,
    ratio: line.ratio,
    open,
    close,
    usageWh: used === null ? null : used * line.ratio,
    quality: used === null ? "missing" : slots > 1 ? "gap" : isEstimated ? "estimated" : "measured",
  };
}
