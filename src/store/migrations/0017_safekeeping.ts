import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, code, id, int, type Kind, key, makeTables, maybe, reason, type Table } from "./make-tables.ts";

/** Tables of backup, restore and quarantine; their meaning is told in `schema-safekeeping.ts`. */
const tables: Readonly<Record<string, Table>> = {
  backup_run: {
    columns: {
      id,
      kind: code,
      file: key,
      started_at: int,
      ended_at: int,
      snapshot_at: int,
      bytes: int,
      row_count: int,
      encrypted: int,
      checked: code,
      ok: int,
      problem: reason,
    },
    key: ["id"],
    indexes: [["ended_at"]],
  },
  restore_run: {
    columns: {
      id,
      file: key,
      snapshot_at: int,
      restored_at: int,
      restored_by: actor,
      trips_released_at: maybe(int),
      trips_released_by: maybe(actor),
    },
    key: ["id"],
    indexes: [["trips_released_at"]],
  },
  quarantine_meter: {
    columns: {
      meter_id: int,
      restore_id: id,
      state: code,
      reason: code,
      booked: maybe(int),
      shown: maybe(int),
      since: int,
      looked_at: maybe(int),
      ended_at: maybe(int),
      ended_by: maybe(actor),
      ended_reason: reason,
      version: int,
    },
    key: ["meter_id"],
    indexes: [["state", "meter_id"]],
  },
};

/** Makes every table that is missing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
