import type { Db } from "#store/db.ts";

/**
 * What the books hold on the accounts of a kind, or on one of them, in 1/10000 yuan, from the rows themselves; what still waits for a
 * meter does not count.
 */
export async function postedOn(db: Db, kind: string, ref?: number): Promise<number> {
  const rows = await db.read
    .selectFrom("ledger_entry")
    .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .select(["ledger_entry.amount_e4", "ledger_transfer.pending", "ledger_resolution.outcome"])
    .where("ledger_entry.account_id", "like", `${kind}:${ref ?? "%"}`)
    .execute();
  return rows
    .filter((row) => row.pending === 0 || row.outcome === "posted")
    .reduce((sum, row) => sum + row.amount_e4, 0);
}
