import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, code, id, int, type Kind, key, makeTables, maybe, reason, type Table, text } from "./make-tables.ts";

/** Tables of batches of switch commands; their meaning is told in `schema-batches.ts`. */
const tables: Readonly<Record<string, Table>> = {
  switch_batch: {
    columns: {
      id,
      idem_key: key,
      request_hash: text(64),
      kind: code,
      reason,
      state: code,
      meters: int,
      list_hash: text(64),
      again_of: maybe(id),
      approval_id: maybe(id),
      requested_by: actor,
      requested_by_id: int,
      requested_at: int,
      approved_by: maybe(actor),
      started_at: maybe(int),
      send_until: maybe(int),
      hold: maybe(code),
      cancelled_by: maybe(actor),
      ended_at: maybe(int),
      updated_at: int,
      version: int,
    },
    key: ["id"],
    unique: [["idem_key"]],
    indexes: [["state"], ["approval_id"]],
  },
  switch_batch_meter: {
    columns: {
      batch_id: id,
      meter_id: int,
      position: int,
      state: code,
      why: code,
      command_id: maybe(id),
      known: text(2_000),
      changed_at: int,
    },
    key: ["batch_id", "meter_id"],
    indexes: [["batch_id", "state"], ["meter_id"], ["command_id"]],
  },
};

/** Makes the tables. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
