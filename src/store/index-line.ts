import { DAY_MS, type Day, dayOf, endOfDay, type Instant, instant, startOfDay } from "#base/time.ts";
import { believedAlong, type KnownBreak } from "#domain/line-break.ts";
import { EDGE_TOLERANCE_MS, type StoredPoint } from "#domain/meter-day.ts";
import { registers, verdicts } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { lineBreaksOf } from "./line-breaks.ts";
import { nearestReadings } from "./nearest-readings.ts";
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
    const unseen = meterIds.filter((id) => !seen.has(id));
    const decided = new Map(unseen.map((id) => [id, lines.get(id)?.corrections ?? []]));
    for (const row of await neighbours(tx, midnight, decided)) keep(row);
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

/** Of each meter the last good reading before a midnight and the first after it, with what came late in between. */
async function neighbours(
  tx: Tx,
  midnight: Instant,
  decided: ReadonlyMap<number, readonly ReadingCorrectionTable[]>,
): Promise<Row[]> {
  const rejected = (id: number) => (decided.get(id) ?? []).filter((each) => each.decision === "reject");
  const plain = [...decided.keys()].filter((id) => rejected(id).length === 0);
  const before = await nearestReadings(tx, plain, GOOD_INDEX, "before", midnight);
  const after = await nearestReadings(tx, plain, GOOD_INDEX, "after", midnight);
  // Few meters have a reading that a person refused: they are looked at one by one.
  for (const id of decided.keys()) {
    const notAt = rejected(id).map((each) => each.measured_at);
    if (notAt.length === 0) continue;
    const good = { ...GOOD_INDEX, notAt };
    const [last, first] = [
      await nearestReading(tx, id, good, "before", midnight),
      await nearestReading(tx, id, good, "after", midnight),
    ];
    if (last) before.set(id, last);
    if (first) after.set(id, first);
  }
  const gaps = [...decided.keys()].map((id) => ({
    id,
    from: (before.get(id)?.measured_at ?? 0) + 1,
    to: (after.get(id)?.measured_at ?? midnight + LATE_SPAN_MS) - 1,
  }));
  return [...before.values(), ...after.values(), ...(await lateWithin(tx, gaps))];
}

type Gap = { id: number; from: number; to: number };

/** Late readings of meters in the gap of each. Meters with gaps over the same days, as those behind one concentrator have, are asked together. */
async function lateWithin(tx: Tx, gaps: readonly Gap[]): Promise<Row[]> {
  const wanted = { registers: REGISTERS, verdicts: [LATE] };
  const rows: Row[] = [];
  const spans = Map.groupBy(gaps, ({ from, to }) => `${dayOf(instant(from))} ${dayOf(instant(Math.max(from, to)))}`);
  for (const same of spans.values()) {
    const [from, to] = [Math.min(...same.map((gap) => gap.from)), Math.max(...same.map((gap) => gap.to))];
    const days = Math.min(GAP_DAYS_MAX, Math.ceil((to - from) / DAY_MS));
    const limit = Math.max(1, Math.floor(GAP_DAYS_AT_ONCE / Math.max(1, days)));
    for (let i = 0; i < same.length; i += limit) {
      const part = new Map(same.slice(i, i + limit).map((gap) => [gap.id, gap]));
      const late = await readingsWithin(tx, [...part.keys()], wanted, { from, to });
      for (const [id, own] of Map.groupBy(late, (row) => row.meter_id)) {
        const gap = part.get(id);
        const inside = own.filter((row) => gap && row.measured_at >= gap.from && row.measured_at <= gap.to);
        rows.push(...inside.slice(0, LATE_POINTS_MAX));
      }
    }
  }
  return rows;
}

/** Meters × days of gaps that are asked for at once: what is packed of them is held in memory, half a kilobyte each. */
const GAP_DAYS_AT_ONCE = 5_000;
/** A longer gap, as before the first reading of a meter, holds hardly more. */
const GAP_DAYS_MAX = 92;
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
  const lines = await linesWithin(tx, meterIds, from, to);
  return new Map([...lines].map(([id, { points }]) => [id, points] as const));
}

/** The believed points of some meters between two instants, and every break of their lines. */
export async function linesWithin(tx: Tx, meterIds: readonly number[], from: Instant, to: Instant) {
  const rows = Map.groupBy(await readingsWithin(tx, meterIds, BELIEVED, { from, to }), (row) => row.meter_id);
  const decided = Map.groupBy(await correctionsOf(tx, meterIds), (each) => each.meter_id);
  const breaks = await lineBreaksOf(tx, meterIds);
  return new Map(
    meterIds.map((id) => {
      const line = laidOver(rows.get(id) ?? [], decided.get(id) ?? [], breaks.get(id));
      const inside = line.points.filter((point) => point.at >= from && point.at <= to);
      return [id, { points: believedAlong(inside, line.breaks), breaks: line.breaks }] as const;
    }),
  );
}

/** When the first index of each meter was measured; a meter that was never read is left out. */
export async function firstPoints(tx: Tx, meterIds: readonly number[]): Promise<Map<number, StoredPoint>> {
  const wanted = { registers: [registers.energyTotal], verdicts: GOOD };
  const firsts = await nearestReadings(tx, meterIds, wanted, "after", 0);
  return new Map(
    [...firsts].map(([id, { measured_at, value, verdict }]) => [
      id,
      { at: instant(measured_at), indexWh: value, frozen: false, late: verdict === LATE },
    ]),
  );
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
