import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, code, int, type Kind, long, makeTables, maybe, type Table } from "./make-tables.ts";

/** Load guards; their meaning is told in `schema-load-guard.ts`. */
const tables: Readonly<Record<string, Table>> = {
  load_guard: {
    columns: {
      meter_id: int,
      wanted: long,
      watches: int,
      wanted_by: actor,
      wanted_at: int,
      told: maybe(long),
      told_at: int,
      state: maybe(code),
      cause: maybe(code),
      trips: int,
      total: int,
      tripped_at: maybe(int),
      power_w: int,
      seen_at: int,
    },
    key: ["meter_id"],
    indexes: [["state"]],
  },
};

const granted = ["loadguard.set", "loadguard.release"];

/** Makes the table; administrators of an installation that is there already may do everything, so also this. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  for (const role of await db.selectFrom("role").selectAll().where("code", "=", "admin").execute()) {
    const permissions = JSON.stringify([...new Set([...(JSON.parse(role.permissions) as string[]), ...granted])]);
    await db.updateTable("role").set({ permissions }).where("id", "=", role.id).execute();
  }
}
