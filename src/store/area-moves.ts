import type { AreaMovePreview, AreaTree } from "#contract/areas.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { areaTree } from "./people.ts";
import { insertRows, updatedRows } from "./portable.ts";
import type { AreaTable } from "./schema-archive.ts";
import { nextNumbers } from "./sequences.ts";

/** What the tree of areas looks like to somebody, and what of it he may move: whatever is in his scope with the area above it. */
export async function movableTree(tx: Tx, scope: Scope): Promise<AreaTree> {
  const areas = await areaTree(tx, scope);
  const projects = new Map(
    (await tx.selectFrom("area").select(["id", "project_id"]).execute()).map((row) => [row.id, row.project_id]),
  );
  const inside = new Set(areas.filter((area) => area.inside).map((area) => area.areaId));
  return {
    areas: areas.map((area) => ({
      ...area,
      projectId: projects.get(area.areaId) ?? 0,
      movable: area.parentId !== null && area.inside && inside.has(area.parentId),
    })),
  };
}

/** An area as it stands; undefined when there is none. */
export function areaRow(tx: Tx, areaId: number): Promise<AreaTable | undefined> {
  return tx.selectFrom("area").selectAll().where("id", "=", areaId).executeTakeFirst();
}

/** An area and all above it; empty for none. */
export async function areasAbove(tx: Tx, areaId: number): Promise<number[]> {
  const rows = await tx.selectFrom("area_ancestor").select("ancestor_id").where("area_id", "=", areaId).execute();
  return rows.map((row) => row.ancestor_id);
}

/** An area and all below it. */
export async function areasBelow(tx: Tx, areaId: number): Promise<number[]> {
  const rows = await tx.selectFrom("area_ancestor").select("area_id").where("ancestor_id", "=", areaId).execute();
  return rows.map((row) => row.area_id);
}

/** How many levels the areas from one down have. */
export async function levelsBelow(tx: Tx, below: readonly number[], above: number): Promise<number> {
  const rows = await tx
    .selectFrom("area_ancestor")
    .where("area_id", "in", [...below])
    .groupBy("area_id")
    .select((eb) => ["area_id", eb.fn.countAll<number>().as("depth")])
    .execute();
  return Math.max(0, ...rows.map((row) => Number(row.depth))) - above;
}

/** Whether another area of that name lies right below an area: an import could not tell them apart. */
export async function isNameTaken(tx: Tx, parentId: number, name: string): Promise<boolean> {
  const row = await tx
    .selectFrom("area")
    .select("id")
    .where("parent_id", "=", parentId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Hangs an area, with all below it, below another one. False when it is not where it was seen any more. Whoever calls has taken the areas of
 * the project: nobody else moves or makes one meanwhile.
 */
export async function hangBelow(
  tx: Tx,
  area: { id: number; seenParentId: number },
  parentId: number,
): Promise<boolean> {
  const [below, above, before] = [
    await areasBelow(tx, area.id),
    await areasAbove(tx, parentId),
    (await areasAbove(tx, area.id)).filter((id) => id !== area.id),
  ];
  const moved = await tx
    .updateTable("area")
    .set({ parent_id: parentId })
    .where("id", "=", area.id)
    .where("parent_id", "=", area.seenParentId)
    .executeTakeFirst();
  if (updatedRows(moved) !== 1) return false;
  await tx.deleteFrom("area_ancestor").where("area_id", "in", below).where("ancestor_id", "in", before).execute();
  const rows = below.flatMap((area_id) => above.map((ancestor_id) => ({ area_id, ancestor_id })));
  await insertRows(tx, "area_ancestor", rows);
  await nextNumbers(tx, MOVES);
  return true;
}

const MOVES = "area_moves";

/** How often areas have been moved: another number says that meters may lie in other scopes than before. */
export async function areaMoves(tx: Tx): Promise<number> {
  const row = await tx.selectFrom("sequence").select("next").where("name", "=", MOVES).executeTakeFirst();
  return row?.next ?? 0;
}

/** What moving an area below another one changes, counted. */
export async function moveEffects(tx: Tx, areaId: number, parentId: number): Promise<AreaMovePreview> {
  const below = await areasBelow(tx, areaId);
  const before = new Set((await areasAbove(tx, areaId)).filter((id) => id !== areaId));
  const after = new Set(await areasAbove(tx, parentId));
  const changed = [...before].filter((id) => !after.has(id)).concat([...after].filter((id) => !before.has(id)));
  const count = async (rows: Promise<{ n: number }>) => Number((await rows).n);
  const some = changed.length === 0 ? [0] : changed;
  return {
    areas: below.length,
    meters: await count(
      tx
        .selectFrom("meter")
        .where("area_id", "in", below)
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow(),
    ),
    users: await count(
      tx
        .selectFrom("user_scope")
        .innerJoin("user", "user.id", "user_scope.user_id")
        .where("user_scope.kind", "=", "area")
        .where("user_scope.ref_id", "in", some)
        .where("user.all_meters", "=", 0)
        .where("user.disabled", "=", 0)
        .select((eb) => eb.fn.count<number>("user.id").distinct().as("n"))
        .executeTakeFirstOrThrow(),
    ),
    windows: await count(
      tx
        .selectFrom("no_cut_window")
        .where("scope", "=", "area")
        .where("ref_id", "in", some)
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow(),
    ),
  };
}
