import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";

/** The text of a setting; null when it was never set. */
export async function setting(tx: Tx, key: string): Promise<string | null> {
  const row = await tx.selectFrom("setting").select("value").where("key", "=", key).executeTakeFirst();
  return row?.value ?? null;
}

/** A setting with who set it last and when. Null when it was never set. */
export async function settingSeen(tx: Tx, key: string) {
  const row = await tx.selectFrom("setting").selectAll().where("key", "=", key).executeTakeFirst();
  return row ? { value: row.value, updatedBy: row.updated_by, updatedAt: row.updated_at } : null;
}

/** Sets a setting that is still the one that was seen (by when it was set; 0: never); false when somebody else was first. */
export async function replaceSetting(
  tx: Tx,
  input: { key: string; value: string; seenAt: number; by: string; at: Instant },
): Promise<boolean> {
  const change = { value: input.value, updated_by: input.by, updated_at: Math.max(input.at, input.seenAt + 1) };
  if (input.seenAt === 0) return (await insertIgnore(tx, "setting", [{ key: input.key, ...change }], ["key"])) === 1;
  const result = await tx
    .updateTable("setting")
    .set(change)
    .where("key", "=", input.key)
    .where("updated_at", "=", input.seenAt)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Sets a setting, whatever it was. */
export async function saveSetting(
  tx: Tx,
  input: { key: string; value: string; by: string; at: Instant },
): Promise<void> {
  const row = { key: input.key, value: input.value, updated_by: input.by, updated_at: input.at };
  await upsert(tx, "setting", [row], ["key"], ["value", "updated_by", "updated_at"]);
}
