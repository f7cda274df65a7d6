import { addDays, DAY_MS, type Day, endOfDay, instant, MINUTE_MS, monthOf, startOfDay } from "#base/time.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import type { Db } from "#store/db.ts";
import { packReadings } from "#store/packed-readings.ts";
import { insertRows } from "#store/portable.ts";
import { YOUNG_MS } from "#store/reading-history.ts";
import type { MeterDayTable, MeterMonthTable, ReadingDayTable } from "#store/schema-days.ts";
import type { ReadingTable } from "#store/schema-readings.ts";
import { buildSettleTown, METERS as METERS_MAX } from "./settle-town.ts";

/** How much of the past is made: meters from the first on, and the days before a last one. */
export type History = { meters: number; days: number; last: Day };

const STEP_MS = 15 * MINUTE_MS;
const STEPS = DAY_MS / STEP_MS;
const METERS_AT_ONCE = 50;
/** Young readings are rows: of these a day costs as much as weeks of packed ones, so only some days of them are made. */
const YOUNG_DAYS = 2;

/**
 * Fills a database with years of quarters of an hour as if it had run so long: packed readings, days and months that are their sums, and the
 * last days as rows. Two registers at each quarter, three more at every third; each meter at its own moment, with the unrest of a real line.
 */
export async function makeHistory(
  db: Db,
  { meters, days, last }: History,
): Promise<{ readings: number; young: number }> {
  if (meters > METERS_MAX) throw new Error(`a town has ${METERS_MAX} meters`);
  const first = addDays(last, 1 - days);
  await buildSettleTown(db, endOfDay(last));
  await db.transact((tx) =>
    tx
      .updateTable("meter")
      .set({ created_at: startOfDay(first) })
      .execute(),
  );
  let [readings, young] = [0, 0];
  for (let id = 1; id <= meters; id += METERS_AT_ONCE) {
    const ids = Array.from({ length: Math.min(METERS_AT_ONCE, meters - id + 1) }, (_, i) => id + i);
    const made = ids.map((meter) => historyOf(meter, { first, last }));
    await db.transact(async (tx) => {
      await insertRows(
        tx,
        "reading_day",
        made.flatMap((each) => each.packed),
      );
      await insertRows(
        tx,
        "reading",
        made.flatMap((each) => each.young),
      );
      await insertRows(
        tx,
        "meter_day",
        made.flatMap((each) => each.days),
      );
      await insertRows(
        tx,
        "meter_month",
        made.flatMap((each) => each.months),
      );
    });
    for (const each of made) {
      readings += each.packed.reduce((sum, row) => sum + row.readings, 0);
      young += each.young.length;
    }
  }
  await db.transact(async (tx) => {
    const closed = Array.from({ length: days }, (_, i) => addDays(first, i));
    await insertRows(
      tx,
      "day_close",
      closed.map((day) => ({ day, meters, closed_at: endOfDay(day) })),
    );
  });
  return { readings, young };
}

function historyOf(meter_id: number, { first, last }: { first: Day; last: Day }) {
  const packed: ReadingDayTable[] = [];
  const young: ReadingTable[] = [];
  const days: MeterDayTable[] = [];
  const months = new Map<string, MeterMonthTable>();
  const youngFrom = addDays(last, 1 - Math.ceil(YOUNG_MS / DAY_MS));
  const youngMade = addDays(last, 1 - YOUNG_DAYS);
  let index = 1_000_000 + meter_id;
  for (let day = first; day <= last; day = addDays(day, 1)) {
    const opened = index;
    const rows: ReadingTable[] = [];
    const isMade = day < youngFrom || day >= youngMade;
    for (let step = 0; step < STEPS; step++) {
      index += drawOf(meter_id, step) * 10;
      if (isMade) rows.push(...roundOf(meter_id, day, step, index));
    }
    if (day < youngFrom) {
      const ends = { first_at: rows[0]?.measured_at ?? 0, last_at: rows.at(-1)?.measured_at ?? 0 };
      packed.push({ meter_id, day, rev: 0, readings: rows.length, ...ends, data: packReadings(day, rows) });
    } else young.push(...rows);
    days.push(dayOf(meter_id, day, opened, index));
    addToMonth(months, meter_id, day, index - opened);
  }
  return { packed, young, days, months: [...months.values()] };
}

/** Hundredths of a unit in a quarter of an hour: little by night, more by day, never quite the same. */
function drawOf(meter: number, step: number): number {
  const byHour = step < 24 ? 4 : step < 68 ? 20 : 34;
  return byHour + ((meter * 31 + step * 17) % 13);
}

function roundOf(meter_id: number, day: Day, step: number, index: number): ReadingTable[] {
  const unrest = (meter_id * 7_919 + step * 104_729) % 400;
  const measured_at = instant(startOfDay(day) + step * STEP_MS + ((meter_id * 90) % STEP_MS) + unrest);
  const at = { meter_id, measured_at, verdict: verdictCode("ok"), received_at: measured_at + 900 };
  const rows: ReadingTable[] = [
    { ...at, register: registers.energyTotal, value: index },
    { ...at, register: registers.energyRemaining, value: 900_000_000 - index },
  ];
  if (step % 3 !== 1) return rows;
  rows.push({ ...at, register: registers.voltage, value: 219_000 + ((step * 37 + meter_id) % 60) * 100 });
  rows.push({ ...at, register: registers.current, value: 900 + ((step * 53 + meter_id) % 80) * 10 });
  rows.push({ ...at, register: registers.power, value: 200 + ((step * 41 + meter_id) % 150) });
  return rows;
}

function dayOf(meter_id: number, day: Day, open: number, close: number): MeterDayTable {
  return {
    ...{ meter_id, day, rev: 0, segment: 1, latest: 1, ratio: 1 },
    ...{ open_wh: open, open_at: startOfDay(day), open_source: "read" },
    ...{ close_wh: close, close_at: endOfDay(day), close_source: "read" },
    ...{ usage_wh: close - open, cost_e4: costOf(close - open), quality: "measured", cause: "close" },
    ...{ made_at: endOfDay(day), looked_at: endOfDay(day) },
  };
}

function addToMonth(months: Map<string, MeterMonthTable>, meter_id: number, day: Day, used: number): void {
  const month = monthOf(day);
  const known = months.get(month) ?? {
    ...{ meter_id, month, usage_wh: 0, cost_e4: 0, days: 0, days_estimated: 0, days_missing: 0 },
    ...{ version: 0, updated_at: 0 },
  };
  months.set(month, {
    ...known,
    usage_wh: (known.usage_wh ?? 0) + used,
    cost_e4: (known.cost_e4 ?? 0) + costOf(used),
    days: known.days + 1,
    updated_at: endOfDay(day),
  });
}

function costOf(wh: number): number {
  return wh * 8;
}
