import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, int, type Kind, long, makeTables, maybe, type Table, text } from "./make-tables.ts";

/** Tables of the second factor; their meaning is told in `schema-users.ts`. */
const tables: Readonly<Record<string, Table>> = {
  user_totp: {
    columns: { user_id: int, secret_sealed: long, made_at: int, confirmed_at: maybe(int), used_step: int },
    key: ["user_id"],
  },
  user_recovery_code: {
    columns: { user_id: int, code_hash: text(64), used_at: maybe(int) },
    key: ["user_id", "code_hash"],
    withoutRowid: true,
  },
};

/** Makes the tables; who is logged in has to prove himself before the next dangerous thing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "session", {
    proved_at: { column: int, fill: 0 },
    agent: { column: text(200), fill: "" },
  });
  await addColumns(db, kind, "login_failure", {
    locks: { column: int, fill: 0 },
    locked_until: { column: int, fill: 0 },
  });
}
