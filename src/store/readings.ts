import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";
import type { FrameLogTable, ReadingTable } from "./schema-readings.ts";

/** Frames kept per meter: enough to see the last rounds and a recharge whole. */
export const FRAMES_PER_METER = 48;

/** Adds readings; those that are there already are left as they are. Says how many were new. */
export async function addReadings(tx: Tx, rows: readonly ReadingTable[]): Promise<number> {
  return rows.length === 0 ? 0 : insertIgnore(tx, "reading", [...rows], ["meter_id", "register", "measured_at"]);
}

/** Puts frames into their meters' rings, over the oldest ones. */
export async function addFrames(tx: Tx, rows: readonly FrameLogTable[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = ["at", "direction", "hex", "command_id", "took_ms"] as const;
  await upsert(tx, "frame_log", [...rows], ["meter_id", "slot"], [...columns]);
}

/** Adds to a counter that only grows. */
export async function addTally(tx: Tx, name: string, by: number): Promise<void> {
  if (by === 0) return;
  const grown = await tx
    .updateTable("tally")
    .set((eb) => ({ value: eb("value", "+", by) }))
    .where("name", "=", name)
    .executeTakeFirst();
  if (updatedRows(grown) === 0) await insertIgnore(tx, "tally", [{ name, value: by }], ["name"]);
}
