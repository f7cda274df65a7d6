import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, code, id, int, type Kind, key, makeTables, maybe, type Table, text } from "./make-tables.ts";

/** Tables of the door; their meaning is told in `schema-links.ts`. */
const tables: Readonly<Record<string, Table>> = {
  concentrator_alarm: {
    columns: {
      id,
      concentrator_id: int,
      kind: code,
      first_at: int,
      last_at: int,
      times: int,
      detail: text(1_000),
    },
    key: ["id"],
    indexes: [["last_at"], ["concentrator_id", "last_at"]],
  },
};

/** What is in the archive before this step comes by plain TCP, from anywhere. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "concentrator", {
    channel: { column: code, fill: "plain" },
    tls_fingerprint: { column: maybe(key) },
    sources: { column: maybe(text(1_000)) },
    lock_source: { column: int, fill: 0 },
    first_source: { column: maybe(text(64)) },
  });
}
