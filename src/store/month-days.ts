import type { Month } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";
import type { MonthDaysTable } from "./schema-days.ts";

/** A column for each day of a month, the first day first. */
export const DAY_COLUMNS = [
  ...(["d01_wh", "d02_wh", "d03_wh", "d04_wh", "d05_wh", "d06_wh", "d07_wh", "d08_wh", "d09_wh", "d10_wh"] as const),
  ...(["d11_wh", "d12_wh", "d13_wh", "d14_wh", "d15_wh", "d16_wh", "d17_wh", "d18_wh", "d19_wh", "d20_wh"] as const),
  ...(["d21_wh", "d22_wh", "d23_wh", "d24_wh", "d25_wh", "d26_wh", "d27_wh", "d28_wh", "d29_wh", "d30_wh"] as const),
  "d31_wh",
] as const;

/** A month of which nothing is known. */
export const NO_DAYS = Object.fromEntries(DAY_COLUMNS.map((column) => [column, null])) as Record<
  (typeof DAY_COLUMNS)[number],
  null
>;

/**
 * Writes some days of a month anew into the one row that each meter has for it. Whoever calls has taken the meters' months
 * ({@link sumMonth} does), so of two who change days of one month the second sees the first one's.
 */
export async function sumMonthDays(
  tx: Tx,
  meterIds: readonly number[],
  month: Month,
  days: readonly string[],
): Promise<void> {
  const columns = days.map((day) => DAY_COLUMNS[Number(day.slice(8)) - 1]).filter((column) => column !== undefined);
  if (columns.length === 0 || meterIds.length === 0) return;
  const sums = await tx
    .selectFrom("meter_day")
    .where("meter_id", "in", [...meterIds])
    .where("day", "in", [...days])
    .where("latest", "=", 1)
    .select((eb) => ["meter_id", "day", eb.fn.sum<number | null>("usage_wh").as("usage_wh")])
    .groupBy(["meter_id", "day"])
    .execute();
  const rows = [...Map.groupBy(sums, (row) => row.meter_id)].map(([meter_id, own]): MonthDaysTable => {
    const row: MonthDaysTable = { month, meter_id, ...NO_DAYS };
    for (const { day, usage_wh } of own) {
      const column = DAY_COLUMNS[Number(day.slice(8)) - 1];
      if (column !== undefined) row[column] = usage_wh === null ? null : Number(usage_wh);
    }
    return row;
  });
  await upsert(tx, "month_days", rows, ["month", "meter_id"], columns);
}
