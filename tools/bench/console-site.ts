import { addDays, dayOf, HOUR_MS } from "#base/time.ts";
import { account, meter, meterState } from "#server/test-town.ts";
import type { Db } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import { concentratorRow } from "#store/test-concentrator.ts";
import { systemClock } from "#system/clock.ts";

/** Areas of the site, each with a concentrator and as many meters. */
export const AREAS = 50;
const CHUNK = 1_000;
const FAR_MS = 1_000_000_000;

/** What a meter of the site is called. */
export function labelOf(id: number): string {
  return `R-${String(id).padStart(5, "0")}`;
}

/** The meters of the first area. */
export function firstArea(meters: number): number[] {
  return Array.from({ length: Math.ceil(meters / AREAS) }, (_, i) => 1 + i * AREAS).filter((id) => id <= meters);
}

/** The meter of the only customer: whom the desk sells to. */
export const CUSTOMERS_METER = 1;

/** Fills an empty database with meters in {@link AREAS} areas: most are well, some off, some low, some silent. */
export async function buildConsoleSite(db: Db, meters: number): Promise<void> {
  const now = systemClock();
  const quiet = now - HOUR_MS; // what changed just now would be told to each page that comes once more
  await db.transact(async (tx) => {
    await insertRows(tx, "project", [{ id: 1, name: "bench" }]);
    // Its past is closed: a server that has days to close is busy with them.
    const yesterday = addDays(dayOf(now), -1);
    await insertRows(tx, "day_close", [{ day: yesterday, meters: 0, closed_at: now }]);
    for (let id = 1; id <= AREAS; id++) {
      await insertRows(tx, "area", [{ id, project_id: 1, parent_id: null, name: `${id} 号楼`, sort: id }]);
      await insertRows(tx, "area_ancestor", [{ area_id: id, ancestor_id: id }]);
      const row = concentratorRow({
        id,
        area_id: id,
        code: `C${id}`,
        name: `${id} 号集中器`,
        owner: "bench",
        epoch: 1,
      });
      const living = { online: 1, online_changed_at: quiet, last_seen_at: now, lease_until: now + FAR_MS } as const;
      await insertRows(tx, "concentrator", [{ ...row, ...living }]);
    }
  });
  for (let first = 1; first <= meters; first += CHUNK) {
    const ids = Array.from({ length: Math.min(CHUNK, meters - first + 1) }, (_, i) => first + i);
    await db.transact(async (tx) => {
      const own = { account_id: null, room_id: null, created_at: now };
      await insertRows(
        tx,
        "meter",
        ids.map((id) => ({ ...meter(id, 1 + ((id - 1) % AREAS)), ...own, label: labelOf(id) })),
      );
      await insertRows(
        tx,
        "meter_state",
        ids.map((id) => ({ ...meterState(id), remaining_wh: id * 10, changed_at: quiet, ...standing(id) })),
      );
    });
  }
  await addCustomer(db);
}

/** Gives {@link CUSTOMERS_METER} an owner, who can be sold to. */
async function addCustomer(db: Db): Promise<void> {
  const id = CUSTOMERS_METER;
  const customer = { id, project_id: 1, number: "000000000001", name: "客户", phone: "13800000001", created_at: 1 };
  await db.transact(async (tx) => {
    await insertRows(tx, "customer", [customer]);
    await insertRows(tx, "account", [account(id, "meter")]);
    await tx.updateTable("meter").set({ account_id: id }).where("id", "=", id).execute();
  });
}

function standing(id: number) {
  if (id % 20 === 0) return { relay: "open", off_cause: "arrears" } as const;
  if (id % 21 === 0) return { silent_rounds: 5 };
  return id % 10 === 0 ? { low_credit: 1 as const } : {};
}

/** Gives meters another rest, as if they had just been read: what a page that is open must show. */
export async function changeMeters(db: Db, ids: readonly number[], remainingWh: number): Promise<void> {
  const at = systemClock();
  await db.transact(async (tx) => {
    await tx
      .updateTable("meter_state")
      .set((eb) => ({ remaining_wh: remainingWh, remaining_at: at, changed_at: at, version: eb("version", "+", 1) }))
      .where("meter_id", "in", [...ids])
      .execute();
  });
}
