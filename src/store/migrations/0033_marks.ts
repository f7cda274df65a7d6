import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, int, type Kind, maybe, text } from "./make-tables.ts";

/** Each migration says from now on whether older programs get along with it; what that means is told in `migration-marks.ts`. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await addColumns(db, kind, "migration", {
    older_can_run: { column: maybe(int) },
    made_by: { column: maybe(text(32)) },
    ended: { column: maybe(int) },
  });
}
