import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { NO_MONEY } from "#base/units.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import {
  allOffStops,
  offStopOf,
  openReleases,
  projectsInScope,
  releaseOff,
  type StoppedProject,
  stopOff,
} from "#store/off-stops.ts";
import { nextNumbers } from "#store/sequences.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { askForApproval } from "./request-approval.ts";

type Asking = { projectId: number; reason: string; ip: string };

/**
 * Stops every trip of a project at once (停止拉闸), whatever asked for it: one person is enough, because nobody loses anything by it. Trips
 * that were sent already are not called back. Whoever stops what is stopped stops it anew: a release that was asked for before does not
 * lift that.
 */
export async function stopTrips(ctx: FlowContext, actor: Actor, input: Asking): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    await demandProject(tx, actor, input.projectId);
    const now = ctx.clock();
    await takeTurn(tx, input.projectId);
    const before = await offStopOf(tx, input.projectId);
    if (before?.by === actor.login && before.reason === input.reason) return; // a second click
    const stop = { projectId: input.projectId, why: "person" as const, commandId: null, by: actor.login };
    await stopOff(tx, { ...stop, reason: input.reason, at: now });
    await audit(ctx, tx, { ...input, by: actor.login, action: "off_guard.stop", before, at: now });
  });
  ctx.log.warn({ project: input.projectId, by: actor.login }, "all trips of the project are stopped");
}

/**
 * Asks a second person to let trips of a project leave again. Where the rule of approvals asks for nobody, they may leave at once. A
 * request that is open already is not made again.
 */
export async function askForRelease(ctx: FlowContext, actor: Actor, input: Asking): Promise<{ released: boolean }> {
  if (input.reason === "") throw new AppError("reason_required");
  return decide(ctx.db, async (tx) => {
    await demandProject(tx, actor, input.projectId);
    const now = ctx.clock();
    await takeTurn(tx, input.projectId);
    const stop = await offStopOf(tx, input.projectId);
    if (stop === null) return { released: true };
    const own = `${objectOf(stop)}:`;
    if ((await openReleases(tx)).some(({ object }) => object.startsWith(own))) return { released: false };
    const approval = await askForApproval(
      ctx,
      tx,
      {
        kind: "off_release",
        object: `${own}${ctx.newId(now)}`,
        meterId: null,
        amount: NO_MONEY,
        summary: { project: input.projectId, stop: stop.why, stoppedBy: stop.by },
        reason: input.reason,
        by: actor.login,
        ip: input.ip,
      },
      now,
    );
    if (approval !== null) return { released: false };
    await release(ctx, tx, { ...input, by: actor.login, at: now });
    return { released: true };
  });
}

/** A second person has agreed: trips of the project may leave again. What was released meanwhile stays so. */
export const releaseEffect: ApprovalEffect = {
  async approved(ctx, tx, approval, ending) {
    const projectId = Number(approval.object.split(":")[1]);
    await takeTurn(tx, projectId);
    const stop = await offStopOf(tx, projectId);
    if (stop !== null && !approval.object.startsWith(`${objectOf(stop)}:`)) throw new AppError("approval_changed");
    await release(ctx, tx, { projectId, by: ending.by, reason: approval.reason, ip: "", at: ending.at });
  },
  async ended() {},
};

/** Releases every project, by a person at the host who says who he is and what he found. Answers what was stopped. */
export async function releaseAtHost(ctx: FlowContext, input: { by: string; reason: string }) {
  return decide(ctx.db, async (tx) => {
    const stopped = await allOffStops(tx);
    const now = ctx.clock();
    for (const { projectId } of stopped) await release(ctx, tx, { projectId, ...input, ip: "", at: now });
    return stopped;
  });
}

/** A release is asked for one stop, and lifts no other that has come since. */
function objectOf(stop: StoppedProject): string {
  return `off_release:${stop.projectId}:${stop.since}`;
}

/** Those who stop, release and send trips of a project take turns at this row. */
async function takeTurn(tx: Tx, projectId: number): Promise<void> {
  await nextNumbers(tx, `off_guard:${projectId}`);
}

async function demandProject(tx: Tx, actor: Actor, projectId: number): Promise<void> {
  const projects = await projectsInScope(tx, actor.scope);
  if (!projects.some(({ id }) => id === projectId)) throw new AppError("not_found");
}

async function release(
  ctx: FlowContext,
  tx: Tx,
  input: { projectId: number; by: string; reason: string; ip: string; at: Instant },
): Promise<void> {
  const before = await offStopOf(tx, input.projectId);
  if (!(await releaseOff(tx, input))) return;
  await audit(ctx, tx, { ...input, action: "off_guard.release", before });
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  input: Asking & { by: string; action: AuditAction; before: object | null; at: Instant },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.at),
    at: input.at,
    actor: input.by,
    action: input.action,
    object: `project:${input.projectId}`,
    before: input.before,
    after: null,
    reason: input.reason,
    ip: input.ip,
  });
}
