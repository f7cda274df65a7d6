import type { Instant } from "#base/time.ts";
import type { CollectionSettings } from "#contract/collection.ts";
import { parseItems } from "#domain/collection.ts";
import type { Tx } from "./db.ts";
import type { ItemSetTable } from "./schema-collection.ts";
import { settingSeen } from "./settings.ts";

/** The setting that lets the system set clocks of meters by itself: `auto`; anything else is off. */
export const CLOCK_SETTING = "clock.set";

/** Whether there is such a project. */
export async function projectExists(tx: Tx, id: number): Promise<boolean> {
  return (await tx.selectFrom("project").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
}

/** The concentrators of a project that are in use. */
export async function concentratorsOfProject(tx: Tx, projectId: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("concentrator")
    .select("id")
    .where("project_id", "=", projectId)
    .where("retired_at", "is", null)
    .execute();
  return rows.map((row) => row.id);
}

/** One item set as it is. */
export function itemSetRow(tx: Tx, id: number): Promise<ItemSetTable | undefined> {
  return tx.selectFrom("item_set").selectAll().where("id", "=", id).executeTakeFirst();
}

/** How many projects, channels and meters name an item set. */
export async function itemSetUses(tx: Tx, id: number): Promise<number> {
  return (await usesOfItemSets(tx)).get(id) ?? 0;
}

async function usesOfItemSets(tx: Tx): Promise<Map<number, number>> {
  const uses = new Map<number, number>();
  for (const table of ["collection_default", "channel", "meter"] as const) {
    const rows = await tx
      .selectFrom(table as "channel")
      .where("item_set_id", "is not", null)
      .select("item_set_id")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .groupBy("item_set_id")
      .execute();
    for (const { item_set_id: id, count } of rows) if (id !== null) uses.set(id, (uses.get(id) ?? 0) + Number(count));
  }
  return uses;
}

/** How projects are read, and all item sets. */
export async function collectionSettingsNow(tx: Tx, now: Instant): Promise<CollectionSettings> {
  const clock = await settingSeen(tx, CLOCK_SETTING);
  const projects = await tx
    .selectFrom("project")
    .leftJoin("collection_default", "collection_default.project_id", "project.id")
    .select(["project.id", "project.name", "read_interval_s", "item_set_id", "version", "updated_by", "updated_at"])
    .orderBy("project.id")
    .execute();
  const sets = await tx.selectFrom("item_set").selectAll().orderBy("project_id").orderBy("name").execute();
  const uses = await usesOfItemSets(tx);
  return {
    asOf: now,
    clock: {
      mode: clock?.value === "auto" ? "auto" : "off",
      updatedBy: clock?.updatedBy ?? "",
      updatedAt: clock?.updatedAt ?? 0,
      version: clock?.updatedAt ?? 0,
    },
    projects: projects.map((row) => ({
      projectId: row.id,
      name: row.name,
      readIntervalS: row.read_interval_s,
      itemSetId: row.item_set_id,
      version: row.version ?? 0,
      updatedBy: row.updated_by ?? "",
      updatedAt: row.updated_at ?? 0,
    })),
    itemSets: sets.map((row) => ({
      id: row.id,
      projectId: row.project_id,
      name: row.name,
      items: [...parseItems(row.items)],
      version: row.version,
      uses: uses.get(row.id) ?? 0,
    })),
  };
}
