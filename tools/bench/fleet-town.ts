import { linkKeyPurpose } from "#flows/meter-keys.ts";
import { meter, meterState } from "#server/test-town.ts";
import type { Db } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import { concentratorRow } from "#store/test-concentrator.ts";
import type { Sealer } from "#system/seal.ts";

/** Link key of every concentrator of the fleet. */
export const FLEET_KEY = new Uint8Array(16).fill(0x42);
const CHUNK = 2_000;

/** Code of the n-th concentrator of the fleet, from 1. */
export function fleetCode(n: number): string {
  return `F${String(n).padStart(7, "0")}`;
}

/** So many concentrators with so many meters each, all on one bus: plain archive rows, since only reading is measured. */
export async function buildFleet(
  db: Db,
  sealer: Sealer,
  { concentrators, meters }: { concentrators: number; meters: number },
): Promise<void> {
  await db.transact(async (tx) => {
    await insertRows(tx, "project", [{ id: 1, name: "bench" }]);
    await insertRows(tx, "area", [{ id: 1, project_id: 1, parent_id: null, name: "bench", sort: 0 }]);
    await insertRows(tx, "area_ancestor", [{ area_id: 1, ancestor_id: 1 }]);
    const rows = Array.from({ length: concentrators }, (_, i) => fleetConcentrator(i + 1, sealer));
    await insertRows(tx, "concentrator", rows);
  });
  const total = concentrators * meters;
  for (let first = 1; first <= total; first += CHUNK) {
    const ids = Array.from({ length: Math.min(CHUNK, total - first + 1) }, (_, i) => first + i);
    await db.transact(async (tx) => {
      const of = (id: number) => Math.ceil(id / meters);
      await insertRows(
        tx,
        "meter",
        ids.map((id) => ({ ...meter(id, 1), concentrator_id: of(id), account_id: null })),
      );
      const never = { index_at: 0, last_answer_at: 0, settled_at: 0 };
      await insertRows(
        tx,
        "meter_state",
        ids.map((id) => ({ ...meterState(id), ...never })),
      );
    });
  }
}

function fleetConcentrator(id: number, sealer: Sealer) {
  const code = fleetCode(id);
  return concentratorRow({
    id,
    area_id: 1,
    code,
    name: code,
    key_sealed: sealer.seal(FLEET_KEY, linkKeyPurpose(code)),
  });
}
