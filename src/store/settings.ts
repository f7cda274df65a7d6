import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";

/** The text of a setting; null when it was never set. */
export async function setting(tx: Tx, key: string): Promise<string | null> {
  const row = await tx.selectFrom("setting").select("value").where("key", "=", key).executeTakeFirst();
  return row?.value ?? null;
}

/** Sets a setting, whatever it was. */
export async function saveSetting(
  tx: Tx,
  input: { key: string; value: string; by: string; at: Instant },
): Promise<void> {
  const row = { key: input.key, value: input.value, updated_by: input.by, updated_at: input.at };
  await upsert(tx, "setting", [row], ["key"], ["value", "updated_by", "updated_at"]);
}
