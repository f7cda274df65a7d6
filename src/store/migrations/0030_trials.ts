import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import {
  actor,
  code,
  id,
  int,
  type Kind,
  key,
  long,
  makeTables,
  maybe,
  name,
  reason,
  type Table,
  text,
} from "./make-tables.ts";

/** Tables of trial runs; their meaning is told in `schema-trials.ts`. */
const tables: Readonly<Record<string, Table>> = {
  trial_run: {
    columns: {
      trial_no: code,
      idem_key: key,
      scope_hash: text(64),
      project_id: int,
      place_kind: code,
      place_id: maybe(int),
      place_name: name,
      state: code,
      switch_test: int,
      meters: int,
      created_by: actor,
      created_name: name,
      created_at: int,
      ended_at: maybe(int),
      signed_by: maybe(actor),
      signed_name: maybe(name),
      signed_at: maybe(int),
      sign_note: reason,
      report: maybe(long),
      fingerprint: maybe(text(64)),
      updated_at: int,
      version: int,
    },
    key: ["trial_no"],
    unique: [["idem_key"]],
    indexes: [["state"], ["created_at"]],
  },
  trial_meter: {
    columns: {
      trial_no: code,
      meter_id: int,
      seq: int,
      open_meter_id: maybe(int),
      state: code,
      result: maybe(code),
      attempt: int,
      switch_wish: code,
      read_command_id: maybe(id),
      trip_command_id: maybe(id),
      close_command_id: maybe(id),
      step_at: int,
      checks: long,
      earlier: long,
      done_at: maybe(int),
    },
    key: ["trial_no", "meter_id"],
    unique: [["open_meter_id"]],
    indexes: [["meter_id"]],
  },
};

/** Makes the tables. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
