import { DAY_MS, type Day, dayOf, endOfDay, type Instant, instant, startOfDay } from "#base/time.ts";
import { registers } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { packReadings, unpackReadings } from "./packed-readings.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import { YOUNG_MS } from "./reading-history.ts";
import type { ReadingDayTable } from "./schema-days.ts";
import type { ReadingTable } from "./schema-readings.ts";
import { Stale } from "./stale.ts";

/** Registers that are packed together, and after how long. */
export type PackGroup = { registers: readonly number[]; youngMs: number };

/**
 * Freezes stay rows for as long as meters remember them: which midnights are missing is asked all the time, and they are one a day.
 */
export const PACK_GROUPS: readonly PackGroup[] = [
  { registers: Object.values(registers).filter((each) => each !== registers.energyFrozen), youngMs: YOUNG_MS },
  { registers: [registers.energyFrozen], youngMs: 70 * DAY_MS },
];

/** The day of the oldest reading before an instant that stands in a row of its own, of some meters; null when there is none. */
export async function oldestYoungDay(
  tx: Tx,
  meterIds: readonly number[],
  group: PackGroup,
  before: Instant,
): Promise<Day | null> {
  if (meterIds.length === 0) return null;
  const row = await youngBefore(tx, meterIds, group, before)
    .select((eb) => eb.fn.min("measured_at").as("at"))
    .executeTakeFirst();
  return row?.at == null ? null : dayOf(instant(Number(row.at)));
}

/**
 * Packs the readings of some meters of one day into their rows of the day, with what is packed there already, and takes them out of the
 * young ones. {@link Stale} when somebody else was at it or another reading has come meanwhile. Says how many were packed.
 */
export async function packDay(tx: Tx, meterIds: readonly number[], group: PackGroup, day: Day): Promise<number> {
  const end = endOfDay(day);
  const young = await youngBefore(tx, meterIds, group, end)
    .where("measured_at", ">=", startOfDay(day))
    .selectAll()
    .execute();
  if (young.length === 0) return 0;
  const byMeter = Map.groupBy(young, (row) => row.meter_id);
  const old = await tx
    .selectFrom("reading_day")
    .selectAll()
    .where("meter_id", "in", [...byMeter.keys()])
    .where("day", "=", day)
    .execute();
  const fresh: ReadingDayTable[] = [];
  for (const [meterId, rows] of byMeter) {
    const seen = old.find((row) => row.meter_id === meterId);
    const merged = seen ? withLate(unpackReadings(meterId, day, seen.data), rows) : rows;
    const row = rowOf(meterId, day, (seen?.rev ?? -1) + 1, merged);
    if (seen) await replaceDay(tx, seen, row);
    else fresh.push(row);
  }
  const made = await insertIgnore(tx, "reading_day", fresh, ["meter_id", "day"]);
  if (made !== fresh.length) throw new Stale(`packed readings of ${day}`);
  const gone = await tx
    .deleteFrom("reading")
    .where("meter_id", "in", [...byMeter.keys()])
    .where("register", "in", [...group.registers])
    .where("measured_at", ">=", startOfDay(day))
    .where("measured_at", "<", end)
    .executeTakeFirst();
  if (Number(gone.numDeletedRows) !== young.length) throw new Stale(`readings of ${day}`);
  return young.length;
}

/** Drops the packed readings of days before this one, so many rows at a time; says how many went. */
export async function dropReadingDays(tx: Tx, before: Day, limit: number): Promise<number> {
  const rows = await tx
    .selectFrom("reading_day")
    .select(["meter_id", "day"])
    .where("day", "<", before)
    .orderBy("day")
    .limit(limit)
    .execute();
  for (const [day, own] of Map.groupBy(rows, (row) => row.day)) {
    await tx
      .deleteFrom("reading_day")
      .where(
        "meter_id",
        "in",
        own.map((row) => row.meter_id),
      )
      .where("day", "=", day)
      .execute();
  }
  return rows.length;
}

function youngBefore(tx: Tx, meterIds: readonly number[], group: PackGroup, before: Instant) {
  return tx
    .selectFrom("reading")
    .where("meter_id", "in", [...meterIds])
    .where("register", "in", [...group.registers])
    .where("measured_at", "<", before);
}

/** What was packed stays as it is; only what is new is added. */
function withLate(packed: readonly ReadingTable[], late: readonly ReadingTable[]): ReadingTable[] {
  const known = new Set(packed.map((row) => `${row.register}:${row.measured_at}`));
  return [...packed, ...late.filter((row) => !known.has(`${row.register}:${row.measured_at}`))];
}

function rowOf(meterId: number, day: Day, rev: number, rows: readonly ReadingTable[]): ReadingDayTable {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (const { measured_at } of rows) {
    first = Math.min(first, measured_at);
    last = Math.max(last, measured_at);
  }
  const data = packReadings(day, rows);
  return { meter_id: meterId, day, rev, readings: rows.length, first_at: first, last_at: last, data };
}

async function replaceDay(tx: Tx, seen: ReadingDayTable, row: ReadingDayTable): Promise<void> {
  const { rev, readings, first_at, last_at, data } = row;
  const result = await tx
    .updateTable("reading_day")
    .set({ rev, readings, first_at, last_at, data })
    .where("meter_id", "=", row.meter_id)
    .where("day", "=", row.day)
    .where("rev", "=", seen.rev)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`packed readings of ${row.day} of meter ${row.meter_id}`);
}
