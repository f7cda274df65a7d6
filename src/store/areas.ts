import type { AreaList } from "#contract/metering.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { inScope } from "./scope.ts";

/** Areas that hold, at whatever depth, a meter of the scope, in the order of the archive. */
export async function areasInScope(tx: Tx, scope: Scope): Promise<AreaList["items"]> {
  const rows = await tx
    .selectFrom("area")
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("area_ancestor")
          .innerJoin("meter", "meter.area_id", "area_ancestor.area_id")
          .whereRef("area_ancestor.ancestor_id", "=", "area.id")
          .where((inner) => inScope(inner, scope))
          .select("meter.id"),
      ),
    )
    .select(["area.id", "area.parent_id", "area.name"])
    .orderBy("area.sort")
    .orderBy("area.id")
    .execute();
  return rows.map((row) => ({ areaId: row.id, parentId: row.parent_id, name: row.name }));
}
