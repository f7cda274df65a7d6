import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { Schema } from "../schema.ts";
import { bytes, int, type Kind, makeTables, type Table, text } from "./make-tables.ts";

/** Readings that are no longer young, a row for a meter's day; told in `schema-days.ts`. */
const tables: Readonly<Record<string, Table>> = {
  reading_day: {
    columns: { meter_id: int, day: text(10), rev: int, readings: int, first_at: int, last_at: int, data: bytes },
    key: ["meter_id", "day"],
    withoutRowid: true,
    indexes: [["day"]],
  },
};

/**
 * Makes the table of packed readings. On the MySQL family the rows of young readings become as narrow as their numbers are, and lose an
 * index that nothing asks: every question about readings names its meters.
 */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  if (kind === "sqlite") return;
  const { rows } = await sql<{ name: string }>`select index_name as name from information_schema.statistics
    where table_schema = database() and table_name = ${"reading"} and index_name = ${"reading_by_measured_at"}`.execute(
    db,
  );
  // One statement, so that it is done whole or not at all.
  if (rows.length > 0) {
    await sql`alter table reading modify meter_id int unsigned not null, modify register smallint unsigned not null,
      modify verdict tinyint unsigned not null, drop index reading_by_measured_at`.execute(db);
  }
}
