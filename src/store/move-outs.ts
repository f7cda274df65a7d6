import type { Tx } from "./db.ts";

/** The move-out that a meter is in; null when it is in none. Nothing is recharged or refunded meanwhile. */
export async function openMoveOutOfMeter(tx: Tx, meterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("move_out_meter")
    .select("move_out_no")
    .where("open_meter_id", "=", meterId)
    .executeTakeFirst();
  return row?.move_out_no ?? null;
}
