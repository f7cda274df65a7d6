import { AppError, type ErrorCode } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { formatMoney, parseMoney } from "#base/units.ts";
import {
  type ApprovalKind,
  type ApprovalState,
  approvalKinds,
  hasAmount,
  isFixedRule,
  whyNotDecide,
} from "#domain/approval.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { approvalRuleOf, saveApprovalRule } from "#store/approval-rules.ts";
import { approvalRow, approvalView, endApproval, overdueApprovals } from "#store/approvals.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import type { ApprovalTable } from "#store/schema-refunds.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Who ended it and when; `system` when it ran out. */
type Ending = { by: string; at: Instant; reason: string };

/**
 * What an approval sets going, in the very transaction that decides it. `approved` looks again at everything that it rests on and throws
 * the refusal when that has changed: then nothing is decided and the request stays open. `seen` names what was looked at, where it matters
 * which. `ended` puts away what waited.
 */
export type ApprovalEffect = {
  approved(ctx: FlowContext, tx: Tx, approval: ApprovalTable, ending: Ending & { seen: string | null }): Promise<void>;
  ended(
    ctx: FlowContext,
    tx: Tx,
    approval: ApprovalTable,
    ending: Ending & { how: "rejected" | "withdrawn" | "expired" },
  ): Promise<void>;
};

/** The effect of each kind; one without an effect is only a decision on record. */
export type ApprovalEffects = Readonly<Partial<Record<ApprovalKind, ApprovalEffect>>>;

const REFUSALS = {
  not_permitted: "forbidden",
  same_person: "approval_same_person",
  not_open: "approval_not_open",
  expired: "approval_expired",
} as const satisfies Record<string, ErrorCode>;

/**
 * Approves or rejects, by somebody else than who asked, once: of two who decide at the same time one is told that it was done. `version` is
 * that of the request that was looked at. Repeating one's own decision changes nothing.
 */
export async function decideApproval(
  ctx: FlowContext,
  effects: ApprovalEffects,
  actor: Actor,
  input: {
    id: string;
    verdict: "approve" | "reject";
    version: number;
    seen?: string | undefined;
    reason: string;
    ip: string;
  },
): Promise<void> {
  if (input.verdict === "reject" && input.reason === "") throw new AppError("reason_required");
  const to: ApprovalState = input.verdict === "approve" ? "approved" : "rejected";
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const row = await visible(tx, actor, input.id, now);
    if (row.state === to && row.decided_by === actor.login) return; // a second click, or a commit whose answer was lost
    const asked = { kind: row.kind, state: row.state, requestedBy: row.requested_by, expiresAt: row.expires_at };
    const whyNot = whyNotDecide(asked, actor, now);
    if (whyNot !== null) throw new AppError(REFUSALS[whyNot], { permission: approvalKinds[row.kind].decidedBy });
    if (row.version !== input.version) throw new AppError("approval_changed");
    await end(tx, row, { to, by: actor.login, reason: input.reason, at: now });
    const ending = { by: actor.login, at: now, reason: input.reason };
    if (to === "approved") await effects[row.kind]?.approved(ctx, tx, row, { ...ending, seen: input.seen ?? null });
    else await effects[row.kind]?.ended(ctx, tx, row, { ...ending, how: "rejected" });
    await audit(ctx, tx, row, { action: `approval.${input.verdict}`, actor: actor.login, ip: input.ip, ...ending, to });
    faultPoint("approval:before-commit");
  });
  ctx.log.info({ approval: input.id, verdict: input.verdict }, "approval decided");
}

/** Takes a request back, by the one who asked, while nobody has decided. */
export async function withdrawApproval(
  ctx: FlowContext,
  effects: ApprovalEffects,
  actor: Actor,
  input: { id: string; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const row = await visible(tx, actor, input.id, now);
    if (row.requested_by !== actor.login) throw new AppError("approval_not_found");
    if (row.state === "withdrawn") return;
    if (row.state !== "requested") throw new AppError("approval_not_open");
    const ending = { by: actor.login, at: now, reason: input.reason };
    await end(tx, row, { to: "withdrawn", ...ending });
    await effects[row.kind]?.ended(ctx, tx, row, { ...ending, how: "withdrawn" });
    await audit(ctx, tx, row, {
      action: "approval.withdraw",
      actor: actor.login,
      ip: input.ip,
      ...ending,
      to: "withdrawn",
    });
  });
}

/** Requests ended in one run of the job. */
const EXPIRED_MAX = 50;

/** Ends requests that nobody has decided in time; answers how many. Each is its own transaction. */
export async function expireApprovals(ctx: FlowContext, effects: ApprovalEffects): Promise<number> {
  const overdue = await overdueApprovals(ctx.db.read, ctx.clock(), EXPIRED_MAX);
  let expired = 0;
  for (const { id } of overdue) {
    if (await expireOne(ctx, effects, id)) expired++;
  }
  return expired;
}

/** One that cannot be ended must not keep those behind it, and what they hold reserved. */
async function expireOne(ctx: FlowContext, effects: ApprovalEffects, id: string): Promise<boolean> {
  try {
    return await decide(ctx.db, async (tx) => {
      const now = ctx.clock();
      const row = await approvalRow(tx, id);
      if (row?.state !== "requested" || row.expires_at > now) return false;
      const ending = { by: "system", at: now, reason: "" };
      await end(tx, row, { to: "expired", ...ending });
      await effects[row.kind]?.ended(ctx, tx, row, { ...ending, how: "expired" });
      await audit(ctx, tx, row, { action: "approval.expire", actor: "system", ip: "", ...ending, to: "expired" });
      return true;
    });
  } catch (error) {
    ctx.log.error({ approval: id, error: String(error) }, "an approval could not be ended");
    return false;
  }
}

/** Sets when a second person is asked. */
export async function setApprovalRule(
  ctx: FlowContext,
  actor: Actor,
  input: { kind: ApprovalKind; on: boolean; limit: string; reason: string; ip: string },
): Promise<void> {
  const limit = parseMoney(input.limit, 2);
  const isNoLimit = limit === null || (limit > 0 && !hasAmount(input.kind));
  if (isNoLimit || isFixedRule(input.kind))
    throw new AppError("invalid_input", { what: isNoLimit ? input.limit : input.kind });
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const before = await approvalRuleOf(tx, input.kind);
    await saveApprovalRule(tx, { kind: input.kind, rule: { on: input.on, limit }, by: actor.login, at: now });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "approval.rule",
      object: `setting:approval.${input.kind}`,
      before: { on: before.on, limit: formatMoney(before.limit) },
      after: { on: input.on, limit: formatMoney(limit) },
      reason: input.reason,
      ip: input.ip,
    });
  });
}

async function visible(tx: Tx, actor: Actor, id: string, now: Instant): Promise<ApprovalTable> {
  const row = await approvalRow(tx, id);
  if (!row || !(await approvalView(tx, actor, id, now))) throw new AppError("approval_not_found");
  return row;
}

async function end(
  tx: Tx,
  row: ApprovalTable,
  input: { to: ApprovalState; by: string; reason: string; at: Instant },
): Promise<void> {
  const ended = await endApproval(tx, { id: row.id, version: row.version, ...input });
  if (!ended) throw new Stale(`approval ${row.id}`); // somebody else decided between reading and writing
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  row: ApprovalTable,
  input: { action: AuditAction; actor: string; ip: string; at: Instant; reason: string; to: ApprovalState },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.at),
    at: input.at,
    actor: input.actor,
    action: input.action,
    object: row.object,
    before: { state: row.state, requestedBy: row.requested_by },
    after: { state: input.to, approval: row.id },
    reason: input.reason,
    ip: input.ip,
  });
}
