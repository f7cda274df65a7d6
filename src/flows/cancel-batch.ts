import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { isWholeBatchSeen } from "#store/switch-batch-pages.ts";
import { changeBatch, claimBatch, endWaiting, takeBackUnsent } from "#store/switch-batches.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { withdrawApproval } from "./decide-approval.ts";
import { batchEffect } from "./request-batch.ts";

type Cancelling = { batchId: string; reason: string; ip: string };

/**
 * Stops what of a batch has not been sent; what was sent is not called back. One person is enough, whoever asked for it, if he may do what the
 * batch does and sees all of its meters: nobody loses supply by it. A batch that waits for a second person is taken back by the one who asked.
 * Repeating it changes nothing.
 */
export async function cancelBatch(ctx: FlowContext, actor: Actor, input: Cancelling): Promise<void> {
  const waiting = await decide(ctx.db, (tx) => stop(ctx, tx, actor, input));
  if (waiting === null) return;
  const kind = waiting.kind === "trip" ? "trip_batch" : "close_batch";
  await withdrawApproval(ctx, { [kind]: batchEffect }, actor, { ...input, id: waiting.approvalId });
}

async function stop(ctx: FlowContext, tx: Parameters<typeof claimBatch>[0], actor: Actor, input: Cancelling) {
  const batch = await claimBatch(tx, input.batchId);
  if (!batch) throw new AppError("batch_not_found");
  const isMine = batch.requested_by_id === actor.userId;
  const seen = await isWholeBatchSeen(tx, actor.scope, batch.id);
  if (!isMine && seen === "none") throw new AppError("batch_not_found");
  if (!isMine && seen === "part") throw new AppError("batch_out_of_scope");
  const permission = `meter.${batch.kind}` as const;
  if (!actor.permissions.has(permission)) throw new AppError("forbidden", { permission });
  if (batch.state === "requested" && batch.approval_id !== null) {
    if (!isMine) throw new AppError("batch_awaits");
    return { kind: batch.kind, approvalId: batch.approval_id };
  }
  if (batch.state === "cancelled" || batch.state === "withdrawn") return null; // a second click
  if (batch.state !== "running") throw new AppError("batch_not_open");
  const now = ctx.clock();
  const end = { batchId: batch.id, meterId: null, to: "cancelled", why: "", commandId: null, at: now } as const;
  const waited = await endWaiting(tx, end);
  const taken = await takeBackUnsent(tx, { batchId: batch.id, why: "batch_cancelled", at: now });
  const by = { cancelled_by: actor.login, ended_at: now, updated_at: now };
  await changeBatch(tx, batch, { state: "cancelled", hold: null, ...by });
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "switch_batch.cancel",
    object: `switch_batch:${batch.id}`,
    before: { state: batch.state },
    after: { stopped: waited + taken, sent: batch.meters - waited - taken },
    reason: input.reason,
    ip: input.ip,
  });
  ctx.log.info({ batch: batch.id, stopped: waited + taken }, "batch stopped");
  return null;
}
