import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertRows, updatedRows, upsert } from "./portable.ts";
import type { UserTotpTable } from "./schema-users.ts";

/** The second factor of a user, confirmed or not; undefined when he has none. Holds the sealed secret: nothing but its times may leave the flows. */
export function totpOf(tx: Tx, userId: number): Promise<UserTotpTable | undefined> {
  return tx.selectFrom("user_totp").selectAll().where("user_id", "=", userId).executeTakeFirst();
}

/** Keeps a new secret that is not confirmed yet; a confirmed one stays. False then. */
export async function saveTotp(tx: Tx, row: UserTotpTable): Promise<boolean> {
  const before = await totpOf(tx, row.user_id);
  if (before !== undefined && before.confirmed_at !== null) return false;
  await upsert(tx, "user_totp", [row], ["user_id"], ["secret_sealed", "made_at", "confirmed_at", "used_step"]);
  return true;
}

/** Confirms a secret that is still the one that was seen. */
export async function confirmTotp(
  tx: Tx,
  seen: { userId: number; madeAt: number },
  set: { at: Instant; step: number },
): Promise<boolean> {
  const result = await tx
    .updateTable("user_totp")
    .set({ confirmed_at: set.at, used_step: set.step })
    .where("user_id", "=", seen.userId)
    .where("made_at", "=", seen.madeAt)
    .where("confirmed_at", "is", null)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Uses up the code of a step. Of two who bring it at once, and of who brings an older one, only the first gets through. */
export async function spendTotpStep(tx: Tx, userId: number, step: number): Promise<boolean> {
  const result = await tx
    .updateTable("user_totp")
    .set({ used_step: step })
    .where("user_id", "=", userId)
    .where("confirmed_at", "is not", null)
    .where("used_step", "<", step)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Uses up a recovery code; false when there is none like it, or it was used. */
export async function spendRecoveryCode(tx: Tx, userId: number, codeHash: string, at: Instant): Promise<boolean> {
  const result = await tx
    .updateTable("user_recovery_code")
    .set({ used_at: at })
    .where("user_id", "=", userId)
    .where("code_hash", "=", codeHash)
    .where("used_at", "is", null)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Puts new recovery codes in the place of those that there were. */
export async function replaceRecoveryCodes(tx: Tx, userId: number, hashes: readonly string[]): Promise<void> {
  await tx.deleteFrom("user_recovery_code").where("user_id", "=", userId).execute();
  const rows = hashes.map((code_hash) => ({ user_id: userId, code_hash, used_at: null }));
  await insertRows(tx, "user_recovery_code", rows);
}

/** Recovery codes that were not used. */
export async function recoveryCodesLeft(tx: Tx, userId: number): Promise<number> {
  const { count } = await tx
    .selectFrom("user_recovery_code")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("user_id", "=", userId)
    .where("used_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Takes the second factor of a user away; false when there was none. */
export async function removeTotp(tx: Tx, userId: number): Promise<boolean> {
  await tx.deleteFrom("user_recovery_code").where("user_id", "=", userId).execute();
  const result = await tx.deleteFrom("user_totp").where("user_id", "=", userId).executeTakeFirst();
  return Number(result.numDeletedRows) > 0;
}
