import type { Tx } from "./db.ts";
import { insertRows } from "./portable.ts";
import type { UsageChargeTable } from "./schema-tariff.ts";

/** Adds lines of settlements; their keys are new, or the settlement was booked before and this is a mistake. */
export async function addCharges(tx: Tx, rows: readonly UsageChargeTable[]): Promise<void> {
  await insertRows(tx, "usage_charge", rows);
}
