import type { Tx } from "#store/db.ts";
import { nextNumbers } from "#store/sequences.ts";

/** Makes an area (片区) below another one, or at the top of its project; answers its id. */
export async function addArea(
  tx: Tx,
  area: { projectId: number; parent: number | null; name: string; sort: number },
): Promise<number> {
  const id = await nextNumbers(tx, "area");
  await tx
    .insertInto("area")
    .values({ id, project_id: area.projectId, parent_id: area.parent, name: area.name, sort: area.sort })
    .execute();
  const above =
    area.parent === null
      ? []
      : await tx.selectFrom("area_ancestor").select("ancestor_id").where("area_id", "=", area.parent).execute();
  await tx
    .insertInto("area_ancestor")
    .values([...above.map((row) => row.ancestor_id), id].map((ancestor) => ({ area_id: id, ancestor_id: ancestor })))
    .execute();
  return id;
}
