import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, code, type Kind, maybe } from "./make-tables.ts";

/** A meter may be the master meter (总表) of its box or of its area. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await addColumns(db, kind, "meter", { master_of: { column: maybe(code) } });
}
