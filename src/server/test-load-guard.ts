import { GUARD_OFF } from "#domain/load-guard.ts";
import type { Db } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import type { LoadGuardTable } from "#store/schema-load-guard.ts";

/** A guard that has locked its meter. */
export function lockedGuard(meterId: number, over: Partial<LoadGuardTable> = {}): LoadGuardTable {
  const settings = JSON.stringify({ ...GUARD_OFF, maxW: 1000 });
  return {
    ...{
      meter_id: meterId,
      wanted: settings,
      watches: 1,
      wanted_by: "user1",
      wanted_at: 1,
      told: settings,
      told_at: 2,
    },
    ...{ state: "locked", cause: "max_load", trips: 3, total: 3, tripped_at: 3, power_w: 1500, seen_at: 4 },
    ...over,
  };
}

/** Sees to it that a release has something to let go of. */
export async function prepareLoadGuards(db: Db, path: string): Promise<void> {
  if (!path.endsWith("/load-guard/release")) return;
  await db.transact(async (tx) => {
    await tx.deleteFrom("load_guard").where("meter_id", "in", [11, 21]).execute();
    await insertRows(tx, "load_guard", [lockedGuard(11), lockedGuard(21)]);
  });
}

/** Bodies of requests about the guard of a meter. */
export const loadGuardBodies = (of: { meter: number }): Record<string, object> => ({
  "/api/meters/:id/load-guard": {
    ...{ key: `guard-of-${of.meter}`, settings: { ...GUARD_OFF, maxW: 1000 }, reason: "合同 1 kW" },
  },
  "/api/meters/:id/load-guard/release": { key: `frees-${of.meter}-now`, note: "已拔掉电炉" },
});
