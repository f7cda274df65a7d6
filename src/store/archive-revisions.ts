import type { Tx } from "./db.ts";
import { insertIgnore, upsert } from "./portable.ts";

/** The row that holds the newest revision of all. */
const NEWEST = 0;

/**
 * Tells collectors that what they know of these concentrators is out of date. Call it in the transaction of the change: revisions
 * become visible in their order, because everyone takes row 0 first.
 */
export async function archiveChanged(tx: Tx, concentratorIds: readonly number[]): Promise<void> {
  if (concentratorIds.length === 0) return;
  await insertIgnore(tx, "archive_revision", [{ concentrator_id: NEWEST, revision: 0 }], ["concentrator_id"]);
  await tx
    .updateTable("archive_revision")
    .set((eb) => ({ revision: eb("revision", "+", 1) }))
    .where("concentrator_id", "=", NEWEST)
    .execute();
  const revision = await newestRevision(tx);
  const rows = [...new Set(concentratorIds)].map((concentrator_id) => ({ concentrator_id, revision }));
  await upsert(tx, "archive_revision", rows, ["concentrator_id"], ["revision"]);
}

/** The newest revision; 0 when nothing was ever changed. One row by its key: cheap enough for every second. */
export async function newestRevision(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom("archive_revision")
    .select("revision")
    .where("concentrator_id", "=", NEWEST)
    .executeTakeFirst();
  return row?.revision ?? 0;
}

/** The concentrators whose archive changed after that revision. */
export async function changedSince(tx: Tx, revision: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("archive_revision")
    .select("concentrator_id")
    .where("revision", ">", revision)
    .where("concentrator_id", "<>", NEWEST)
    .execute();
  return rows.map((row) => row.concentrator_id);
}
