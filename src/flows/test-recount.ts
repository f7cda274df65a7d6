import { addDays, type Day, dayOf, endOfDay, type Instant, instant, later, startOfDay } from "#base/time.ts";
import { registers, verdicts } from "#domain/reading.ts";
import type { Noted, RandomHistory } from "./test-history.ts";

const SPAN_WH = 1_000_000_000;
const NEAR_MS = 10 * 60_000;

/** One line of indexes within a day, counted anew. */
export type Recounted = {
  openWh: number | null;
  closeWh: number | null;
  ratio: number;
  usageWh: number | null;
  quality: string;
};
/** A meter's day, counted anew: its segments, and what was charged in it. */
export type RecountedDay = { day: Day; segments: Recounted[]; cost: number | null };

type Seen = { at: number; wh: number; good: boolean };
/** A point of a line that only rises: what the register would show if it had more digits. */
type Point = { at: number; sum: number };
type Piece = { from: number; to: number; ratio: number; points: Point[]; isFirst: boolean };

/**
 * Counts every day of a meter anew, slowly and from nothing but its raw readings and what was noted down about it: no state, no closed day, no
 * charge, and none of the code that reports rest on.
 */
export async function recount(history: RandomHistory, meter: Noted): Promise<RecountedDay[]> {
  const { db } = history.building;
  const rows = await db.read
    .selectFrom("reading")
    .selectAll()
    .where("meter_id", "=", meter.id)
    .where("register", "=", registers.energyTotal)
    .orderBy("measured_at")
    .execute();
  const seen = rows
    .map((row) => ({ at: row.measured_at, wh: row.value, verdict: verdicts[row.verdict] ?? "" }))
    .filter((row) => ["ok", "rollover", "stale"].includes(row.verdict))
    .map(({ at, wh, verdict }): Seen => ({ at, wh, good: verdict !== "stale" }));
  const pieces = piecesOf(meter, seen);
  const costs = costsOf(meter, seen);
  const last = meter.retiredAt === null ? history.last : dayOf(meter.retiredAt);
  const days: RecountedDay[] = [];
  for (let day = history.first; day <= last && day <= history.last; day = addDays(day, 1)) {
    const segments = pieces.filter((piece) => piece.from < endOfDay(day) && piece.to > startOfDay(day));
    const cost = meter.prices === null ? null : (costs.get(day) ?? 0);
    days.push({ day, segments: segments.map((piece) => segmentOf(piece, day)), cost });
  }
  return days;
}

function piecesOf(meter: Noted, seen: readonly Seen[]): Piece[] {
  const edges = [null, ...meter.breaks, null];
  return edges.slice(1).map((end, i) => {
    const begin = edges[i] ?? null;
    const from = begin?.at ?? Number.NEGATIVE_INFINITY;
    const to = end?.at ?? Number.POSITIVE_INFINITY;
    const own = seen.filter(({ at }) => at > from && at < to).map(({ at, wh }) => ({ at, wh }));
    if (begin) own.unshift({ at: from, wh: begin.openWh });
    if (end) own.push({ at: to, wh: end.closeWh });
    return { from, to, ratio: begin?.ratio ?? meter.ratio, points: rising(own), isFirst: begin === null };
  });
}

function rising(points: readonly { at: number; wh: number }[]): Point[] {
  let turns = 0;
  return points.map(({ at, wh }, i) => {
    const before = points[i - 1];
    if (before !== undefined && wh < before.wh) turns++;
    return { at, sum: wh + turns * SPAN_WH };
  });
}

function segmentOf(piece: Piece, day: Day): Recounted {
  const [begin, end] = [startOfDay(day), endOfDay(day)];
  let open = piece.from > begin ? exact(piece.points[0]) : edgeOf(piece, begin);
  const [first] = piece.points;
  if (open === null && piece.isFirst && first && first.at > begin && first.at <= end) open = exact(first);
  const close = piece.to < end ? exact(piece.points.at(-1)) : edgeOf(piece, end);
  const usageWh = open === null || close === null ? null : (close.sum - open.sum) * piece.ratio;
  return {
    openWh: open === null ? null : open.sum % SPAN_WH,
    closeWh: close === null ? null : close.sum % SPAN_WH,
    ratio: piece.ratio,
    usageWh,
    quality: usageWh === null ? "missing" : open?.drawn || close?.drawn ? "estimated" : "measured",
  };
}

type Edge = { sum: number; drawn: boolean };

function exact(point: Point | undefined): Edge | null {
  return point === undefined ? null : { sum: point.sum, drawn: false };
}

function edgeOf({ points }: Piece, midnight: Instant): Edge | null {
  const away = (point: Point) => Math.abs(point.at - midnight);
  const near = points.filter((point) => away(point) <= NEAR_MS);
  if (near.length > 0) return exact(near.reduce((a, b) => (away(b) < away(a) ? b : a)));
  const before = points.filter((point) => point.at < midnight).at(-1);
  const after = points.find((point) => point.at > midnight);
  if (!before || !after) return null;
  const part = ((after.sum - before.sum) * (midnight - before.at)) / (after.at - before.at);
  const sum = Math.floor((before.sum + part) / 10) * 10;
  return { sum: Math.max(before.sum, sum), drawn: true };
}

/** What was charged on each day: good readings one after the other, each for what was used since the one before, by the price of then. */
function costsOf(meter: Noted, seen: readonly Seen[]): Map<Day, number> {
  const costs = new Map<Day, number>();
  if (meter.prices === null) return costs;
  // Where a line begins its first index stands among the readings: the break itself is what counts.
  const begun = new Set<number>(meter.breaks.map((each) => each.at));
  const shown = seen.filter((row) => row.good && !begun.has(row.at));
  const chain = [...shown.map(({ at, wh }) => ({ at, closeWh: wh, openWh: wh })), ...meter.breaks].sort(
    (one, other) => one.at - other.at,
  );
  let [before, rest] = [chain[0]?.openWh ?? 0, 0];
  for (const step of chain.slice(1)) {
    const ratio = meter.breaks.filter((each) => each.at < step.at).at(-1)?.ratio ?? meter.ratio;
    const price = meter.prices.filter((each) => each.from < step.at).at(-1)?.priceE4 ?? 0;
    const used = (step.closeWh - before + SPAN_WH) % SPAN_WH;
    const exactly = used * ratio * price + rest;
    rest = exactly % 1_000;
    const day = dayOf(later(instant(step.at), -1));
    costs.set(day, (costs.get(day) ?? 0) + (exactly - rest) / 1_000);
    before = step.openWh;
  }
  return costs;
}
