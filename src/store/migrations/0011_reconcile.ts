import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, code, id, int, type Kind, key, long, makeTables, maybe, reason, type Table } from "./make-tables.ts";

/** Tables of the reconciliation; their meaning is told in `schema-reconcile.ts`. */
const tables: Readonly<Record<string, Table>> = {
  reconciliation: {
    columns: { id, started_at: int, ended_at: int, actor, found: int, ledger_ok: int, report: long },
    key: ["id"],
    indexes: [["ended_at"]],
  },
  difference: {
    columns: {
      id,
      open_key: key,
      kind: code,
      object: key,
      project_id: maybe(int),
      meter_id: maybe(int),
      expected: maybe(int),
      actual: maybe(int),
      value_e4: int,
      cause: code,
      detail: long,
      state: code,
      found_at: int,
      seen_at: int,
      ended_at: maybe(int),
      ended_by: maybe(actor),
      reason,
      transfer_id: maybe(key),
      version: int,
    },
    key: ["id"],
    unique: [["open_key"]],
    indexes: [["state", "found_at"], ["meter_id"]],
  },
};

/** Makes every table that is missing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
