import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, addColumns, code, id, int, type Kind, makeTables, maybe, name, type Table } from "./make-tables.ts";

/** Tables of the set-up assistant; their meaning is told in `schema-setup.ts`. */
const tables: Readonly<Record<string, Table>> = {
  setup_skip: { columns: { step: code, made_by: actor, made_name: name, made_at: int }, key: ["step"] },
  setup_price: {
    columns: {
      project_id: int,
      electricity_e4: maybe(int),
      water_e4: maybe(int),
      version: int,
      updated_by: actor,
      updated_at: int,
    },
    key: ["project_id"],
  },
  face_reading: {
    columns: {
      id,
      meter_id: int,
      command_id: id,
      typed: code,
      typed_wh: int,
      typed_at: int,
      read_wh: int,
      read_at: int,
      verdict: code,
      hint: code,
      made_by: actor,
      made_name: name,
    },
    key: ["id"],
    unique: [["command_id"]],
    indexes: [["meter_id", "typed_at"]],
  },
};

/** Makes the tables; collectors say where concentrators reach them. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "collector_status", {
    link_host: { column: maybe(name) },
    link_port: { column: maybe(int) },
    link_tls_port: { column: maybe(int) },
  });
}
