import { AppError } from "#base/errors.ts";
import { MINUTE_MS } from "#base/time.ts";
import type { Actor, Permission } from "#domain/permission.ts";
import { noteProof, sessionByHash } from "#store/sessions.ts";
import { userForLogin } from "#store/users.ts";
import { sha256Hex } from "#system/crypto.ts";
import { verifyPassword } from "#system/password.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { forgiveName, refuseLocked, rememberFailure } from "./login-lock.ts";
import { safetySettings } from "./safety-settings.ts";
import { hasSecondFactor, spendCode } from "./second-factor.ts";

/** A session in which something is asked for, and the permissions that would let it happen. */
export type Asked = { actor: Actor; token: string; granting: readonly Permission[]; stepUp: boolean };

/**
 * Lets pass what is asked for when it may happen in this session: where a permission asks for a second factor its user must have one, and something
 * dangerous (`stepUp`) needs a proof (再次验证) that is not older than the setting says. Nothing has happened when it is refused: the same
 * request may be made again after {@link prove}.
 */
export async function demandSafety(ctx: FlowContext, { actor, token, granting, stepUp }: Asked): Promise<void> {
  const read = ctx.db.read;
  const { stepUpMinutes, totpPermissions } = await safetySettings(read);
  // Where only the happening itself tells which permission it takes, any of mine that asks for one counts.
  const mine = (granting.length === 0 ? totpPermissions : granting).filter((each) => actor.permissions.has(each));
  const isDemanded = mine.length > 0 && mine.every((each) => totpPermissions.includes(each));
  const isProofNeeded = stepUp && stepUpMinutes > 0;
  if (!isDemanded && !isProofNeeded) return;
  const isEnrolled = await hasSecondFactor(read, actor.userId);
  if (isDemanded && !isEnrolled) throw new AppError("totp_enrol_required");
  if (!isProofNeeded) return;
  const session = await sessionByHash(read, sha256Hex(token));
  if (session !== null && session.provedAt + stepUpMinutes * MINUTE_MS > ctx.clock()) return;
  throw new AppError("step_up_required", { by: isEnrolled ? "code" : "password" });
}

/**
 * Proves that the user of a session sits there: by a code where he has a second factor, else by his password. Wrong ones count like those of a log-in and lock
 * the name and the address alike.
 */
export async function prove(
  ctx: FlowContext,
  sealer: Sealer | null,
  actor: Actor,
  input: { token: string; password: string; code: string; ip: string },
): Promise<void> {
  const attempt = { login: actor.login, ip: input.ip };
  const isEnrolled = await hasSecondFactor(ctx.db.read, actor.userId);
  await refuseLocked(ctx.db.read, attempt, ctx.clock());
  const isPassword = !isEnrolled && (await isPasswordOf(ctx, actor, input.password));
  const isProved = await ctx.db.transact(async (tx) => {
    const now = ctx.clock();
    await refuseLocked(tx, attempt, now);
    const isRight =
      isPassword ||
      (isEnrolled &&
        sealer !== null &&
        (await spendCode(tx, sealer, { userId: actor.userId, code: input.code, at: now })));
    if (!isRight) return false;
    await forgiveName(tx, attempt);
    if (!(await noteProof(tx, sha256Hex(input.token), now))) throw new AppError("unauthenticated");
    return true;
  });
  if (isProved) return;
  await rememberFailure(ctx, attempt, "proof.failed");
  throw new AppError(isEnrolled ? "code_wrong" : "proof_password_wrong");
}

async function isPasswordOf({ db }: FlowContext, actor: Actor, password: string): Promise<boolean> {
  const user = await userForLogin(db.read, actor.login);
  return user !== null && user.id === actor.userId && (await verifyPassword(password, user.passwordHash));
}
