import type { Day } from "#base/time.ts";
import type { Calendar } from "#domain/calendar.ts";
import type { Tx } from "./db.ts";

/** Every day that is not what its weekday says. A few dozen a year: read whole. */
export async function loadCalendar(tx: Tx): Promise<Calendar> {
  const rows = await tx.selectFrom("calendar_day").select(["day", "kind"]).execute();
  return new Map(rows.map((row) => [row.day as Day, row.kind]));
}
