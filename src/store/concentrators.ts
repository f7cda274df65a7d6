import type { Tx } from "./db.ts";

/** A concentrator's id and its sealed link key, by the code with which it registers; null for a stranger. */
export async function concentratorKey(tx: Tx, code: string): Promise<{ id: number; keySealed: string } | null> {
  const row = await tx
    .selectFrom("concentrator")
    .select(["id", "key_sealed"])
    .where("code", "=", code)
    .executeTakeFirst();
  return row ? { id: row.id, keySealed: row.key_sealed } : null;
}
