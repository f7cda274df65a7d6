import { AppError } from "#base/errors.ts";
import { HOUR_MS, type Instant, later, MINUTE_MS } from "#base/time.ts";
import { type Actor, seedRoles } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { endSessions } from "#store/people.ts";
import { insertIgnore } from "#store/portable.ts";
import {
  addSession,
  removeOldSessions,
  removeSession,
  sessionByHash,
  sessionsOf,
  touchSession,
} from "#store/sessions.ts";
import { actorOf, passwordHashOf, userForLogin } from "#store/users.ts";
import { randomToken, sha256Hex } from "#system/crypto.ts";
import { hashPassword, verifyPassword } from "#system/password.ts";
import type { Sealer } from "#system/seal.ts";
import { callerOf } from "./caller.ts";
import type { FlowContext } from "./context.ts";
import { forgiveName, LOCKS_KEPT_MS, refuseLocked, rememberFailure } from "./login-lock.ts";
import { hasSecondFactor, spendCode } from "./second-factor.ts";

/** A console left alone is locked, and nobody stays in for longer than a shift. */
export const SESSION_IDLE_MS = 30 * MINUTE_MS;
export const SESSION_MS = 12 * HOUR_MS;
/** How exactly "last used" is kept: a write per request would be a write too many. */
const SEEN_EVERY_MS = MINUTE_MS;
const AGENT_CHARS_MAX = 200;

/** A hash that no password has: an unknown name takes as long to refuse as a wrong password. */
let nobodysHash: Promise<string> | null = null;

/** What somebody brings who wants to get in. `code`: of his authenticator, or a recovery code; empty when he brings none. */
export type LogIn = { login: string; password: string; code?: string | undefined; ip: string; agent?: string };

/**
 * Logs a person in: a fresh session whose token only he gets. The same refusal, in the same time, for an unknown name and a wrong password; who has a second
 * factor (两步验证) is asked for a code after the right password, and each code is good once. Too many failures of a name, or from an address, lock it
 * for a while, each time for longer.
 */
export async function logIn(
  ctx: FlowContext,
  input: LogIn,
  sealer: Sealer | null = null,
): Promise<{ token: string; actor: Actor }> {
  await refuseLocked(ctx.db.read, input, ctx.clock());
  nobodysHash ??= hashPassword(randomToken());
  const standIn = await nobodysHash; // for known names too: the first unknown one must not take longer
  const user = await userForLogin(ctx.db.read, input.login);
  const isRight = await verifyPassword(input.password, user?.passwordHash ?? standIn);
  const actor = isRight && user && !user.disabled ? await actorOf(ctx.db.read, user.id) : null;
  if (!actor) {
    await rememberFailure(ctx, input, "login.failed");
    throw new AppError("login_failed");
  }
  const code = input.code?.trim() ?? "";
  const isCodeNeeded = await hasSecondFactor(ctx.db.read, actor.userId);
  if (isCodeNeeded && code === "") throw new AppError("second_factor_required");
  const token = randomToken();
  const now = ctx.clock();
  const isIn = await ctx.db
    .transact(async (tx) => {
      // Once more: of many guesses at once only those before the lock count, whichever of them was right.
      await refuseLocked(tx, input, now);
      await forgiveName(tx, input);
      const isFresh = await addSession(tx, {
        token_hash: sha256Hex(token),
        user_id: actor.userId,
        created_at: now,
        seen_at: now,
        expires_at: later(now, SESSION_MS),
        ip: input.ip,
        proved_at: now,
        agent: (input.agent ?? "").slice(0, AGENT_CHARS_MAX),
      });
      // The session is in, and his row taken: a new password or the end of him either came before, or ends this session too.
      if ((await passwordHashOf(tx, actor.userId)) !== user?.passwordHash) throw new AppError("login_failed");
      if (!isFresh) return true; // this body ran before and only the answer to its commit was lost
      if (await hasSecondFactor(tx, actor.userId)) {
        const isGood = sealer !== null && (await spendCode(tx, sealer, { userId: actor.userId, code, at: now }));
        if (!isGood) throw new WrongCode();
      }
      await auditLogin(ctx, tx, { login: actor.login, ip: input.ip, now });
      return true;
    })
    .catch((error: unknown) => {
      if (error instanceof WrongCode) return false;
      throw error;
    });
  if (isIn) return { token, actor };
  await rememberFailure(ctx, input, "login.failed");
  throw new AppError("code_wrong");
}

/** Undoes what a log-in has written when its code turns out to be spent. */
class WrongCode extends Error {}

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

/** What names a session to its user: enough of the hash of its token to tell it from others, and nothing that gets anybody in. */
const HANDLE_CHARS = 16;

/** The sessions of a user that live; `token` is the one that asks. */
export async function ownSessions(ctx: FlowContext, actor: Actor, token: string) {
  const now = ctx.clock();
  const rows = await sessionsOf(ctx.db.read, actor.userId, { now, seenAfter: later(now, -SESSION_IDLE_MS) });
  return rows.map((row) => ({
    id: row.token_hash.slice(0, HANDLE_CHARS),
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    ip: row.ip,
    agent: row.agent,
    current: row.token_hash === sha256Hex(token),
  }));
}

/** Ends one of the user's own sessions, or (`others`) all but the one that asks. Says how many. */
export async function endOwnSessions(
  ctx: FlowContext,
  actor: Actor,
  which: { id: string } | { others: string; ip: string },
): Promise<number> {
  const now = ctx.clock();
  return ctx.db.transact(async (tx) => {
    if ("others" in which) {
      const count = await endSessions(tx, actor.userId, sha256Hex(which.others));
      await addAudit(tx, {
        ...{ id: ctx.newId(now), at: now, actor: actor.login, action: "session.end_others", object: "session" },
        ...{ before: null, after: { sessions: count }, reason: "", ip: which.ip },
      });
      return count;
    }
    const rows = await sessionsOf(tx, actor.userId, { now, seenAfter: later(now, -SESSION_IDLE_MS) });
    const row = rows.find(({ token_hash }) => token_hash.startsWith(which.id));
    if (row === undefined) throw new AppError("session_not_found");
    await removeSession(tx, row.token_hash);
    return 1;
  });
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
      failuresBefore: later(now, -LOCKS_KEPT_MS),
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

async function auditLogin(ctx: FlowContext, tx: Tx, input: { login: string; ip: string; now: Instant }): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.now),
    at: input.now,
    actor: input.login,
    action: "login",
    object: "session",
    before: null,
    after: null,
    reason: "",
    ip: input.ip,
  });
}
