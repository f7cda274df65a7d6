import { AppError } from "#base/errors.ts";
import { later, MINUTE_MS } from "#base/time.ts";
import type { Actor } from "#domain/permission.ts";
import { endSessions, setOwnPassword } from "#store/people.ts";
import { countLoginFailure, lockedUntil, lockLogin } from "#store/sessions.ts";
import { passwordHashOf } from "#store/users.ts";
import { sha256Hex } from "#system/crypto.ts";
import { hashPassword, verifyPassword } from "#system/password.ts";
import type { FlowContext } from "./context.ts";
import { refusePassword } from "./edit-user.ts";
import { FAILURES_PER_LOGIN_MAX, LOCK_MS } from "./login-lock.ts";
import { auditPeople } from "./people-change.ts";

/**
 * Changes one's own password: the old one is asked for, and all other sessions end. Whoever sits at somebody's open page has as few
 * guesses at it as at the log-in.
 */
export async function changeOwnPassword(
  ctx: FlowContext,
  actor: Actor,
  input: { old: string; password: string; token: string; ip: string },
): Promise<void> {
  const subject = `password:${actor.userId}`;
  const lockedMs = (await lockedUntil(ctx.db.read, subject)) - ctx.clock();
  if (lockedMs > 0) throw new AppError("too_many_logins", { minutes: Math.ceil(lockedMs / MINUTE_MS) });
  const known = await passwordHashOf(ctx.db.read, actor.userId);
  if (known === null) throw new AppError("unauthenticated");
  if (!(await verifyPassword(input.old, known))) {
    const now = ctx.clock();
    const since = later(now, -LOCK_MS);
    await ctx.db.transact(async (tx) => {
      const { failures } = await countLoginFailure(tx, { subject, at: now, since, locksSince: since });
      if (failures >= FAILURES_PER_LOGIN_MAX) await lockLogin(tx, subject, { locks: 0, until: later(now, LOCK_MS) });
    });
    throw new AppError("password_wrong");
  }
  refusePassword(input.password, actor.login);
  if (input.password.normalize("NFKC") === input.old.normalize("NFKC")) throw new AppError("password_same");
  const hash = await hashPassword(input.password);
  await ctx.db.transact(async (tx) => {
    if (!(await setOwnPassword(tx, { userId: actor.userId, from: known, to: hash }))) {
      if ((await passwordHashOf(tx, actor.userId)) === hash) return; // only the answer to our commit was lost
      throw new AppError("password_wrong");
    }
    const ended = await endSessions(tx, actor.userId, sha256Hex(input.token));
    await tx.deleteFrom("login_failure").where("subject", "=", subject).execute();
    const after = { sessionsEnded: ended };
    const line = { action: "user.password" as const, object: `user:${actor.userId}`, before: null, after, reason: "" };
    await auditPeople(ctx, tx, actor, { ...line, ip: input.ip });
  });
}
