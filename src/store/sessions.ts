import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";
import type { LoginFailureTable, SessionTable } from "./schema-users.ts";

/** Adds a session; only the hash of its token is ever stored. False when it is there already. */
export async function addSession(tx: Tx, session: Omit<SessionTable, "preview_of">): Promise<boolean> {
  await seenUser(tx, session.user_id, session.seen_at);
  return (await insertIgnore(tx, "session", [{ ...session, preview_of: null }], ["token_hash"])) === 1;
}

/** A session by its token's hash. */
export async function sessionByHash(
  tx: Tx,
  tokenHash: string,
): Promise<{ userId: number; seenAt: number; expiresAt: number; previewOf: number | null; provedAt: number } | null> {
  const row = await tx
    .selectFrom("session")
    .select(["user_id", "seen_at", "expires_at", "preview_of", "proved_at"])
    .where("token_hash", "=", tokenHash)
    .executeTakeFirst();
  if (!row) return null;
  return {
    userId: row.user_id,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    previewOf: row.preview_of,
    provedAt: row.proved_at,
  };
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

/** Notes that the user has proved himself in a session. False when it has ended. */
export async function noteProof(tx: Tx, tokenHash: string, at: Instant): Promise<boolean> {
  const result = await tx
    .updateTable("session")
    .set({ proved_at: at })
    .where("token_hash", "=", tokenHash)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** The sessions of a user that still live, newest first. */
export function sessionsOf(tx: Tx, userId: number, alive: { now: Instant; seenAfter: Instant }) {
  return tx
    .selectFrom("session")
    .selectAll()
    .where("user_id", "=", userId)
    .where("expires_at", ">", alive.now)
    .where("seen_at", ">", alive.seenAfter)
    .orderBy("seen_at", "desc")
    .limit(200)
    .execute();
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

/** Until when nobody gets in under a name, or from an address; 0 when it is not locked. */
export async function lockedUntil(tx: Tx, subject: string): Promise<number> {
  const row = await tx
    .selectFrom("login_failure")
    .select("locked_until")
    .where("subject", "=", subject)
    .executeTakeFirst();
  return row?.locked_until ?? 0;
}

/**
 * Counts a failed login, and answers what now stands there. The count starts again when the last failure was before `since`; how often it was
 * locked is forgotten when it was before `locksSince`.
 */
export async function countLoginFailure(
  tx: Tx,
  failure: { subject: string; at: Instant; since: Instant; locksSince: Instant },
): Promise<LoginFailureTable> {
  const { subject, at, since, locksSince } = failure;
  const counted = await tx
    .updateTable("login_failure")
    .set((eb) => ({
      failures: eb
        .case()
        .when("last_at", ">", since)
        .then(eb("failures", "+", 1))
        .else(1)
        .end(),
      locks: eb.case().when("last_at", ">", locksSince).then(eb.ref("locks")).else(0).end(),
    }))
    .where("subject", "=", subject)
    .executeTakeFirst();
  if (updatedRows(counted) === 0) {
    const first = { subject, failures: 1, last_at: at, locks: 0, locked_until: 0 };
    await upsert(tx, "login_failure", [first], ["subject"], ["failures", "last_at", "locks", "locked_until"]);
    return first;
  }
  await tx.updateTable("login_failure").set({ last_at: at }).where("subject", "=", subject).execute();
  return tx.selectFrom("login_failure").selectAll().where("subject", "=", subject).executeTakeFirstOrThrow();
}

/** Locks a name or an address. */
export async function lockLogin(tx: Tx, subject: string, lock: { locks: number; until: Instant }): Promise<void> {
  await tx
    .updateTable("login_failure")
    .set({ locks: lock.locks, locked_until: lock.until })
    .where("subject", "=", subject)
    .execute();
}
