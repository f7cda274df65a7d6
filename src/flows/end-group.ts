import { AppError } from "#base/errors.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { openMember, takeGroup } from "#store/groups.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { updatedRows } from "#store/portable.ts";
import type { GroupMemberTable } from "#store/schema-groups.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { retryStopped } from "./retry-stopped.ts";
import { undoStep } from "./settle-group.ts";

type Asking = { groupNo: string; meterId: number; reason: string; ip: string };

/**
 * Takes back that a meter joins or leaves, as long as its command was never sent: it is single, or stays in its group. Without the main
 * meter those that waited for it are taken back too.
 */
export async function withdrawMember(ctx: FlowContext, actor: Actor, input: Asking): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const { group, member } = await visibleMember(tx, actor, input);
    if (member.state === "merged") throw new AppError("group_not_withdrawable");
    if (member.command_id !== null) {
      const cancelled = await tx
        .updateTable("command")
        .set({ state: "cancelled", state_reason: "withdrawn", done_at: now, updated_at: now })
        .where("id", "=", member.command_id)
        .where("state", "=", "waiting")
        .where("sent_at", "is", null)
        .executeTakeFirst();
      if (updatedRows(cancelled) === 0) throw new AppError("group_not_withdrawable");
    }
    await undoStep(tx, { group, member, actor: actor.login, now }, "withdrawn");
    await audit(ctx, tx, actor, member, { ...input, action: "account.merge_withdraw" });
  });
}

/** Lets a stopped member be looked at again after somebody has been at the meter: its purchase count is read anew, and only that decides. */
export async function recheckMember(ctx: FlowContext, actor: Actor, input: Asking): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const { member } = await visibleMember(tx, actor, input);
    const command = await tx
      .selectFrom("command")
      .select(["id", "state"])
      .where("id", "=", member.command_id ?? "")
      .executeTakeFirst();
    if (command?.state !== "stopped") throw new AppError("group_not_stopped");
    await retryStopped(tx, { commandId: command.id, meterId: member.meter_id, at: now });
    await tx
      .updateTable("group_member")
      .set({ state_reason: "recheck", updated_at: now })
      .where("id", "=", member.id)
      .execute();
    await audit(ctx, tx, actor, member, { ...input, action: "account.merge_recheck" });
  });
}

async function visibleMember(tx: Tx, actor: Actor, { groupNo, meterId }: Asking) {
  const meter = await meterToAct(tx, actor.scope, meterId);
  if (!meter) throw new AppError("group_not_found");
  const group = await takeGroup(tx, groupNo);
  await claimMeterState(tx, meterId);
  const member = await openMember(tx, meterId);
  if (group === undefined || member?.group_no !== groupNo) throw new AppError("group_not_found");
  return { group, member };
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  member: GroupMemberTable,
  input: Asking & { action: AuditAction },
): Promise<void> {
  const now = ctx.clock();
  const after = await tx.selectFrom("group_member").select("state").where("id", "=", member.id).executeTakeFirst();
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: input.action,
    object: `group:${member.group_no}`,
    before: { meter: member.meter_id, state: member.state },
    after: { state: after?.state ?? "" },
    reason: input.reason,
    ip: input.ip,
  });
}
