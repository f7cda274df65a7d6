import { DAY_MS, type Day, endOfDay, type Instant, instant, startOfDay } from "#base/time.ts";
import { believedAlong, type KnownBreak } from "#domain/line-break.ts";
import { EDGE_TOLERANCE_MS, type StoredPoint } from "#domain/meter-day.ts";
import { registers, verdicts } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { lineBreaksOf } from "./line-breaks.ts";
import { nearestReading, readingsWithin, someReadings } from "./reading-history.ts";
import type { ReadingCorrectionTable } from "./schema-days.ts";

/** Verdicts that count: good ones, and those of readings that came late and are judged by their neighbours. */
const GOOD = ["ok", "rollover", "stale"].map((verdict) => verdicts.indexOf(verdict as (typeof verdicts)[number]));
const LATE = verdicts.indexOf("stale");
/** Registers of one line: what a meter showed, and what it kept by itself. */
const REGISTERS = [registers.energyTotal, registers.energyFrozen, registers.energyRecorded];
const BELIEVED = { registers: REGISTERS, verdicts: GOOD };
/** What a line of indexes rests on: good when it came. */
const GOOD_INDEX = { registers: [registers.energyTotal], verdicts: GOOD.filter((verdict) => verdict !== LATE) };
/** Late readings looked at between two good ones: three months of quarters of an hour. */
const LATE_POINTS_MAX = 9_000;

/** What is stored of the line of indexes of a meter, around some days. */
export type StoredLine = { points: StoredPoint[]; breaks: KnownBreak[] };

type Row = { meter_id: number; register: number; measured_at: number; value: number; verdict: number };

/**
 * For each meter the readings that the days `from` … `to` rest on: those around each midnight, and where there are none the last before
 * and the first after it. What people decided about readings is laid over them.
 */
export async function linesAround(
  tx: Tx,
  meterIds: readonly number[],
  days: { from: Day; to: Day },
): Promise<Map<number, StoredLine>> {
  const lines = new Map<number, { rows: Map<string, Row>; corrections: ReadingCorrectionTable[] }>();
  for (const id of meterIds) lines.set(id, { rows: new Map(), corrections: [] });
  const corrections = await correctionsOf(tx, meterIds);
  const breaks = await lineBreaksOf(tx, meterIds);
  for (const each of corrections) lines.get(each.meter_id)?.corrections.push(each);
  const keep = (row: Row) => lines.get(row.meter_id)?.rows.set(`${row.register}:${row.measured_at}`, row);
  for (const midnight of midnights(days)) {
    const window = await readingsWithin(tx, meterIds, BELIEVED, {
      from: midnight - EDGE_TOLERANCE_MS,
      to: midnight + EDGE_TOLERANCE_MS,
    });
    const seen = new Set<number>();
    for (const row of window) {
      keep(row);
      if (row.verdict !== LATE && !isRefused(row, lines.get(row.meter_id)?.corrections ?? [])) seen.add(row.meter_id);
    }
    for (const id of meterIds) {
      if (seen.has(id)) continue;
      for (const row of await neighbours(tx, id, midnight, lines.get(id)?.corrections ?? [])) keep(row);
    }
  }
  return new Map(
    [...lines].map(([id, { rows, corrections: decided }]) => [
      id,
      laidOver([...rows.values()], decided, breaks.get(id)),
    ]),
  );
}

function midnights({ from, to }: { from: Day; to: Day }): Instant[] {
  const all: Instant[] = [];
  for (let at = startOfDay(from); at <= endOfDay(to); at = instant(at + DAY_MS)) all.push(at);
  return all;
}

/** The last good reading before a midnight and the first after it, with what came late in between. */
async function neighbours(
  tx: Tx,
  meterId: number,
  midnight: Instant,
  corrections: readonly ReadingCorrectionTable[],
): Promise<Row[]> {
  const refused = corrections.filter((each) => each.decision === "reject").map((each) => each.measured_at);
  const good = { ...GOOD_INDEX, notAt: refused };
  const before = await nearestReading(tx, meterId, good, "before", midnight);
  const after = await nearestReading(tx, meterId, good, "after", midnight);
  const late = await someReadings(
    tx,
    meterId,
    { registers: REGISTERS, verdicts: [LATE] },
    {
      from: (before?.measured_at ?? 0) + 1,
      to: (after?.measured_at ?? midnight + LATE_SPAN_MS) - 1,
      limit: LATE_POINTS_MAX,
      newestFirst: false,
    },
  );
  return [...(before ? [before] : []), ...late, ...(after ? [after] : [])];
}

/** How far after a midnight late readings are looked for when nothing good follows. */
const LATE_SPAN_MS = 92 * DAY_MS;

function isRefused(row: Row, corrections: readonly ReadingCorrectionTable[]): boolean {
  return corrections.some((each) => each.measured_at === row.measured_at && each.decision === "reject");
}

/** Decisions about total indexes, the latest about each reading. */
async function correctionsOf(tx: Tx, meterIds: readonly number[]): Promise<ReadingCorrectionTable[]> {
  if (meterIds.length === 0) return [];
  const rows = await tx
    .selectFrom("reading_correction")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .where("register", "=", registers.energyTotal)
    .orderBy("measured_at")
    .orderBy("id")
    .execute();
  return [...new Map(rows.map((row) => [`${row.meter_id}:${row.measured_at}`, row])).values()];
}

/** Readings as they count: refused ones left out, corrected ones with their true value, breaks where a register began anew. */
function laidOver(
  rows: readonly Row[],
  corrections: readonly ReadingCorrectionTable[],
  known: readonly KnownBreak[] = [],
): StoredLine {
  const decided = new Map(corrections.map((each) => [each.measured_at, each]));
  const points: StoredPoint[] = [];
  for (const row of rows) {
    if (row.register === registers.energyTotal && decided.has(row.measured_at)) continue;
    points.push({
      at: instant(row.measured_at),
      indexWh: row.value,
      frozen: row.register === registers.energyFrozen,
      late: row.verdict === LATE,
    });
  }
  const breaks: StoredLine["breaks"] = [...known];
  for (const each of corrections) {
    if (each.value_wh === null) continue;
    const at = instant(each.measured_at);
    if (each.decision === "restart") {
      breaks.push({
        at,
        closeWh: each.good_wh ?? each.value_wh,
        openWh: each.value_wh,
        ratioBefore: null,
        ratioAfter: null,
      });
    } else points.push({ at, indexWh: each.value_wh, frozen: false, late: false });
  }
  return { points, breaks };
}

/** The points that count around a time, without late ones: the last before it, the first after it, and every corrected one. */
export async function linesOfReadings(tx: Tx, meterId: number, at: Instant): Promise<StoredPoint[]> {
  const corrections = await correctionsOf(tx, [meterId]);
  const decided = corrections.map((each) => each.measured_at);
  const side = (name: "before" | "after") => nearestReading(tx, meterId, { ...GOOD_INDEX, notAt: decided }, name, at);
  const rows = [await side("before"), await side("after")].filter((row) => row !== undefined);
  return laidOver(rows, corrections).points.toSorted((a, b) => a.at - b.at);
}

/** The believed points of a meter between two instants, with what people decided laid over them. */
export async function pointsWithin(tx: Tx, meterId: number, from: Instant, to: Instant) {
  const rows = await someReadings(tx, meterId, BELIEVED, { from, to, limit: LATE_POINTS_MAX, newestFirst: false });
  const known = (await lineBreaksOf(tx, [meterId])).get(meterId);
  const { points, breaks } = laidOver(rows, await correctionsOf(tx, [meterId]), known);
  return believedAlong(
    points.filter((point) => point.at >= from && point.at <= to),
    breaks,
  );
}

/** {@link pointsWithin} for some meters at once. */
export async function pointsOfMeters(tx: Tx, meterIds: readonly number[], from: Instant, to: Instant) {
  const rows = Map.groupBy(await readingsWithin(tx, meterIds, BELIEVED, { from, to }), (row) => row.meter_id);
  const decided = Map.groupBy(await correctionsOf(tx, meterIds), (each) => each.meter_id);
  const breaks = await lineBreaksOf(tx, meterIds);
  return new Map(
    meterIds.map((id) => {
      const line = laidOver(rows.get(id) ?? [], decided.get(id) ?? [], breaks.get(id));
      const inside = line.points.filter((point) => point.at >= from && point.at <= to);
      return [id, believedAlong(inside, line.breaks)] as const;
    }),
  );
}

/** When the first index of each meter was measured; a meter that was never read is left out. */
export async function firstPoints(tx: Tx, meterIds: readonly number[]): Promise<Map<number, StoredPoint>> {
  const firsts = new Map<number, StoredPoint>();
  for (const id of meterIds) {
    const row = await nearestReading(tx, id, { registers: [registers.energyTotal], verdicts: GOOD }, "after", 0);
    if (row) {
      const point = { at: instant(row.measured_at), indexWh: row.value, frozen: false };
      firsts.set(id, { ...point, late: row.verdict === LATE });
    }
  }
  return firsts;
}

/** Whether a meter has a believed reading after an instant, and when the nearest ones on both sides of a day were. */
export async function goodAround(
  tx: Tx,
  meterId: number,
  day: Day,
): Promise<{ before: Instant | null; after: Instant | null }> {
  const before = await nearestReading(tx, meterId, GOOD_INDEX, "before", startOfDay(day) - EDGE_TOLERANCE_MS);
  const after = await nearestReading(tx, meterId, GOOD_INDEX, "after", endOfDay(day) + EDGE_TOLERANCE_MS);
  return {
    before: before ? instant(before.measured_at) : null,
    after: after ? instant(after.measured_at) : null,
  };
}
