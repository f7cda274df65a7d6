import { AppError } from "#base/errors.ts";
import type { CommandKind } from "#domain/command.ts";
import { type LinkRefusal, takesAway, whyNotOverLink } from "#domain/link.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { dropLinkRisk, linkOfMeter, linkRiskOf, takeLinkRisk } from "#store/link-risk.ts";
import { projectsInScope } from "#store/off-stops.ts";
import { inScope } from "#store/scope.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** When a command that its link may not carry is looked at again. */
export const LINK_RISK_RETRY_MS = 30_000;

/** Whether a command may go over the link of its meter as things are now, null, or why not. */
export async function linkRefusal(tx: Tx, meterId: number, command: CommandKind): Promise<LinkRefusal | null> {
  if (!takesAway(command)) return null;
  const { link, riskTaken } = await linkOfMeter(tx, meterId);
  return whyNotOverLink(command, link, riskTaken);
}

/** The same for somebody who asks for it: the refusal is told. */
export async function demandLink(tx: Tx, meterId: number, command: CommandKind): Promise<void> {
  const why = await linkRefusal(tx, meterId, command);
  if (why !== null) throw new AppError(why);
}

/**
 * Takes the risk of links without proof of identity for a project, or gives it up (明文风险开关). While it is taken, supply and credit may
 * be taken away over such links, too. What waits because of it goes on when it is taken, and is held when it is given up.
 */
export async function setLinkRisk(
  ctx: FlowContext,
  actor: Actor,
  input: { projectId: number; taken: boolean; reason: string; ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  const { projectId, taken, reason } = input;
  await decide(ctx.db, async (tx) => {
    if (!(await projectsInScope(tx, actor.scope)).some(({ id }) => id === projectId)) throw new AppError("not_found");
    // It is about every meter of the project; whoever answers for some of them may only end it.
    if (taken && (await hasMetersOutside(tx, actor.scope, projectId))) throw new AppError("not_found");
    const now = ctx.clock();
    const before = await linkRiskOf(tx, projectId);
    if (taken ? before?.by === actor.login && before.reason === reason : before === null) return; // a second click
    if (taken) await takeLinkRisk(tx, { projectId, by: actor.login, reason, at: now });
    else await dropLinkRisk(tx, projectId);
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: taken ? "link_risk.take" : "link_risk.drop",
      object: `project:${projectId}`,
      before,
      after: taken ? { reason } : null,
      reason,
      ip: input.ip,
    });
  });
  ctx.log.warn({ project: projectId, taken, by: actor.login }, "the risk of links without proof was decided");
}

async function hasMetersOutside(tx: Tx, scope: Scope, projectId: number): Promise<boolean> {
  if (scope.all) return false;
  const outside = await tx
    .selectFrom("meter")
    .select("meter.id")
    .where("meter.project_id", "=", projectId)
    .where("meter.retired_at", "is", null)
    .where((eb) => eb.not(inScope(eb, scope)))
    .limit(1)
    .executeTakeFirst();
  return outside !== undefined;
}
