import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { code, int, type Kind, makeTables, maybe, type Table } from "./make-tables.ts";

/** Tables of what meters keep themselves; their meaning is told in `schema-past.ts`. */
const tables: Readonly<Record<string, Table>> = {
  meter_memory: {
    columns: {
      meter_id: int,
      installation: int,
      since_at: int,
      frozen_to: int,
      recorded_to: int,
      next_at: int,
      tries: int,
      trouble: maybe(code),
      clock_offset_ms: maybe(int),
      clock_read_at: int,
      clock_good_at: int,
      clock_doubt_from: int,
      clock_doubt_to: maybe(int),
      clock_asked_at: int,
      version: int,
    },
    key: ["meter_id"],
  },
  freeze_none: {
    columns: { meter_id: int, at: int, told_at: int },
    key: ["meter_id", "at"],
    withoutRowid: true,
  },
};

/** Makes every table that is missing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
