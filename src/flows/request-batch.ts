import { AppError, assert } from "#base/errors.ts";
import { DAY_MS, type Instant, later } from "#base/time.ts";
import { NO_MONEY } from "#base/units.ts";
import type { Actor } from "#domain/permission.ts";
import { type BatchKind, batchSendsMs } from "#domain/switch-batch.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import type { SwitchBatchTable } from "#store/schema-batches.ts";
import { Stale } from "#store/stale.ts";
import {
  addBatch,
  batchByKey,
  batchList,
  batchRow,
  changeBatch,
  endWaiting,
  failedMeters,
} from "#store/switch-batches.ts";
import { sha256Hex } from "#system/crypto.ts";
import { frozenRows, listHash, makeList } from "./batch-list.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { askForApproval } from "./request-approval.ts";
import { demandBatch } from "./user-limits.ts";

/** A list that nobody agrees to is old after a day: what is known of its meters has changed. */
export const BATCH_APPROVAL_MS = DAY_MS;

/** What somebody asks for when he asks for many meters. */
export type BatchAsked = {
  key: string;
  kind: BatchKind;
  meterIds: readonly number[];
  /** How many meters will be switched, as the person typed it. */
  typed: number;
  reason: string;
  /** The batch whose failed meters these are. */
  againOf: string | null;
  ip: string;
};

/**
 * Asks for many meters to be tripped or closed (批量拉合闸). The list is frozen now, with what is known of each; guarded meters stay out of trips and those that are
 * off for safety out of closes. Trips wait for a second person, closes where the rule of the house wants one. The same key again answers with
 * the same batch. `typed` must be the number of those that would be switched: who looked at another list is refused.
 */
export async function requestBatch(
  ctx: FlowContext,
  actor: Actor,
  input: BatchAsked,
): Promise<{ batchId: string; created: boolean }> {
  if (input.kind === "trip" && input.reason === "") throw new AppError("reason_required");
  const done = await decide(ctx.db, (tx) => request(ctx, tx, actor, input));
  if (done.created) ctx.log.info({ batch: done.batchId, kind: input.kind, meters: input.typed }, "batch requested");
  return done;
}

async function request(ctx: FlowContext, tx: Tx, actor: Actor, input: BatchAsked) {
  const { kind, reason, againOf } = input;
  const meterIds = [...new Set(input.meterIds)].toSorted((a, b) => a - b);
  const idemKey = `${actor.userId}:${input.key}`;
  const requestHash = sha256Hex(JSON.stringify([kind, reason, againOf, input.typed, meterIds]));
  const earlier = await batchByKey(tx, idemKey);
  if (earlier) {
    if (earlier.request_hash !== requestHash) throw new AppError("command_key_conflict");
    return { batchId: earlier.id, created: false };
  }
  if (againOf !== null) await demandFailed(tx, actor, { kind, againOf, meterIds, now: ctx.clock() });
  const list = await makeList(tx, actor.scope, { kind, meterIds });
  if (list.length !== meterIds.length) throw new AppError("meter_not_found");
  const meters = list.filter(({ why }) => why === null).length;
  if (meters === 0) throw new AppError("batch_empty");
  if (meters !== input.typed) throw new AppError("batch_count_wrong", { count: meters });
  await demandBatch(tx, actor, meters);

  const now = ctx.clock();
  const id = ctx.newId(now);
  const rows = frozenRows(id, list, now);
  const hash = listHash({ id, kind, reason }, rows);
  const batch: SwitchBatchTable = {
    ...{ id, idem_key: idemKey, request_hash: requestHash, kind, reason, state: "requested", meters },
    ...{ list_hash: hash, again_of: againOf, approval_id: null },
    ...{ requested_by: actor.login, requested_by_id: actor.userId, requested_at: now, approved_by: null },
    ...{ started_at: null, send_until: null, hold: null, cancelled_by: null, ended_at: null },
    ...{ updated_at: now, version: 0 },
  };
  if (!(await addBatch(tx, batch, rows))) throw new Stale(`batch ${idemKey}`);
  const leftOut = list.length - meters;
  const approval = await askForApproval(
    ctx,
    tx,
    {
      kind: kind === "trip" ? "trip_batch" : "close_batch",
      object: `switch_batch:${id}`,
      meterId: null,
      amount: NO_MONEY,
      summary: { meters, leftOut },
      reason,
      by: actor.login,
      ip: input.ip,
      expiresAt: later(now, BATCH_APPROVAL_MS),
    },
    now,
  );
  if (approval === null) await changeBatch(tx, batch, started(kind, now));
  else await changeBatch(tx, batch, { approval_id: approval, updated_at: now });
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "switch_batch.request",
    object: `switch_batch:${id}`,
    before: null,
    after: { kind, meters, leftOut, list: hash, approval, ...(againOf !== null && { againOf }) },
    reason,
    ip: input.ip,
  });
  return { batchId: id, created: true };
}

function started(kind: BatchKind, now: Instant) {
  return {
    ...{ state: "running" as const, started_at: now, send_until: later(now, batchSendsMs[kind]), updated_at: now },
  };
}

/** Only meters that failed in the earlier batch, of the same kind, are tried again; whose that is follows from the meters. */
async function demandFailed(
  tx: Tx,
  actor: Actor,
  of: { kind: BatchKind; againOf: string; meterIds: readonly number[]; now: Instant },
): Promise<void> {
  const earlier = await batchRow(tx, of.againOf);
  const failed =
    earlier?.kind === of.kind ? await failedMeters(tx, { batchId: of.againOf, now: of.now }) : new Set<number>();
  const seen = await makeList(tx, actor.scope, { kind: of.kind, meterIds: of.meterIds });
  if (seen.length !== of.meterIds.length) throw new AppError("meter_not_found");
  if (!of.meterIds.every((each) => failed.has(each))) throw new AppError("batch_not_failed");
}

/**
 * A second person has agreed to a list: it must be the one that he looked at, and the one that is kept, to the last digit. What he does not
 * agree to is put away.
 */
export const batchEffect: ApprovalEffect = {
  async approved(_ctx, tx, approval, { by, at, seen }) {
    const batch = await batchOf(tx, approval);
    if (batch.state !== "requested") throw new AppError("approval_changed");
    if (seen === null) throw new AppError("batch_list_unseen");
    const kept = listHash(batch, await batchList(tx, batch.id));
    if (seen !== kept || kept !== batch.list_hash) throw new AppError("approval_changed");
    await changeBatch(tx, batch, { ...started(batch.kind, at), approved_by: by });
  },
  async ended(_ctx, tx, approval, { at, how }) {
    const batch = await batchOf(tx, approval);
    if (batch.state !== "requested") return;
    await changeBatch(tx, batch, { state: how, ended_at: at, updated_at: at });
    await endWaiting(tx, { batchId: batch.id, meterId: null, to: "cancelled", why: "", commandId: null, at });
  },
};

async function batchOf(tx: Tx, approval: { object: string }): Promise<SwitchBatchTable> {
  const batch = await batchRow(tx, approval.object.slice("switch_batch:".length));
  assert(batch !== undefined, `${approval.object} has its batch`);
  return batch;
}
