import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { endSessions } from "#store/people.ts";
import {
  confirmTotp,
  recoveryCodesLeft,
  removeTotp,
  replaceRecoveryCodes,
  saveTotp,
  spendRecoveryCode,
  spendTotpStep,
  totpOf,
} from "#store/second-factor.ts";
import { randomBytesOf, sha256Hex } from "#system/crypto.ts";
import type { Sealer } from "#system/seal.ts";
import { base32, matchingStep, otpauthUri } from "#system/totp.ts";
import type { FlowContext } from "./context.ts";
import { rememberFailure } from "./login-lock.ts";
import { changePeople, personToChange } from "./people-change.ts";
import { demandsFactor } from "./safety-settings.ts";

/** As long as the MAC of the codes (RFC 4226, section 4, R6). */
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;
/** 80 bits: no hash of it can be searched through. */
const RECOVERY_BYTES = 10;

/** What the secret of a user's authenticator is sealed for. */
export function totpPurpose(userId: number): string {
  return `totp:${userId}`;
}

/** Makes a secret for the authenticator of the actor, who has just proved himself. It asks for nothing until it is confirmed. */
export async function beginTotp(ctx: FlowContext, sealer: Sealer, actor: Actor) {
  const secret = randomBytesOf(SECRET_BYTES);
  const row = {
    user_id: actor.userId,
    secret_sealed: sealer.seal(secret, totpPurpose(actor.userId)),
    made_at: ctx.clock(),
    confirmed_at: null,
    used_step: 0,
  };
  const isKept = await ctx.db.transact((tx) => saveTotp(tx, row));
  if (!isKept) throw new AppError("totp_enrolled");
  return { secret: base32(secret), uri: otpauthUri({ secret, login: actor.login }) };
}

/**
 * Confirms the authenticator by a code that it shows; from now on a log-in asks for one. All other sessions of the user end. Answers the recovery codes,
 * which nobody can be shown again.
 */
export async function confirmSecondFactor(
  ctx: FlowContext,
  sealer: Sealer,
  actor: Actor,
  input: { code: string; token: string; ip: string },
): Promise<string[]> {
  const codes = recoveryCodes();
  const now = ctx.clock();
  const isConfirmed = await ctx.db.transact(async (tx) => {
    const row = await totpOf(tx, actor.userId);
    if (row === undefined) throw new AppError("totp_not_begun");
    if (row.confirmed_at !== null) throw new AppError("totp_enrolled");
    const secret = sealer.unseal(row.secret_sealed, totpPurpose(actor.userId));
    const step = matchingStep(secret, input.code, { at: now, usedStep: 0 });
    if (step === null) return false;
    const seen = { userId: actor.userId, madeAt: row.made_at };
    if (!(await confirmTotp(tx, seen, { at: now, step }))) throw new AppError("totp_not_begun");
    await replaceRecoveryCodes(
      tx,
      actor.userId,
      codes.map((code) => codeHash(actor.userId, code)),
    );
    const sessions = await endSessions(tx, actor.userId, sha256Hex(input.token));
    await audit(ctx, tx, { actor, userId: actor.userId, action: "totp.enrol", ip: input.ip, after: { sessions } });
    return true;
  });
  if (isConfirmed) return codes;
  await rememberFailure(ctx, { login: actor.login, ip: input.ip }, "totp.failed");
  throw new AppError("code_wrong");
}

/** Takes the actor's own second factor away; he has just proved himself by it. Refused where his permissions ask for one. */
export async function removeOwnFactor(ctx: FlowContext, actor: Actor, input: { ip: string }): Promise<void> {
  await ctx.db.transact(async (tx) => {
    if (await demandsFactor(tx, [...actor.permissions])) throw new AppError("totp_demanded");
    if (!(await removeTotp(tx, actor.userId))) throw new AppError("totp_not_begun");
    await audit(ctx, tx, { actor, userId: actor.userId, action: "totp.remove", ip: input.ip, after: null });
  });
}

/** New recovery codes in the place of the old ones, for who has just proved himself. */
export async function renewRecoveryCodes(ctx: FlowContext, actor: Actor, input: { ip: string }): Promise<string[]> {
  const codes = recoveryCodes();
  await ctx.db.transact(async (tx) => {
    const row = await totpOf(tx, actor.userId);
    if (row === undefined || row.confirmed_at === null) throw new AppError("totp_not_begun");
    await replaceRecoveryCodes(
      tx,
      actor.userId,
      codes.map((code) => codeHash(actor.userId, code)),
    );
    await audit(ctx, tx, { actor, userId: actor.userId, action: "totp.recovery_codes", ip: input.ip, after: null });
  });
  return codes;
}

/**
 * Takes the second factor of somebody who has lost it away, and ends his sessions. Never one's own: who has stolen a session must not get rid of it; nor that of
 * somebody who may do more than oneself. `by` null: somebody at the host.
 */
export async function resetSecondFactor(
  ctx: FlowContext,
  by: Actor | null,
  input: { userId: number; reason: string; ip: string },
): Promise<void> {
  if (by === null) {
    await ctx.db.transact(async (tx) => {
      const user = await tx.selectFrom("user").select("id").where("id", "=", input.userId).executeTakeFirst();
      if (user === undefined) throw new AppError("user_not_found");
      await takeAway(ctx, tx, by, input);
    });
    return;
  }
  if (by.userId === input.userId) throw new AppError("totp_reset_self");
  await changePeople(ctx, by, async (change) => {
    await personToChange(change, input.userId, null);
    await takeAway(ctx, change.tx, change.asker, input);
  });
}

async function takeAway(
  ctx: FlowContext,
  tx: Tx,
  by: Actor | null,
  input: { userId: number; reason: string; ip: string },
): Promise<void> {
  const had = await removeTotp(tx, input.userId);
  const sessions = await endSessions(tx, input.userId, null);
  await audit(ctx, tx, { actor: by, action: "totp.reset", after: { had, sessions }, ...input });
}

/** Whether a user's log-in asks for a code. */
export async function hasSecondFactor(tx: Tx, userId: number): Promise<boolean> {
  return ((await totpOf(tx, userId))?.confirmed_at ?? null) !== null;
}

/**
 * Spends a code of the authenticator, or a recovery code, in the transaction of what it is for. False when it is wrong, was used, or is older than
 * one that was used.
 */
export async function spendCode(
  tx: Tx,
  sealer: Sealer,
  { userId, code, at }: { userId: number; code: string; at: Instant },
): Promise<boolean> {
  const row = await totpOf(tx, userId);
  if (row === undefined || row.confirmed_at === null) return false;
  const typed = code.replace(/[\s-]/g, "").toUpperCase();
  if (!/^\d{6}$/.test(typed)) return spendRecoveryCode(tx, userId, codeHash(userId, typed), at);
  const secret = sealer.unseal(row.secret_sealed, totpPurpose(userId));
  const step = matchingStep(secret, typed, { at, usedStep: row.used_step });
  return step !== null && (await spendTotpStep(tx, userId, step));
}

/** What a user is told about his second factor. */
export async function factorState(tx: Tx, actor: Actor) {
  const row = await totpOf(tx, actor.userId);
  return {
    enrolledAt: row?.confirmed_at ?? null,
    recoveryCodesLeft: await recoveryCodesLeft(tx, actor.userId),
    demanded: await demandsFactor(tx, [...actor.permissions]),
  };
}

/** `ABCD-EFGH-JKLM-NPQR`, ten of them. */
function recoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    (base32(randomBytesOf(RECOVERY_BYTES)).match(/.{4}/g) ?? []).join("-"),
  );
}

function codeHash(userId: number, code: string): string {
  return sha256Hex(`recovery:${userId}:${code.replaceAll("-", "")}`);
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  of: { actor: Actor | null; userId: number; action: AuditAction; ip: string; after: object | null; reason?: string },
): Promise<void> {
  const now = ctx.clock();
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: of.actor?.login ?? "host",
    action: of.action,
    object: `user:${of.userId}`,
    before: null,
    after: of.after,
    reason: of.reason ?? "",
    ip: of.ip,
  });
}
