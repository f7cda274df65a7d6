import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, code, int, type Kind, maybe, name, text } from "./make-tables.ts";

/**
 * How a concentrator is spoken to, and behind which gateway a meter hangs. What is in the archive before this step speaks
 * JCP/1, dials in and proves itself.
 */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await addColumns(db, kind, "concentrator", {
    link_kind: { column: code, fill: "jichao" },
    direction: { column: code, fill: "dials_in" },
    host: { column: maybe(name) },
    port: { column: maybe(int) },
    trust: { column: code, fill: "full" },
    dtu_packets: { column: maybe(text(4_000)) },
  });
  await addColumns(db, kind, "meter", { gateway_id: { column: maybe(int) } });
}
