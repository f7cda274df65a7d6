import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { Schema } from "../schema.ts";
import { int, type Kind, makeTables, maybe, type Table, text } from "./make-tables.ts";

const columns = Array.from({ length: 31 }, (_, i) => `d${String(i + 1).padStart(2, "0")}_wh`);

/** The days of a month side by side, a row for each meter; told in `schema-days.ts`. */
const tables: Readonly<Record<string, Table>> = {
  month_days: {
    columns: { month: text(7), meter_id: int, ...Object.fromEntries(columns.map((column) => [column, maybe(int)])) },
    key: ["month", "meter_id"],
    withoutRowid: true,
  },
};

/** Makes the table and lays into it the days that are closed already, a month at a time. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  const { rows } = await sql<{ month: string }>`select distinct month from meter_month order by month`.execute(db);
  const names = sql.join(columns.map((column) => sql.ref(column)));
  for (const { month } of rows) {
    const sums = columns.map((_, i) => {
      const day = `${month}-${String(i + 1).padStart(2, "0")}`;
      return sql`sum(case when day = ${day} then usage_wh end)`;
    });
    await sql`replace into month_days (month, meter_id, ${names})
      select ${month}, meter_id, ${sql.join(sums)} from meter_day
      where latest = 1 and day >= ${`${month}-01`} and day <= ${`${month}-31`} group by meter_id`.execute(db);
  }
}
