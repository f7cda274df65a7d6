import type { Day } from "#base/time.ts";
import type { Calendar } from "#domain/calendar.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";
import type { CalendarDayTable } from "./schema-tariff.ts";

/** Every day that is not what its weekday says. A few dozen a year: read whole. */
export async function loadCalendar(tx: Tx): Promise<Calendar> {
  const rows = await tx.selectFrom("calendar_day").select(["day", "kind"]).execute();
  return new Map(rows.map((row) => [row.day as Day, row.kind]));
}

/** The entries of a year, in order. */
export async function calendarOfYear(tx: Tx, year: number): Promise<CalendarDayTable[]> {
  return tx
    .selectFrom("calendar_day")
    .selectAll()
    .where("day", ">=", `${year}-01-01`)
    .where("day", "<=", `${year}-12-31`)
    .orderBy("day")
    .execute();
}

/** The entries of some days; those without one are missing. */
export async function calendarRows(tx: Tx, days: readonly string[]): Promise<CalendarDayTable[]> {
  if (days.length === 0) return [];
  return tx
    .selectFrom("calendar_day")
    .selectAll()
    .where("day", "in", [...days])
    .execute();
}

/** Sets days, whatever they were. */
export async function saveCalendarDays(tx: Tx, rows: readonly CalendarDayTable[]): Promise<void> {
  await upsert(tx, "calendar_day", rows, ["day"], ["kind", "name", "provisional", "updated_by", "updated_at"]);
}

/** Makes days ordinary again. */
export async function removeCalendarDays(tx: Tx, days: readonly string[]): Promise<void> {
  if (days.length === 0) return;
  await tx
    .deleteFrom("calendar_day")
    .where("day", "in", [...days])
    .execute();
}
