import { addDays, DAY_MS, type Day, dayOf, instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { unpackReadings } from "./packed-readings.ts";
import type { ReadingTable } from "./schema-readings.ts";

/**
 * Readings younger than this stand in rows of their own; older ones are packed by day. What rests on a week's readings all the time
 * (charging, closing days, days left) never has to unpack.
 */
export const YOUNG_MS = 8 * DAY_MS;

/*
 * Young readings are always asked for before packed ones: what is packed between the two statements is seen twice then, and counted once.
 * The other way round it would be seen by neither.
 */

/** Which readings of a meter. */
export type Wanted = { registers: readonly number[]; verdicts?: readonly number[] };

/** From an instant to another, both included. */
export type Range = { from: number; to: number };

/** Readings of some meters in a range, young and old, by meter and time; each once, however often it was stored. */
export async function readingsWithin(
  tx: Tx,
  meterIds: readonly number[],
  wanted: Wanted,
  range: Range,
): Promise<ReadingTable[]> {
  if (meterIds.length === 0 || range.from > range.to) return [];
  const young = await youngReadings(tx, meterIds, wanted, range).execute();
  const days = await packedDays(tx, meterIds, range);
  if (days.length === 0) return young.sort(byMeterAndTime);
  return once([...days.flatMap((row) => unpackedWithin(row, wanted, range)), ...young]).sort(byMeterAndTime);
}

/** The first so many readings of a meter in a range, or the last ones; in the order in which they were asked for. */
export async function someReadings(
  tx: Tx,
  meterId: number,
  wanted: Wanted & { notAt?: readonly number[] },
  range: Range & { limit: number; newestFirst: boolean },
): Promise<ReadingTable[]> {
  const { limit, newestFirst } = range;
  const counts = (row: ReadingTable) => !(wanted.notAt ?? []).includes(row.measured_at);
  const young = await youngReadings(tx, [meterId], wanted, range)
    .$if((wanted.notAt ?? []).length > 0, (query) => query.where("measured_at", "not in", [...(wanted.notAt ?? [])]))
    .orderBy("measured_at", newestFirst ? "desc" : "asc")
    .limit(limit)
    .execute();
  const old: ReadingTable[] = [];
  for await (const row of daysInOrder(tx, meterId, range, newestFirst)) {
    old.push(...unpackedWithin(row, wanted, range).filter(counts));
    if (old.length >= limit) break;
  }
  const order = newestFirst ? -1 : 1;
  return once([...old, ...young])
    .sort((a, b) => order * (a.measured_at - b.measured_at || a.register - b.register))
    .slice(0, limit);
}

/** The reading nearest before an instant, or after it, and never at it. */
export async function nearestReading(
  tx: Tx,
  meterId: number,
  wanted: Wanted & { notAt?: readonly number[] },
  side: "before" | "after",
  at: number,
): Promise<ReadingTable | undefined> {
  const range = side === "before" ? { from: 0, to: at - 1 } : { from: at + 1, to: LATEST };
  return (await someReadings(tx, meterId, wanted, { ...range, limit: 1, newestFirst: side === "before" }))[0];
}

/** Beyond every reading, and in a year that can be written. */
export const LATEST = Date.UTC(9999, 0, 1);
/** Rows of packed days fetched at once when it is not known how many will be needed. */
const DAYS_AT_ONCE = 8;

function youngReadings(tx: Tx, meterIds: readonly number[], { registers, verdicts }: Wanted, { from, to }: Range) {
  return tx
    .selectFrom("reading")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .where("register", "in", [...registers])
    .where("measured_at", ">=", from)
    .where("measured_at", "<=", to)
    .$if(verdicts !== undefined, (query) => query.where("verdict", "in", [...(verdicts ?? [])]));
}

function packedDays(tx: Tx, meterIds: readonly number[], range: Range) {
  const { from, to } = daysOf(range);
  return tx
    .selectFrom("reading_day")
    .select(["meter_id", "day", "data"])
    .where("meter_id", "in", [...meterIds])
    .where("day", ">=", from)
    .where("day", "<=", to)
    .execute();
}

async function* daysInOrder(tx: Tx, meterId: number, range: Range, newestFirst: boolean) {
  let { from, to } = daysOf(range);
  for (;;) {
    const rows = await tx
      .selectFrom("reading_day")
      .select(["meter_id", "day", "data"])
      .where("meter_id", "=", meterId)
      .where("day", ">=", from)
      .where("day", "<=", to)
      .orderBy("day", newestFirst ? "desc" : "asc")
      .limit(DAYS_AT_ONCE)
      .execute();
    yield* rows;
    const last = rows.at(-1)?.day;
    if (rows.length < DAYS_AT_ONCE || last === undefined) return;
    if (newestFirst) to = addDays(last as Day, -1);
    else from = addDays(last as Day, 1);
  }
}

function daysOf({ from, to }: Range): { from: Day; to: Day } {
  return { from: dayOf(instant(Math.max(0, from))), to: dayOf(instant(Math.min(LATEST, to))) };
}

/** The wanted readings of a packed day that lie in a range. */
export function unpackedWithin(
  row: { meter_id: number; day: string; data: Uint8Array },
  { registers, verdicts }: Wanted,
  { from, to }: Range,
): ReadingTable[] {
  return unpackReadings(row.meter_id, row.day as Day, row.data).filter(
    (each) =>
      each.measured_at >= from &&
      each.measured_at <= to &&
      registers.includes(each.register) &&
      (verdicts === undefined || verdicts.includes(each.verdict)),
  );
}

/** What came again for a day that was packed already is the same reading: the packed one counts. */
function once(rows: readonly ReadingTable[]): ReadingTable[] {
  const seen = new Map<string, ReadingTable>();
  for (const row of rows) {
    const key = `${row.meter_id}:${row.register}:${row.measured_at}`;
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}

function byMeterAndTime(a: ReadingTable, b: ReadingTable): number {
  return a.meter_id - b.meter_id || a.measured_at - b.measured_at || a.register - b.register;
}
