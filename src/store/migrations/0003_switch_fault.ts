import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";

/** A switch may say that it is broken: `meter_state.switch_fault`. */
export async function up(db: Kysely<Schema>, kind: "sqlite" | "mysql"): Promise<void> {
  const tables = await db.introspection.getTables();
  const columns = tables.find((table) => table.name === "meter_state")?.columns ?? [];
  if (columns.some((column) => column.name === "switch_fault")) return;
  const type = kind === "sqlite" ? sql`integer` : sql`bigint`;
  await sql`alter table meter_state add column switch_fault ${type} not null default 0`.execute(db);
}
