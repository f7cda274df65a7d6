import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";

/** Approved changes that hold by now and are not shown on their meters yet, oldest first; and the meters that they change. */
export type DueChanges = {
  readonly assignments: readonly { meter_id: number; from_at: number }[];
  readonly versionIds: readonly string[];
  readonly meterIds: readonly number[];
};

/** At most `limit` assignments; versions only once all assignments are shown. */
export async function dueChanges(tx: Tx, input: { now: Instant; limit: number }): Promise<DueChanges> {
  const assignments = await tx
    .selectFrom("meter_tariff")
    .select(["meter_id", "from_at"])
    .where("applied_at", "=", 0)
    .where("from_at", "<=", input.now)
    .orderBy("from_at")
    .limit(input.limit)
    .execute();
  if (assignments.length > 0) {
    return { assignments, versionIds: [], meterIds: [...new Set(assignments.map((each) => each.meter_id))] };
  }
  const version = await tx
    .selectFrom("tariff_version")
    .select(["id", "tariff_id"])
    .where("applied_at", "=", 0)
    .where("from_at", "<=", input.now)
    .orderBy("from_at")
    .limit(1)
    .executeTakeFirst();
  if (version === undefined) return { assignments: [], versionIds: [], meterIds: [] };
  return { assignments: [], versionIds: [version.id], meterIds: await meterIdsOfTariff(tx, version.tariff_id) };
}

/** Every meter that was ever given a tariff. */
export async function meterIdsOfTariff(tx: Tx, tariffId: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("meter_tariff")
    .select("meter_id")
    .distinct()
    .where("tariff_id", "=", tariffId)
    .execute();
  return rows.map((row) => row.meter_id);
}

/** Every meter that was ever given a tariff with seasons. */
export async function meterIdsWithSeasons(tx: Tx): Promise<number[]> {
  const rows = await tx
    .selectFrom("meter_tariff")
    .innerJoin("tariff_version", "tariff_version.tariff_id", "meter_tariff.tariff_id")
    .select("meter_tariff.meter_id")
    .distinct()
    .where("tariff_version.terms", "like", '%"kind":"tou"%')
    .execute();
  return rows.map((row) => row.meter_id);
}

/** What meters show as their price. */
export async function pricesNow(tx: Tx, meterIds: readonly number[]): Promise<{ id: number; price_e4: number }[]> {
  if (meterIds.length === 0) return [];
  return tx
    .selectFrom("meter")
    .select(["id", "price_e4"])
    .where("id", "in", [...meterIds])
    .orderBy("id")
    .execute();
}

/** Sets the price that a meter shows, and lets its tile tell. */
export async function setShownPrice(tx: Tx, input: { meterId: number; priceE4: number; now: Instant }): Promise<void> {
  await tx.updateTable("meter").set({ price_e4: input.priceE4 }).where("id", "=", input.meterId).execute();
  await tx
    .updateTable("meter_state")
    .set((eb) => ({ changed_at: input.now, version: eb("version", "+", 1) }))
    .where("meter_id", "=", input.meterId)
    .execute();
}

/** Notes that changes are shown. */
export async function markApplied(tx: Tx, due: DueChanges & { at: Instant }): Promise<void> {
  for (const { meter_id, from_at } of due.assignments) {
    await tx
      .updateTable("meter_tariff")
      .set({ applied_at: due.at })
      .where("meter_id", "=", meter_id)
      .where("from_at", "=", from_at)
      .execute();
  }
  for (const id of due.versionIds) {
    await tx.updateTable("tariff_version").set({ applied_at: due.at }).where("id", "=", id).execute();
  }
}
