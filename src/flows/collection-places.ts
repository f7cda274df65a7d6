import type { CollectionPlaces } from "#contract/collection.ts";
import type { Scope } from "#domain/permission.ts";
import { profiles, topUpsMax } from "#protocol/profiles.ts";
import { areasInScope } from "#store/areas.ts";
import type { Tx } from "#store/db.ts";

/** What forms about meters and concentrators choose from: areas, and the models that the system speaks with what their switch is. */
export async function seeCollectionPlaces(tx: Tx, scope: Scope): Promise<CollectionPlaces> {
  const areas = await areasInScope(tx, scope);
  const rows = await tx.selectFrom("area").select(["id", "project_id"]).execute();
  const projects = new Map(rows.map((row) => [row.id, row.project_id]));
  return {
    areas: areas.map(({ areaId: id, name }) => ({ id, name, projectId: projects.get(id) ?? 0 })),
    profiles: [...profiles.values()].flatMap(({ name, zh, protocol, kind, switch: own }) =>
      kind === "electricity" || kind === "water"
        ? [
            {
              name,
              zh,
              protocol,
              kind,
              inMeter: topUpsMax(name) !== null,
              switchKind: own?.kind ?? ("none" as const),
              closesBy: own?.closing === "by_button" ? ("button" as const) : ("direct" as const),
            },
          ]
        : [],
    ),
  };
}
