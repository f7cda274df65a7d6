import { AppError } from "#base/errors.ts";
import { DAY_MS, HOUR_MS, type Instant, later, MINUTE_MS } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { countLoginFailure, lockedUntil, lockLogin } from "#store/sessions.ts";
import type { FlowContext } from "./context.ts";

/** Wrong passwords or codes of one name before it has to wait, and from one address: a whole office may sit behind that. */
export const FAILURES_PER_LOGIN_MAX = 5;
export const FAILURES_PER_ADDRESS_MAX = 20;
/** How long it has to wait the first time; each time after that twice as long, but never longer than the second. */
export const LOCK_MS = 15 * MINUTE_MS;
export const LOCK_MS_MAX = 4 * HOUR_MS;
/** How long it is remembered that it was locked. */
export const LOCKS_KEPT_MS = DAY_MS;

/** Who tries to prove himself, and from where. */
export type Attempt = { login: string; ip: string };

const nameOf = ({ login }: Attempt) => `login:${login.toLowerCase()}`;
const addressOf = ({ ip }: Attempt) => `ip:${ip}`;

/** Refuses while the name or the address has to wait: alike for names that nobody has. */
export async function refuseLocked(tx: Tx, attempt: Attempt, now: Instant): Promise<void> {
  for (const subject of [nameOf(attempt), addressOf(attempt)]) {
    const until = await lockedUntil(tx, subject);
    if (until > now) throw new AppError("too_many_logins", { minutes: Math.ceil((until - now) / MINUTE_MS) });
  }
}

/** Forgets the failures of a name. An address keeps its count: who has a password of his own must not guess at others' for ever. */
export async function forgiveName(tx: Tx, attempt: Attempt): Promise<void> {
  await tx.deleteFrom("login_failure").where("subject", "=", nameOf(attempt)).execute();
}

/** Forgets the failures of a name, or of an address, for whoever sits at the host. Says whether there were any. */
export async function unlock(ctx: FlowContext, what: { login: string } | { ip: string }, by: string): Promise<boolean> {
  const subject = "login" in what ? nameOf({ ...what, ip: "" }) : addressOf({ ...what, login: "" });
  return ctx.db.transact(async (tx) => {
    const removed = await tx.deleteFrom("login_failure").where("subject", "=", subject).executeTakeFirst();
    const now = ctx.clock();
    await addAudit(tx, {
      ...{ id: ctx.newId(now), at: now, actor: by, action: "login.unlock", object: "session" },
      ...{ before: null, after: { subject }, reason: "", ip: "" },
    });
    return Number(removed.numDeletedRows) > 0;
  });
}

/** Counts a failure of the name and of the address, locks what has had too many, and writes it down. */
export async function rememberFailure(ctx: FlowContext, attempt: Attempt, action: AuditAction): Promise<void> {
  const now = ctx.clock();
  const times = { at: now, since: later(now, -LOCK_MS), locksSince: later(now, -LOCKS_KEPT_MS) };
  const limits = [
    { subject: nameOf(attempt), most: FAILURES_PER_LOGIN_MAX },
    { subject: addressOf(attempt), most: FAILURES_PER_ADDRESS_MAX },
  ];
  await ctx.db.transact(async (tx) => {
    for (const { subject, most } of limits) {
      const row = await countLoginFailure(tx, { subject, ...times });
      // What was on its way when it was locked counts, and locks it no longer.
      if (row.failures < most || row.locked_until > now) continue;
      const locks = row.locks + 1;
      await lockLogin(tx, subject, { locks, until: later(now, lockMs(locks)) });
    }
    await addAudit(tx, {
      ...{ id: ctx.newId(now), at: now, actor: attempt.login, action, object: "session" },
      ...{ before: null, after: null, reason: "", ip: attempt.ip },
    });
  });
}

/** How long the nth lock lasts. */
export function lockMs(nth: number): number {
  return Math.min(LOCK_MS_MAX, LOCK_MS * 2 ** Math.min(nth - 1, 10));
}
