import type { CollectionPlaces } from "#contract/collection.ts";
import type { Scope } from "#domain/permission.ts";
import { profiles, topUpsMax } from "#protocol/profiles.ts";
import type { Tx } from "#store/db.ts";
import { areasByPath } from "#store/import-snapshot.ts";

/** What forms about meters and concentrators choose from: areas by their paths, also those in which nothing is yet, and the models that the system speaks with what their switch is. */
export async function seeCollectionPlaces(tx: Tx, scope: Scope): Promise<CollectionPlaces> {
  const areas: CollectionPlaces["areas"] = [];
  for (const { id: projectId } of await tx.selectFrom("project").select("id").orderBy("id").execute())
    for (const [name, ids] of await areasByPath(tx, scope, projectId))
      areas.push(...ids.map((id) => ({ id, name, projectId })));
  return {
    areas,
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
