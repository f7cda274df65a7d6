import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";
import type { SessionTable } from "./schema-users.ts";

/** Adds a session; only the hash of its token is ever stored. False when it is there already. */
export async function addSession(tx: Tx, session: Omit<SessionTable, "preview_of">): Promise<boolean> {
  await seenUser(tx, session.user_id, session.seen_at);
  return (await insertIgnore(tx, "session", [{ ...session, preview_of: null }], ["token_hash"])) === 1;
}

/** A session by its token's hash. */
export async function sessionByHash(
  tx: Tx,
  tokenHash: string,
): Promise<{ userId: number; seenAt: number; expiresAt: number; previewOf: number | null } | null> {
  const row = await tx
    .selectFrom("session")
    .select(["user_id", "seen_at", "expires_at", "preview_of"])
    .where("token_hash", "=", tokenHash)
    .executeTakeFirst();
  if (!row) return null;
  return { userId: row.user_id, seenAt: row.seen_at, expiresAt: row.expires_at, previewOf: row.preview_of };
}

/** Notes that a session was used, and with it its user: he outlives his sessions. */
export async function touchSession(tx: Tx, tokenHash: string, at: Instant): Promise<void> {
  const session = await sessionByHash(tx, tokenHash);
  if (session !== null) await seenUser(tx, session.userId, at);
  await tx.updateTable("session").set({ seen_at: at }).where("token_hash", "=", tokenHash).execute();
}

async function seenUser(tx: Tx, userId: number, at: number): Promise<void> {
  await tx.updateTable("user").set({ seen_at: at }).where("id", "=", userId).execute();
}

/** Ends a session. */
export async function removeSession(tx: Tx, tokenHash: string): Promise<void> {
  await tx.deleteFrom("session").where("token_hash", "=", tokenHash).execute();
}

/** Forgets sessions and failed logins that are over; says how many sessions. */
export async function removeOldSessions(
  tx: Tx,
  limits: { expiredBefore: Instant; idleBefore: Instant; failuresBefore: Instant },
): Promise<number> {
  await tx.deleteFrom("login_failure").where("last_at", "<", limits.failuresBefore).execute();
  const result = await tx
    .deleteFrom("session")
    .where((eb) => eb.or([eb("expires_at", "<", limits.expiredBefore), eb("seen_at", "<", limits.idleBefore)]))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Failed logins of a name or an address since the last success. */
export async function loginFailures(tx: Tx, subject: string): Promise<{ failures: number; lastAt: number }> {
  const row = await tx
    .selectFrom("login_failure")
    .select(["failures", "last_at"])
    .where("subject", "=", subject)
    .executeTakeFirst();
  return { failures: row?.failures ?? 0, lastAt: row?.last_at ?? 0 };
}

/** Counts a failed login; the count starts again when the last failure was before `since`. */
export async function countLoginFailure(
  tx: Tx,
  failure: { subject: string; at: Instant; since: Instant },
): Promise<void> {
  const counted = await tx
    .updateTable("login_failure")
    .set((eb) => ({ failures: eb("failures", "+", 1), last_at: failure.at }))
    .where("subject", "=", failure.subject)
    .where("last_at", ">", failure.since)
    .executeTakeFirst();
  if (updatedRows(counted) > 0) return;
  const first = { subject: failure.subject, failures: 1, last_at: failure.at };
  await upsert(tx, "login_failure", [first], ["subject"], ["failures", "last_at"]);
}
