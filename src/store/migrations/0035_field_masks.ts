import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";

/** Whole telephones and prices took no permission of their own before: whoever saw them goes on seeing them. */
export async function up(db: Kysely<Schema>): Promise<void> {
  for (const role of await db.selectFrom("role").selectAll().execute()) {
    const has = new Set(JSON.parse(role.permissions) as string[]);
    if (has.has("contact.full") || has.has("price.see")) continue;
    await db
      .updateTable("role")
      .set({ permissions: JSON.stringify([...has, "contact.full", "price.see"]) })
      .where("id", "=", role.id)
      .execute();
  }
}
