import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";

/** Roles of an installation that is there already may import what they may enter one by one, as seed roles of a new one. */
export async function up(db: Kysely<Schema>): Promise<void> {
  for (const role of await db.selectFrom("role").selectAll().execute()) {
    if (role.code !== "admin" && role.code !== "maintenance") continue;
    const has = new Set(JSON.parse(role.permissions) as string[]);
    has.add("archive.import");
    await db
      .updateTable("role")
      .set({ permissions: JSON.stringify([...has]) })
      .where("id", "=", role.id)
      .execute();
  }
}
