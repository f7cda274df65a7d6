import { addDays, type Day, dayOf, endOfDay, instant, later, startOfDay } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
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
  const seen = await seenOf(history, meter);
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

async function seenOf(history: RandomHistory, meter: Noted): Promise<Seen[]> {
  const { db } = history.building;
  const rows = await db.read
    .selectFrom("reading")
    .selectAll()
    .where("meter_id", "=", meter.id)
    .where("register", "=", registers.energyTotal)
    .orderBy("measured_at")
    .execute();
  return rows
    .map((row) => ({ at: row.measured_at, wh: row.value, verdict: verdicts[row.verdict] ?? "" }))
    .filter((row) => ["ok", "rollover", "stale"].includes(row.verdict))
    .map(({ at, wh, verdict }): Seen => ({ at, wh, good: verdict !== "stale" }));
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
  const { open, close } = endsOf(piece, day);
  const usageWh = open === null || close === null ? null : (close.sum - open.sum) * piece.ratio;
  return {
    openWh: open === null ? null : open.sum % SPAN_WH,
    closeWh: close === null ? null : close.sum % SPAN_WH,
    ratio: piece.ratio,
    usageWh,
    quality: usageWh === null ? "missing" : open?.drawn || close?.drawn ? "estimated" : "measured",
  };
}

/** The edges of a piece within a day, and since when and until when the day knows it. */
function endsOf(piece: Piece, day: Day) {
  let [begin, end] = [startOfDay(day) as number, endOfDay(day) as number];
  let open = piece.from > begin ? exact(piece.points[0]) : edgeOf(piece, begin);
  const [first] = piece.points;
  if (piece.from > begin) begin = piece.from;
  else if (open === null && piece.isFirst && first && first.at > begin && first.at <= end) {
    open = exact(first);
    begin = first.at;
  }
  const close = piece.to < end ? exact(piece.points.at(-1)) : edgeOf(piece, end);
  if (piece.to < end) end = piece.to;
  return { begin, end, open, close };
}

/**
 * A part of a day, counted anew: one slot, or several between which nobody read. The cost is known where what was charged within it
 * is all that was used in it.
 */
export type RecountedPart = {
  from: number;
  to: number;
  segment: number;
  usageWh: number | null;
  cost: number | null;
};

/**
 * A day of a meter by slots, counted anew: of each full hour, then of each slot in it, the reading that is nearest, and what the register
 * went on between them.
 */
export async function recountSlots(
  history: RandomHistory,
  meter: Noted,
  { days, minutes }: { days: readonly Day[]; minutes: number },
): Promise<Map<Day, RecountedPart[]>> {
  const seen = await seenOf(history, meter);
  const pieces = piecesOf(meter, seen);
  const steps = chargesOf(meter, seen);
  const costWithin = (from: Edge, to: Edge, usageWh: number | null): number | null => {
    if (meter.prices === null) return null;
    const within = steps.filter((step) => step.from >= from.at && step.to <= to.at);
    const isAll = within.reduce((sum, step) => sum + step.usageWh, 0) === usageWh;
    return isAll ? within.reduce((sum, step) => sum + step.amount, 0) : null;
  };
  const counted = days.map((day) => {
    const parts = pieces.flatMap((piece, i) => {
      if (piece.from >= endOfDay(day) || piece.to <= startOfDay(day)) return [];
      const { begin, end, open, close } = endsOf(piece, day);
      type Cut = { time: number; edge: Edge | null };
      let cuts: Cut[] = [
        { time: begin, edge: open },
        { time: end, edge: close },
      ];
      for (const length of new Set([60, minutes])) {
        const near = Math.min(NEAR_MS, (length * 60_000) / 2);
        for (let n = 1; n < (24 * 60) / length; n++) {
          const time = startOfDay(day) + n * length * 60_000;
          const before = cuts.findLast((cut) => cut.time <= time);
          const after = cuts.find((cut) => cut.time >= time);
          if (!before || !after || before.time === time || after.time === time) continue;
          const [low, high] = [before.edge?.at ?? startOfDay(day) - 1, after.edge?.at ?? endOfDay(day) + 1];
          const candidates = piece.points
            .filter(({ at }) => at > low && at < high && at - time <= near && time - at < near)
            .sort((a, b) => Math.abs(a.at - time) - Math.abs(b.at - time) || a.at - b.at);
          const edge = exact(candidates[0]);
          if (edge) cuts = [...cuts, { time, edge }].sort((a, b) => a.time - b.time);
        }
      }
      return cuts.slice(1).map((cut, k): RecountedPart => {
        const [from, to] = [cuts[k] as Cut, cut];
        const usageWh = from.edge && to.edge ? (to.edge.sum - from.edge.sum) * piece.ratio : null;
        const cost = from.edge && to.edge ? costWithin(from.edge, to.edge, usageWh) : null;
        return { from: from.time, to: to.time, segment: i + 1, usageWh, cost };
      });
    });
    return [day, parts] as const;
  });
  return new Map(counted);
}

type Edge = { at: number; sum: number; drawn: boolean };

function exact(point: Point | undefined): Edge | null {
  return point === undefined ? null : { at: point.at, sum: point.sum, drawn: false };
}

function edgeOf({ points }: Piece, midnight: number): Edge | null {
  const away = (point: Point) => Math.abs(point.at - midnight);
  const near = points.filter((point) => away(point) <= NEAR_MS);
  if (near.length > 0) return exact(near.reduce((a, b) => (away(b) < away(a) ? b : a)));
  const before = points.filter((point) => point.at < midnight).at(-1);
  const after = points.find((point) => point.at > midnight);
  if (!before || !after) return null;
  const part = ((after.sum - before.sum) * (midnight - before.at)) / (after.at - before.at);
  const sum = Math.floor((before.sum + part) / 10) * 10;
  return { at: midnight, sum: Math.max(before.sum, sum), drawn: true };
}

/** What was charged on each day. */
function costsOf(meter: Noted, seen: readonly Seen[]): Map<Day, number> {
  const costs = new Map<Day, number>();
  for (const { to, amount } of chargesOf(meter, seen)) {
    const day = dayOf(later(instant(to), -1));
    costs.set(day, (costs.get(day) ?? 0) + amount);
  }
  return costs;
}

type Step = { from: number; to: number; usageWh: number; amount: number };

/** What was charged: good readings one after the other, each for what was used since the one before, by the price of then. */
function chargesOf(meter: Noted, seen: readonly Seen[]): Step[] {
  const steps: Step[] = [];
  if (meter.prices === null) return steps;
  // Where a line begins its first index stands among the readings: the break itself is what counts.
  const begun = new Set<number>(meter.breaks.map((each) => each.at));
  const shown = seen.filter((row) => row.good && !begun.has(row.at));
  const chain = [...shown.map(({ at, wh }) => ({ at, closeWh: wh, openWh: wh })), ...meter.breaks].sort(
    (one, other) => one.at - other.at,
  );
  let [before, rest] = [chain[0], 0];
  for (const step of chain.slice(1)) {
    const ratio = meter.breaks.filter((each) => each.at < step.at).at(-1)?.ratio ?? meter.ratio;
    const price = meter.prices.filter((each) => each.from < step.at).at(-1)?.priceE4 ?? 0;
    const used = (step.closeWh - (before?.openWh ?? 0) + SPAN_WH) % SPAN_WH;
    const exactly = used * ratio * price + rest;
    rest = exactly % 1_000;
    steps.push({ from: before?.at ?? 0, to: step.at, usageWh: used * ratio, amount: (exactly - rest) / 1_000 });
    before = step;
  }
  return steps;
}

/** The sum of what is known; null when nothing is. */
export const known = (list: readonly (number | null)[]) => {
  const told = list.filter((each) => each !== null);
  return told.length === 0 ? null : told.reduce((sum, each) => sum + each, 0);
};
export const yuan = (e4: number | null) => (e4 === null ? null : formatMoney(money(e4)));

/** What a report says about some days of some meters, if it is right. */
export function figures(days: readonly RecountedDay[]) {
  const of = (quality: string) => days.filter((day) => day.segments.some((each) => each.quality === quality)).length;
  return {
    usageWh: known(days.flatMap((day) => day.segments.map((each) => each.usageWh))),
    cost: yuan(known(days.map((day) => day.cost))),
    missing: of("missing"),
    estimated: of("estimated"),
  };
}
/** The same of a report. */
export const figuresOf = <T extends ReturnType<typeof figures>>({ usageWh, cost, missing, estimated }: T) => ({
  usageWh,
  cost,
  missing,
  estimated,
});
