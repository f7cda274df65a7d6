import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, int, type Kind } from "./make-tables.ts";

/** A switch may say that it is broken: `meter_state.switch_fault`. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await addColumns(db, kind, "meter_state", { switch_fault: { column: int, fill: 0 } });
}
