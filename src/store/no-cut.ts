import { type DayKind, dayKinds } from "#domain/calendar.ts";
import type { NoCutWindow } from "#domain/no-cut.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { NoCutWindowTable } from "./schema-tariff.ts";

/** The windows of some meters, by meter: those of the meter itself, of every area above it, and of its project. */
export async function noCutWindowsOf(tx: Tx, meterIds: readonly number[]): Promise<Map<number, NoCutWindow[]>> {
  const found = new Map<number, NoCutWindow[]>(meterIds.map((id) => [id, []]));
  if (meterIds.length === 0) return found;
  const rows = await tx.selectFrom("no_cut_window").selectAll().execute();
  if (rows.length === 0) return found;
  const meters = await tx
    .selectFrom("meter")
    .leftJoin("area_ancestor", "area_ancestor.area_id", "meter.area_id")
    .select(["meter.id", "meter.project_id", "area_ancestor.ancestor_id"])
    .where("meter.id", "in", [...meterIds])
    .execute();
  for (const id of meterIds) {
    const own = meters.filter((meter) => meter.id === id);
    const areas = new Set(own.map((meter) => meter.ancestor_id));
    const holds = (row: NoCutWindowTable) =>
      row.scope === "project"
        ? row.ref_id === own[0]?.project_id
        : row.scope === "area"
          ? areas.has(row.ref_id)
          : row.ref_id === id;
    found.set(id, rows.filter(holds).map(toWindow));
  }
  return found;
}

/** A window that cannot be understood counts as "always": doubt never cuts anybody off. */
function toWindow(row: NoCutWindowTable): NoCutWindow {
  const days = row.days.split(",");
  const known = days.filter((day): day is DayKind => dayKinds.some((kind) => kind === day));
  const isClear = known.length === days.length && inDay(row.from_minute) && inDay(row.to_minute);
  if (!isClear) return { days: dayKinds, fromMinute: 0, toMinute: MINUTES_PER_DAY };
  return { days: known, fromMinute: row.from_minute, toMinute: row.to_minute };
}

const MINUTES_PER_DAY = 24 * 60;

function inDay(minute: number): boolean {
  return Number.isInteger(minute) && minute >= 0 && minute <= MINUTES_PER_DAY;
}

/** Every window, by name. */
export async function noCutRows(tx: Tx): Promise<NoCutWindowTable[]> {
  return tx.selectFrom("no_cut_window").selectAll().orderBy("name").orderBy("id").execute();
}

/** One window; null when there is none. */
export async function noCutRow(tx: Tx, id: string): Promise<NoCutWindowTable | null> {
  return (await tx.selectFrom("no_cut_window").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

/** Adds a window. */
export async function addNoCut(tx: Tx, row: NoCutWindowTable): Promise<void> {
  await tx.insertInto("no_cut_window").values(row).execute();
}

/** Changes a window if it is still the revision that was seen. */
export async function changeNoCut(tx: Tx, row: Omit<NoCutWindowTable, "rev"> & { seenRev: number }): Promise<boolean> {
  const { id, seenRev, ...columns } = row;
  const changed = await tx
    .updateTable("no_cut_window")
    .set((eb) => ({ ...columns, rev: eb("rev", "+", 1) }))
    .where("id", "=", id)
    .where("rev", "=", seenRev)
    .executeTakeFirst();
  return updatedRows(changed) === 1;
}

/** Takes a window away if it is still the revision that was seen. */
export async function removeNoCut(tx: Tx, input: { id: string; seenRev: number }): Promise<boolean> {
  const gone = await tx
    .deleteFrom("no_cut_window")
    .where("id", "=", input.id)
    .where("rev", "=", input.seenRev)
    .executeTakeFirst();
  return Number(gone.numDeletedRows) === 1;
}

/** Whether a user's scope holds the whole of what a window is for: a meter, an area with all below it, or everything. */
export async function coversWindow(
  tx: Tx,
  scope: Scope,
  window: Pick<NoCutWindowTable, "scope" | "ref_id">,
): Promise<boolean> {
  if (scope.all) return true;
  if (window.scope === "project") return false;
  if (window.scope === "meter" && scope.meterIds.includes(window.ref_id)) return true;
  if (scope.areaIds.length === 0) return false;
  const areaId =
    window.scope === "area"
      ? window.ref_id
      : (await tx.selectFrom("meter").select("area_id").where("id", "=", window.ref_id).executeTakeFirst())?.area_id;
  const above = await tx
    .selectFrom("area_ancestor")
    .select("area_id")
    .where("area_id", "=", areaId ?? 0)
    .where("ancestor_id", "in", [...scope.areaIds])
    .limit(1)
    .executeTakeFirst();
  return above !== undefined;
}

/** What windows are for, by name. */
export async function placesOf(tx: Tx, rows: readonly NoCutWindowTable[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const row of rows) {
    const named =
      row.scope === "meter"
        ? await tx.selectFrom("meter").select("label as name").where("id", "=", row.ref_id).executeTakeFirst()
        : await tx.selectFrom(row.scope).select("name").where("id", "=", row.ref_id).executeTakeFirst();
    names.set(row.id, named?.name ?? "");
  }
  return names;
}
