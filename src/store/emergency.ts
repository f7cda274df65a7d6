import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { EmergencyCreditTable } from "./schema-tariff.ts";

/** The emergency credit that an account has not repaid; null when there is none. */
export async function openEmergency(tx: Tx, accountId: number): Promise<EmergencyCreditTable | null> {
  return (
    (await tx.selectFrom("emergency_credit").selectAll().where("open_account", "=", accountId).executeTakeFirst()) ??
    null
  );
}

/** An emergency credit by the key of the request that drew it. */
export async function emergencyByKey(tx: Tx, key: string): Promise<EmergencyCreditTable | null> {
  return (await tx.selectFrom("emergency_credit").selectAll().where("idem_key", "=", key).executeTakeFirst()) ?? null;
}

/** Draws one. False when the account has one open already: the key of open ones is unique. */
export async function addEmergency(tx: Tx, row: EmergencyCreditTable): Promise<boolean> {
  return (await insertIgnore(tx, "emergency_credit", [row], ["open_account"])) === 1;
}

/** Ends one. False when somebody else did. */
export async function endEmergency(tx: Tx, input: { id: string; at: Instant }): Promise<boolean> {
  const ended = await tx
    .updateTable("emergency_credit")
    .set({ open_account: null, repaid_at: input.at })
    .where("id", "=", input.id)
    .where("open_account", "is not", null)
    .executeTakeFirst();
  return updatedRows(ended) === 1;
}
