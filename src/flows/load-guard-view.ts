import { instant, later, MINUTE_MS } from "#base/time.ts";
import type { LoadGuard } from "#contract/load-guard.ts";
import { GUARD_OFF, isSameGuard } from "#domain/load-guard.ts";
import type { Scope } from "#domain/permission.ts";
import { hasLoadGuard } from "#protocol/profiles.ts";
import { lastOfKinds } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { loadGuardOf, parseGuard, wantedOf } from "#store/load-guard.ts";
import { meterToAct } from "#store/meters.ts";
import type { LoadGuardTable } from "#store/schema-load-guard.ts";

/** The load guard of a meter as people see it; null outside the scope. */
export async function loadGuardView(tx: Tx, scope: Scope, meterId: number): Promise<LoadGuard | null> {
  const meter = await meterToAct(tx, scope, meterId);
  if (!meter) return null;
  const row = await loadGuardOf(tx, meterId);
  const settings = wantedOf(row);
  const told = row === null || row.told === null ? null : parseGuard(row.told);
  const last = await lastOfKinds(tx, meterId, ["set_load_guard", "release_load_guard"]);
  return {
    able: hasLoadGuard(meter.profile) && meter.switch_kind !== "none",
    settings,
    wantedBy: row?.wanted_by ?? "",
    wantedAt: row?.wanted_at ?? 0,
    // One that nobody has told anything watches for nothing, as it comes from the maker.
    inMeter: isSameGuard(told ?? GUARD_OFF, settings),
    toldAt: row?.told_at ?? 0,
    shown: row === null ? null : shownOf(row, (told ?? settings).offMinutes),
    asked: last === null ? null : { commandId: last.id, kind: last.kind as "set_load_guard" | "release_load_guard" },
  };
}

function shownOf(row: LoadGuardTable, offMinutes: number): LoadGuard["shown"] {
  const { state, cause, trips, total, tripped_at, power_w, seen_at } = row;
  if (state === null) return null;
  const closesAt =
    state === "waiting" && tripped_at !== null ? later(instant(tripped_at), offMinutes * MINUTE_MS) : null;
  return { state, cause, trips, total, trippedAt: tripped_at, powerW: power_w, seenAt: seen_at, closesAt };
}
