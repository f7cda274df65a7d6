import type { Instant } from "#base/time.ts";
import { GUARD_OFF, isWatching, type LoadGuardSettings, type LoadGuardShown } from "#domain/load-guard.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";
import type { LoadGuardTable } from "./schema-load-guard.ts";

/** A row of a meter of which nobody has set or heard anything. */
function blankGuard(meterId: number): LoadGuardTable {
  return {
    ...{ meter_id: meterId, wanted: JSON.stringify(GUARD_OFF), watches: 0, wanted_by: "", wanted_at: 0 },
    ...{
      told: null,
      told_at: 0,
      state: null,
      cause: null,
      trips: 0,
      total: 0,
      tripped_at: null,
      power_w: 0,
      seen_at: 0,
    },
  };
}

/** What is known of the guards of some meters; those of which nothing is are left out. */
export async function loadGuards(tx: Tx, meterIds: readonly number[]): Promise<Map<number, LoadGuardTable>> {
  if (meterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("load_guard")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .execute();
  return new Map(rows.map((row) => [row.meter_id, row]));
}

/** What is known of the guard of a meter; null: nothing. */
export async function loadGuardOf(tx: Tx, meterId: number): Promise<LoadGuardTable | null> {
  return (await loadGuards(tx, [meterId])).get(meterId) ?? null;
}

/** What people set. */
export function wantedOf(row: LoadGuardTable | null): LoadGuardSettings {
  return row === null ? GUARD_OFF : parseGuard(row.wanted);
}

/** Settings as a row or a command keeps them. */
export function parseGuard(text: string): LoadGuardSettings {
  return { ...GUARD_OFF, ...(JSON.parse(text) as Partial<LoadGuardSettings>) };
}

/** Keeps what a meter showed of its guard. */
export async function saveGuardShown(tx: Tx, meterId: number, at: Instant, shown: LoadGuardShown): Promise<void> {
  const { state, cause, trips, total, trippedAt, powerW } = shown;
  const row = {
    ...blankGuard(meterId),
    state,
    cause,
    trips,
    total,
    tripped_at: trippedAt,
    power_w: powerW,
    seen_at: at,
  };
  await upsert(
    tx,
    "load_guard",
    [row],
    ["meter_id"],
    [...(["state", "cause", "trips", "total", "tripped_at", "power_w", "seen_at"] as const)],
  );
}

/** Keeps what people want the guard to watch for. */
export async function saveGuardWanted(
  tx: Tx,
  meterId: number,
  wanted: { settings: LoadGuardSettings; by: string; at: Instant },
): Promise<void> {
  const { settings, by, at } = wanted;
  const watches = isWatching(settings) ? (1 as const) : (0 as const);
  const row = { ...blankGuard(meterId), wanted: JSON.stringify(settings), watches, wanted_by: by, wanted_at: at };
  await upsert(tx, "load_guard", [row], ["meter_id"], ["wanted", "watches", "wanted_by", "wanted_at"]);
}

/** The meter has shown that it watches for exactly this. */
export async function saveGuardTold(tx: Tx, meterId: number, settings: LoadGuardSettings, at: Instant): Promise<void> {
  await tx
    .updateTable("load_guard")
    .set({ told: JSON.stringify(settings), told_at: at })
    .where("meter_id", "=", meterId)
    .execute();
}

/** Another device is in the meter's place: nothing is known of what it watches for, nor of what it has done. */
export async function forgetGuardShown(tx: Tx, meterId: number): Promise<void> {
  const { told, told_at, state, cause, trips, total, tripped_at, power_w, seen_at } = blankGuard(meterId);
  await tx
    .updateTable("load_guard")
    .set({ told, told_at, state, cause, trips, total, tripped_at, power_w, seen_at })
    .where("meter_id", "=", meterId)
    .execute();
}
