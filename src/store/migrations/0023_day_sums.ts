import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { Schema } from "../schema.ts";
import { addIndex, type Kind } from "./make-tables.ts";

/** Holds all that the sums of a day are made of, so that they read one stretch of it instead of a page of the table for each meter. */
const WIDE = ["day", "latest", "meter_id", "usage_wh", "cost_e4", "quality"];
/** The index that it takes the place of. */
const NARROW = "meter_day_by_day_latest_meter_id";

/** Widens the index by which the meters of a day are found. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await addIndex(db, kind, "meter_day", WIDE);
  if (kind === "sqlite") {
    await sql`drop index if exists ${sql.ref(NARROW)}`.execute(db);
    return;
  }
  const { rows } = await sql`select 1 from information_schema.statistics
    where table_schema = database() and table_name = ${"meter_day"} and index_name = ${NARROW}`.execute(db);
  if (rows.length > 0) await sql`alter table meter_day drop index ${sql.ref(NARROW)}`.execute(db);
}
