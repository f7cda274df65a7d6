import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, code, id, int, type Kind, long, makeTables, maybe, type Table, text } from "./make-tables.ts";

/** Imports of archives; told in `schema-imports.ts`. */
const tables: Readonly<Record<string, Table>> = {
  archive_import: {
    columns: {
      id,
      project_id: int,
      file_name: text(200),
      file_hash: text(64),
      file_bytes: int,
      language: text(8),
      state: code,
      facts: long,
      plan_hash: maybe(text(64)),
      rows: int,
      faults: int,
      changes: int,
      done: int,
      stopped_by: maybe(long),
      made_by_id: int,
      made_by: actor,
      made_at: int,
      ip: text(64),
      accepted_by_id: maybe(int),
      accepted_by: maybe(actor),
      accepted_at: maybe(int),
      ended_at: maybe(int),
      lease_token: maybe(text(64)),
      lease_until: int,
      version: int,
    },
    key: ["id"],
    indexes: [["state"], ["project_id", "made_at"]],
  },
  archive_import_part: {
    columns: { import_id: id, kind: code, n: int, state: code, content: long },
    key: ["import_id", "kind", "n"],
    withoutRowid: true,
  },
};

/** Makes the tables of imports. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
}
