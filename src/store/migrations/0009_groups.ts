import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, code, id, int, type Kind, key, long, makeTables, maybe, reason, type Table } from "./make-tables.ts";

/** Tables of merged accounts; their meaning is told in `schema-groups.ts`. */
const tables: Readonly<Record<string, Table>> = {
  meter_group: {
    columns: {
      group_no: code,
      project_id: int,
      customer_id: int,
      account_id: int,
      main_meter_id: int,
      state: code,
      created_by: actor,
      created_at: int,
      ended_at: maybe(int),
      updated_at: int,
      version: int,
    },
    key: ["group_no"],
    unique: [["account_id"]],
    indexes: [["customer_id"], ["main_meter_id"], ["state", "group_no"]],
  },
  group_member: {
    columns: {
      id,
      group_no: code,
      meter_id: int,
      open_meter_id: maybe(int),
      is_main: int,
      home_account_id: int,
      home_credit_at: code,
      state: code,
      state_reason: reason,
      brought_e4: maybe(int),
      brought_wh: maybe(int),
      counter_wh: maybe(int),
      counter_index_wh: maybe(int),
      command_id: maybe(id),
      command_wh: int,
      commands: int,
      share_e4: maybe(int),
      share_wh: maybe(int),
      requested_by: actor,
      requested_at: int,
      joined_at: maybe(int),
      left_at: maybe(int),
      updated_at: int,
    },
    key: ["id"],
    unique: [["open_meter_id"]],
    indexes: [["group_no"], ["meter_id", "requested_at"], ["home_account_id"], ["command_id"], ["state"]],
  },
  group_change: {
    columns: {
      id,
      idem_key: key,
      request_hash: key,
      group_no: code,
      kind: code,
      asked: long,
      reason,
      asked_by: actor,
      asked_at: int,
    },
    key: ["id"],
    unique: [["idem_key"]],
    indexes: [["group_no", "asked_at"]],
  },
};

/** Makes what is missing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
