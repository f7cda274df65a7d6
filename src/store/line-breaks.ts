import { instant } from "#base/time.ts";
import type { KnownBreak } from "#domain/line-break.ts";
import type { Tx } from "./db.ts";
import type { LineBreakTable } from "./schema-devices.ts";

/** The exchanges and changes of ratio of some meters, by meter, in the order of time. */
export async function lineBreaksOf(tx: Tx, meterIds: readonly number[]): Promise<Map<number, KnownBreak[]>> {
  const found = new Map<number, KnownBreak[]>();
  if (meterIds.length === 0) return found;
  const rows = await tx
    .selectFrom("line_break")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .orderBy("meter_id")
    .orderBy("at")
    .execute();
  for (const row of rows) {
    const own = found.get(row.meter_id) ?? [];
    own.push({
      at: instant(row.at),
      closeWh: row.close_wh,
      openWh: row.open_wh,
      ratioBefore: row.ratio_before,
      ratioAfter: row.ratio_after,
    });
    found.set(row.meter_id, own);
  }
  return found;
}

/** When the present line of indexes of a meter began; 0 when it is the first. */
export async function lineSince(tx: Tx, meterId: number): Promise<number> {
  const row = await tx
    .selectFrom("line_break")
    .where("meter_id", "=", meterId)
    .select((eb) => eb.fn.max("at").as("at"))
    .executeTakeFirst();
  return row?.at ?? 0;
}

/** Adds a break; two of one meter at the same time are refused by the database. */
export async function addLineBreak(tx: Tx, row: LineBreakTable): Promise<void> {
  await tx.insertInto("line_break").values(row).execute();
}
