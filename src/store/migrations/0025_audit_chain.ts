import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";
import { addIndex, id, int, type Kind, key, long, makeTables, maybe, type Table, text } from "./make-tables.ts";

/** Tables of the audit's seals, shaped like the ledger's; their meaning is told in `schema-seals.ts`. */
const tables: Readonly<Record<string, Table>> = {
  audit_unsealed: { columns: { item: key }, key: ["item"], withoutRowid: true },
  audit_seal: {
    columns: { seq: int, previous: text(64), hash: text(64), items: int, sealed_at: int, signature: long },
    key: ["seq"],
  },
  audit_sealed: {
    columns: { item: key, seal_seq: int, position: int, hash: text(64) },
    key: ["item"],
    withoutRowid: true,
    unique: [["seal_seq", "position"]],
  },
  audit_check: {
    columns: {
      id,
      started_at: int,
      ended_at: int,
      ok: int,
      seals: int,
      covered: int,
      waiting: int,
      head_seq: maybe(int),
      head_hash: maybe(text(64)),
      problems: long,
    },
    key: ["id"],
    indexes: [["ended_at"]],
  },
};

/** Makes the tables; what was written down before waits to be sealed as well. Rows are looked for by what was done, too. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addIndex(db, kind, "audit", ["action", "at"]);
  await sql`insert into audit_unsealed (item) select a.id from audit a
    where not exists (select 1 from audit_sealed s where s.item = a.id)
    and not exists (select 1 from audit_unsealed u where u.item = a.id)`.execute(db);
}
