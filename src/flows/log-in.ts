import { AppError } from "#base/errors.ts";
import { HOUR_MS, type Instant, later, MINUTE_MS } from "#base/time.ts";
import { type Actor, seedRoles } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import {
  addSession,
  countLoginFailure,
  loginFailures,
  removeOldSessions,
  removeSession,
  sessionByHash,
  touchSession,
} from "#store/sessions.ts";
import { actorOf, passwordHashOf, userForLogin } from "#store/users.ts";
import { randomToken, sha256Hex } from "#system/crypto.ts";
import { hashPassword, verifyPassword } from "#system/password.ts";
import { callerOf } from "./caller.ts";
import type { FlowContext } from "./context.ts";

/** A console left alone is locked, and nobody stays in for longer than a shift. */
export const SESSION_IDLE_MS = 30 * MINUTE_MS;
export const SESSION_MS = 12 * HOUR_MS;
/** Wrong passwords of one name before it has to wait, and from one address: a whole office may sit behind that. */
export const FAILURES_PER_LOGIN_MAX = 5;
export const FAILURES_PER_ADDRESS_MAX = 20;
export const LOCK_MS = 15 * MINUTE_MS;
/** How exactly "last used" is kept: a write per request would be a write too many. */
const SEEN_EVERY_MS = MINUTE_MS;

/** A hash that no password has: an unknown name takes as long to refuse as a wrong password. */
let nobodysHash: Promise<string> | null = null;

/**
 * Logs a person in: a fresh session whose token only he gets. The same refusal, in the same time, for an unknown name and a
 * wrong password; too many failures of a name, or from an address, lock it for a quarter of an hour.
 */
export async function logIn(
  ctx: FlowContext,
  input: { login: string; password: string; ip: string },
): Promise<{ token: string; actor: Actor }> {
  const subjects = [`login:${input.login.toLowerCase()}`, `ip:${input.ip}`] as const;
  await refuseLocked(ctx.db.read, { subjects, now: ctx.clock() });
  nobodysHash ??= hashPassword(randomToken());
  const standIn = await nobodysHash; // for known names too: the first unknown one must not take longer
  const user = await userForLogin(ctx.db.read, input.login);
  const isRight = await verifyPassword(input.password, user?.passwordHash ?? standIn);
  const actor = isRight && user && !user.disabled ? await actorOf(ctx.db.read, user.id) : null;
  if (!actor) {
    await rememberFailure(ctx, { ...input, subjects });
    throw new AppError("login_failed");
  }
  const token = randomToken();
  const now = ctx.clock();
  await ctx.db.transact(async (tx) => {
    // Once more: of many guesses at once only those before the lock count, whichever of them was right.
    await refuseLocked(tx, { subjects, now });
    // The address keeps its count: who has a password of his own must not guess at others' for ever.
    await tx.deleteFrom("login_failure").where("subject", "=", subjects[0]).execute();
    const isFresh = await addSession(tx, {
      token_hash: sha256Hex(token),
      user_id: actor.userId,
      created_at: now,
      seen_at: now,
      expires_at: later(now, SESSION_MS),
      ip: input.ip,
    });
    // The session is in, and his row taken: a new password or the end of him either came before, or ends this session too.
    if ((await passwordHashOf(tx, actor.userId)) !== user?.passwordHash) throw new AppError("login_failed");
    if (!isFresh) return; // this body ran before and only the answer to its commit was lost
    await auditLogin(ctx, tx, { login: actor.login, ip: input.ip, now, succeeded: true });
  });
  return { token, actor };
}

/** Who a session's token belongs to; null when it is unknown, over, or its user is disabled. */
export async function loadActor(ctx: FlowContext, token: string): Promise<Actor | null> {
  const session = await liveSession(ctx, token);
  if (!session) return null;
  const now = ctx.clock();
  if (now - session.seenAt >= SEEN_EVERY_MS) await ctx.db.transact((tx) => touchSession(tx, sha256Hex(token), now));
  return callerOf(ctx.db.read, session);
}

/**
 * Like {@link loadActor}, without counting as use of the session: a page that only listens is a console left alone, and must not
 * keep its session alive for ever.
 */
export async function peekActor(ctx: FlowContext, token: string): Promise<Actor | null> {
  const session = await liveSession(ctx, token);
  return session && callerOf(ctx.db.read, session);
}

async function liveSession(ctx: FlowContext, token: string) {
  const session = await sessionByHash(ctx.db.read, sha256Hex(token));
  const now = ctx.clock();
  return session && session.expiresAt > now && session.seenAt + SESSION_IDLE_MS > now ? session : null;
}

/** Ends a session. */
export async function logOut(ctx: FlowContext, token: string): Promise<void> {
  await ctx.db.transact((tx) => removeSession(tx, sha256Hex(token)));
}

/** Forgets sessions and failures that are over; says how many sessions. */
export async function cleanSessions(ctx: FlowContext): Promise<number> {
  const now = ctx.clock();
  return ctx.db.transact((tx) =>
    removeOldSessions(tx, {
      expiredBefore: now,
      idleBefore: later(now, -SESSION_IDLE_MS),
      failuresBefore: later(now, -LOCK_MS),
    }),
  );
}

/**
 * On an empty user table: the roles that every installation starts with, and the administrator `admin`. Answers his password
 * when one was made up, so that the program can print it once; null when it was given or when there are users already.
 */
export async function ensureFirstAdministrator(
  ctx: FlowContext,
  given: string | undefined,
): Promise<{ login: string; password: string } | null> {
  const existing = await ctx.db.read.selectFrom("user").select("id").limit(1).executeTakeFirst();
  if (existing) return null;
  const password = given ?? randomToken(12);
  const passwordHash = await hashPassword(password);
  const isMade = await ctx.db.transact(async (tx) => {
    const roles = seedRoles.map((role, i) => ({
      id: i + 1,
      code: role.code,
      name: role.name,
      permissions: JSON.stringify(role.permissions),
      version: 0,
    }));
    await insertIgnore(tx, "role", roles, ["id"]);
    const now = ctx.clock();
    const fresh = await insertIgnore(
      tx,
      "user",
      [
        {
          id: 1,
          login: "admin",
          name: "系统管理员",
          password_hash: passwordHash,
          disabled: 0,
          all_meters: 1,
          created_at: now,
          must_change: 0,
          seen_at: 0,
          version: 0,
        },
      ],
      ["id"],
    );
    if (fresh === 0) return await isOurs(tx, passwordHash); // another program was faster, or our first commit's answer was lost
    await insertIgnore(tx, "user_role", [{ user_id: 1, role_id: 1 }], ["user_id", "role_id"]);
    // The next user gets a number of its own.
    await insertIgnore(tx, "sequence", [{ name: "user", next: 2 }], ["name"]);
    return true;
  });
  return isMade && given === undefined ? { login: "admin", password } : null;
}

async function isOurs(tx: Tx, passwordHash: string): Promise<boolean> {
  const row = await tx.selectFrom("user").select("password_hash").where("id", "=", 1).executeTakeFirst();
  return row?.password_hash === passwordHash;
}

async function refuseLocked(tx: Tx, { subjects, now }: { subjects: readonly string[]; now: Instant }): Promise<void> {
  for (const subject of subjects) {
    const { failures, lastAt } = await loginFailures(tx, subject);
    const lockedUntil = lastAt + LOCK_MS;
    const most = subject.startsWith("ip:") ? FAILURES_PER_ADDRESS_MAX : FAILURES_PER_LOGIN_MAX;
    if (failures >= most && lockedUntil > now) {
      throw new AppError("too_many_logins", { minutes: Math.ceil((lockedUntil - now) / MINUTE_MS) });
    }
  }
}

async function rememberFailure(
  ctx: FlowContext,
  input: { login: string; ip: string; subjects: readonly string[] },
): Promise<void> {
  const now = ctx.clock();
  await ctx.db.transact(async (tx) => {
    for (const subject of input.subjects) {
      await countLoginFailure(tx, { subject, at: now, since: later(now, -LOCK_MS) });
    }
    await auditLogin(ctx, tx, { login: input.login, ip: input.ip, now, succeeded: false });
  });
}

async function auditLogin(
  ctx: FlowContext,
  tx: Tx,
  input: { login: string; ip: string; now: Instant; succeeded: boolean },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.now),
    at: input.now,
    actor: input.login,
    action: input.succeeded ? "login" : "login.failed",
    object: "session",
    before: null,
    after: null,
    reason: "",
    ip: input.ip,
  });
}
