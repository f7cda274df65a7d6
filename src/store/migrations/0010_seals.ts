import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";
import { int, type Kind, key, long, makeTables, type Table, text } from "./make-tables.ts";

/** Tables of the ledger's seals; their meaning is told in `schema-seals.ts`. */
const tables: Readonly<Record<string, Table>> = {
  ledger_unsealed: { columns: { item: key }, key: ["item"], withoutRowid: true },
  ledger_seal: {
    columns: { seq: int, previous: text(64), hash: text(64), items: int, sealed_at: int, signature: long },
    key: ["seq"],
  },
  ledger_sealed: {
    columns: { item: key, seal_seq: int, position: int, hash: text(64) },
    key: ["item"],
    withoutRowid: true,
    unique: [["seal_seq", "position"]],
  },
};

/** Makes the tables; what was booked before waits to be sealed as well. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  for (const [mark, table, column] of [
    ["t:", "ledger_transfer", "id"],
    ["r:", "ledger_resolution", "transfer_id"],
  ] as const) {
    const item = sql`concat(${sql.lit(mark)}, x.${sql.ref(column)})`;
    await sql`insert into ledger_unsealed (item) select ${item} from ${sql.table(table)} x
      where not exists (select 1 from ledger_sealed s where s.item = ${item})
      and not exists (select 1 from ledger_unsealed u where u.item = ${item})`.execute(db);
  }
}
