import { addDays, DAY_MS, type Day, endOfDay, instant, MINUTE_MS, monthOf, startOfDay } from "#base/time.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import type { Db } from "#store/db.ts";
import { DAY_COLUMNS, NO_DAYS } from "#store/month-days.ts";
import { packReadings } from "#store/packed-readings.ts";
import { insertRows } from "#store/portable.ts";
import { YOUNG_MS } from "#store/reading-history.ts";
import type { MeterDayTable, MeterMonthTable, MonthDaysTable, ReadingDayTable } from "#store/schema-days.ts";
import type { ReadingTable } from "#store/schema-readings.ts";
import { progress } from "./progress.ts";
import { buildSettleTown, METERS as METERS_MAX } from "./settle-town.ts";

/**
 * How much of the past is made: meters from the first on, and the days before a last one. Young readings are rows, of which a day costs as
 * much as weeks of packed ones: of those days only the last `youngDays` have readings.
 *
 * `lies`: how the rows of closed days lie on the disk. `as_they_came`: day by day, all meters of each, as a site writes them, so that pages
 * split in the middle: for whoever weighs them. `by_key`: meter by meter, the same rows many times quicker, as they lie in a database that
 * was restored or vacuumed: for whoever asks them.
 */
export type History = { meters: number; days: number; last: Day; youngDays: number; lies: "as_they_came" | "by_key" };
/** What was made. */
export type Made = { readings: number; young: number };

const STEP_MS = 15 * MINUTE_MS;
const STEPS = DAY_MS / STEP_MS;
const METERS_AT_ONCE = 2_000;
/** Days of a transaction when they are made meter by meter: some ten megabytes of packed readings. */
const METER_DAYS_AT_ONCE = 20_000;
/** What has come of the next day when a day is closed: the readings that tell of its end. */
const NIGHT_STEPS = 2;
/** The town: buildings below one site, floors below them, and as many meters on each floor. */
const BUILDINGS = 20;
const FLOORS = 5;
const AREAS = 1 + BUILDINGS * (1 + FLOORS);

/** The first building, for questions about a part of the site. */
export const BUILDING = 2;

/**
 * Fills a database with years of quarters of an hour as if it had run so long: packed readings, days and months that are their sums, and the
 * last days as rows. Two registers at each quarter, three more at every third; each meter at its own moment, with the unrest of a real line.
 * Young readings come round by round, all meters of each. Tells on stderr how far it is.
 */
export async function makeHistory(db: Db, { meters, days, last, youngDays, lies }: History): Promise<Made> {
  if (meters > METERS_MAX) throw new Error(`a town has ${METERS_MAX} meters`);
  const first = addDays(last, 1 - days);
  await buildSettleTown(db, endOfDay(last));
  await buildAreas(db, startOfDay(first), meters);
  const youngFrom = addDays(last, 1 - Math.ceil(YOUNG_MS / DAY_MS));
  const all = Array.from({ length: days }, (_, i) => addDays(first, i));
  const told = progress("closed days of meters", meters * days);
  const made: Made = { readings: 0, young: 0 };
  const months = new Map<string, Month>();
  const close = async (ids: readonly number[], span: readonly Day[]) => {
    made.readings += await addClosed(db, ids, span, { first, youngFrom, months });
    told(ids.length * span.length);
  };
  if (lies === "by_key") {
    for (const ids of chunksOf(meters, Math.max(1, Math.floor(METER_DAYS_AT_ONCE / days)))) {
      await close(ids, all);
      await addMonths(db, months);
    }
  } else {
    for (const day of all) {
      for (const ids of chunksOf(meters, METERS_AT_ONCE)) await close(ids, [day]);
      if (day === last || monthOf(addDays(day, 1)) !== monthOf(day)) await addMonths(db, months);
    }
  }
  const young = Array.from({ length: youngDays }, (_, i) => addDays(last, 1 - youngDays + i)).filter(
    (day) => day >= first,
  );
  const rounds = progress("rounds of young readings", young.length * STEPS + NIGHT_STEPS);
  for (const day of young) made.young += await addYoung(db, day, openingsOf(meters, first, day), STEPS, rounds);
  const next = addDays(last, 1);
  made.young += await addYoung(db, next, openingsOf(meters, first, next), NIGHT_STEPS, rounds);
  await db.transact(async (tx) => {
    await insertRows(
      tx,
      "day_close",
      all.map((day) => ({ day, meters, closed_at: endOfDay(day) })),
    );
  });
  return made;
}

/** The numbers of meters from 1 to `meters`, so many at once. */
function* chunksOf(meters: number, size: number): Generator<number[]> {
  for (let id = 1; id <= meters; id += size) {
    yield Array.from({ length: Math.min(size, meters - id + 1) }, (_, i) => id + i);
  }
}

/** What each meter showed when a day began; place 0 is nobody's. */
function openingsOf(meters: number, first: Day, day: Day): number[] {
  const gone = Math.round((startOfDay(day) - startOfDay(first)) / DAY_MS);
  return Array.from({ length: meters + 1 }, (_, id) => openingOf(id, gone));
}

/** What a meter shows after so many days: each day it uses the same, so no day need wait for the one before. */
function openingOf(id: number, days: number): number {
  return 1_000_000 + id + days * usedInDay(id);
}

/** Some meters' closed days, with their packed readings when they are old enough, and added to their months; says how many readings. */
async function addClosed(
  db: Db,
  ids: readonly number[],
  days: readonly Day[],
  { first, youngFrom, months }: { first: Day; youngFrom: Day; months: Map<string, Month> },
): Promise<number> {
  const packed: ReadingDayTable[] = [];
  const closed: MeterDayTable[] = [];
  const gone = Math.round((startOfDay(days[0] ?? first) - startOfDay(first)) / DAY_MS);
  for (const id of ids) {
    days.forEach((day, i) => {
      const opened = openingOf(id, gone + i);
      if (day < youngFrom) packed.push(packedDay(id, day, opened));
      const row = closedDay(id, day, opened);
      closed.push(row);
      addToMonth(months, row);
    });
  }
  await db.transact(async (tx) => {
    await insertRows(tx, "reading_day", packed);
    await insertRows(tx, "meter_day", closed);
  });
  return packed.reduce((sum, row) => sum + row.readings, 0);
}

/** Area 1 is the site, 2 … the buildings, the rest floors; meters are spread over the floors. */
async function buildAreas(db: Db, createdAt: number, meters: number): Promise<void> {
  const floors = AREAS - 1 - BUILDINGS;
  const buildingOf = (area: number) => (area <= 1 + BUILDINGS ? area : 2 + ((area - 2 - BUILDINGS) % BUILDINGS));
  await db.transact(async (tx) => {
    for (let id = 2; id <= AREAS; id++) {
      const parent_id = id <= 1 + BUILDINGS ? 1 : buildingOf(id);
      await insertRows(tx, "area", [{ id, project_id: 1, parent_id, name: `area ${id}`, sort: id }]);
      const above = [...new Set([id, parent_id, 1])];
      await insertRows(
        tx,
        "area_ancestor",
        above.map((ancestor_id) => ({ area_id: id, ancestor_id })),
      );
    }
    await tx.deleteFrom("meter").where("id", ">", meters).execute();
    await tx
      .updateTable("meter")
      .set((eb) => ({ created_at: createdAt, area_id: eb(eb("id", "%", floors), "+", 2 + BUILDINGS) }))
      .execute();
  });
}

/** A meter's packed readings of a day that began with this index: quarters of an hour. */
export function packedDay(meter_id: number, day: Day, opened: number): ReadingDayTable {
  const begin = startOfDay(day);
  const rows: ReadingTable[] = [];
  let index = opened;
  for (let step = 0; step < STEPS; step++) {
    index += drawOf(meter_id, step) * 10;
    addRound(rows, meter_id, begin, step, index);
  }
  const ends = { first_at: rows[0]?.measured_at ?? 0, last_at: rows.at(-1)?.measured_at ?? 0 };
  return { meter_id, day, rev: 0, readings: rows.length, ...ends, data: packReadings(day, rows) };
}

/** The readings of a day's first steps as rows, round after round. */
async function addYoung(
  db: Db,
  day: Day,
  opened: readonly number[],
  steps: number,
  told: (done: number) => void,
): Promise<number> {
  const begin = startOfDay(day);
  const indexes = [...opened];
  let made = 0;
  for (let step = 0; step < steps; step++) {
    const rows: ReadingTable[] = [];
    for (let id = 1; id < indexes.length; id++) {
      indexes[id] = (indexes[id] ?? 0) + drawOf(id, step) * 10;
      addRound(rows, id, begin, step, indexes[id] ?? 0);
    }
    await db.transact((tx) => insertRows(tx, "reading", rows));
    made += rows.length;
    told(1);
  }
  return made;
}

/** Wh that a meter uses on each of its days. */
function usedInDay(meter: number): number {
  let used = 0;
  for (let step = 0; step < STEPS; step++) used += drawOf(meter, step) * 10;
  return used;
}

/** Hundredths of a unit in a quarter of an hour: little by night, more by day, never quite the same. */
function drawOf(meter: number, step: number): number {
  const byHour = step < 24 ? 4 : step < 68 ? 20 : 34;
  return byHour + ((meter * 31 + step * 17) % 13);
}

function addRound(rows: ReadingTable[], meter_id: number, begin: number, step: number, index: number): void {
  const unrest = (meter_id * 7_919 + step * 104_729) % 400;
  const measured_at = instant(begin + step * STEP_MS + ((meter_id * 90) % STEP_MS) + unrest);
  const add = (register: number, value: number) =>
    rows.push({ meter_id, register, measured_at, value, verdict: OK, received_at: measured_at + 900 });
  add(registers.energyTotal, index);
  add(registers.energyRemaining, 900_000_000 - index);
  if (step % 3 !== 1) return;
  add(registers.voltage, 219_000 + ((step * 37 + meter_id) % 60) * 100);
  add(registers.current, 900 + ((step * 53 + meter_id) % 80) * 10);
  add(registers.power, 200 + ((step * 41 + meter_id) % 150));
}

const OK = verdictCode("ok");

/** The closed day that {@link packedDay} adds up to. */
export function closedDay(meter_id: number, day: Day, open: number): MeterDayTable {
  const used = usedInDay(meter_id);
  return {
    ...{ meter_id, day, rev: 0, segment: 1, latest: 1, ratio: 1 },
    ...{ open_wh: open, open_at: startOfDay(day), open_source: "read" },
    ...{ close_wh: open + used, close_at: endOfDay(day), close_source: "read" },
    ...{ usage_wh: used, cost_e4: costOf(used), quality: "measured", cause: "close" },
    ...{ made_at: endOfDay(day), looked_at: endOfDay(day) },
  };
}

type Month = { sum: MeterMonthTable; days: MonthDaysTable };

/** Writes the months that are complete, and forgets them. */
async function addMonths(db: Db, months: Map<string, Month>): Promise<void> {
  const whole = [...months.values()];
  months.clear();
  await db.transact(async (tx) => {
    await insertRows(
      tx,
      "meter_month",
      whole.map((each) => each.sum),
    );
    await insertRows(
      tx,
      "month_days",
      whole.map((each) => each.days),
    );
  });
}

function addToMonth(months: Map<string, Month>, row: MeterDayTable): void {
  const { meter_id, usage_wh, cost_e4, made_at } = row;
  const month = monthOf(row.day as Day);
  const key = `${meter_id} ${month}`;
  const known = months.get(key) ?? {
    sum: {
      ...{ meter_id, month, usage_wh: 0, cost_e4: 0, days: 0, days_estimated: 0, days_missing: 0 },
      ...{ version: 0, updated_at: 0 },
    },
    days: { month, meter_id, ...NO_DAYS },
  };
  const { sum, days } = known;
  sum.usage_wh = (sum.usage_wh ?? 0) + (usage_wh ?? 0);
  sum.cost_e4 = (sum.cost_e4 ?? 0) + (cost_e4 ?? 0);
  sum.days++;
  sum.updated_at = made_at;
  const column = DAY_COLUMNS[Number(row.day.slice(8)) - 1];
  if (column !== undefined) days[column] = usage_wh;
  months.set(key, known);
}

function costOf(wh: number): number {
  return wh * 8;
}
