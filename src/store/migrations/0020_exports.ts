import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { code, id, int, type Kind, key, long, makeTables, maybe, reason, type Table, text } from "./make-tables.ts";

/** The table of exports in the background; its meaning is told in `schema-exports.ts`. */
const tables: Readonly<Record<string, Table>> = {
  export_job: {
    columns: {
      id,
      user_id: int,
      request_key: key,
      report: code,
      filter: long,
      language: code,
      title: text(300),
      filter_text: text(1_000),
      state: code,
      rows_done: int,
      rows_of: int,
      file: maybe(key),
      file_name: text(300),
      bytes: maybe(int),
      scope: long,
      problem: maybe(reason),
      run: int,
      attempts: int,
      due_at: int,
      lease_until: int,
      asked_at: int,
      started_at: maybe(int),
      ended_at: maybe(int),
      expires_at: maybe(int),
    },
    key: ["id"],
    unique: [["user_id", "request_key"]],
    indexes: [["state", "due_at"]],
  },
};

/** Makes the table when it is missing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
