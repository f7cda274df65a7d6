import { AppError, isDatabaseAway } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import { isAhead } from "#domain/clock-ahead.ts";
import { OFF_LIMITS, whyNoMoreOff } from "#domain/off-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { type BatchHold, type LeftOutReason, whyNotInBatch } from "#domain/switch-batch.ts";
import type { Tx } from "#store/db.ts";
import { meterToAct } from "#store/meters.ts";
import { offCounts, offStopOf } from "#store/off-stops.ts";
import type { SwitchBatchMeterTable, SwitchBatchTable } from "#store/schema-batches.ts";
import { nextNumbers } from "#store/sequences.ts";
import {
  changeBatch,
  claimBatch,
  endWaiting,
  holdBatch,
  isUnderWay,
  type KnownMeter,
  runningBatches,
  tripsWaiting,
  waitingRow,
  waitingRows,
  wasPaidSince,
  wasSwitchedSince,
} from "#store/switch-batches.ts";
import { actorOf } from "#store/users.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { linkRefusal } from "./link-risk.ts";
import { requestIn } from "./request-command.ts";

/** Batches looked at in one run. */
const BATCHES_MAX = 20;

/**
 * Goes on with the batches that are being sent: makes up to `limit` commands, one transaction each, and ends what is over. Each meter is looked
 * at again when its turn comes. Its command's key is that of batch and meter, so whoever comes first makes it and nobody makes a second: servers
 * may do this at once, and stop anywhere. Trips go no faster than the guard over trips lets them. Answers whether more could go at once.
 */
export async function runBatches(ctx: FlowContext, limit: number): Promise<{ asked: number; more: boolean }> {
  let asked = 0;
  let more = false;
  for (const id of await runningBatches(ctx.db.read, BATCHES_MAX)) {
    const done = await runOne(ctx, id, limit - asked);
    asked += done.asked;
    more ||= done.more;
    if (asked >= limit) return { asked, more: true };
  }
  return { asked, more };
}

async function runOne(ctx: FlowContext, id: string, limit: number): Promise<{ asked: number; more: boolean }> {
  let asked = 0;
  let hold: BatchHold | null = null;
  const held = new Set<number>();
  for (const { meterId, projectId } of await waitingRows(ctx.db.read, id)) {
    if (held.has(projectId)) continue;
    if (asked >= limit) return { asked, more: true };
    const turn = await oneTurn(ctx, { batchId: id, meterId, projectId });
    faultPoint("batch:after-turn");
    if (turn === "over") return { asked, more: false };
    if (turn === "asked" || turn === "left_out") asked++;
    if (turn === "asked" || turn === "left_out" || turn === "had") continue;
    held.add(projectId);
    hold = turn;
  }
  await endOrHold(ctx, id, hold);
  return { asked, more: false };
}

/** A meter that is refused for a reason nobody foresaw is left out: it must not keep those behind it. */
async function oneTurn(ctx: FlowContext, at: Place): Promise<Turn> {
  try {
    return await decide(ctx.db, (tx) => takeTurn(ctx, tx, at));
  } catch (error) {
    if (!(error instanceof AppError) || isDatabaseAway(error)) throw error;
    ctx.log.warn({ batch: at.batchId, meter: at.meterId, code: error.code }, "a meter of a batch was refused");
    const leaving = { ...at, to: "left_out", why: "refused", commandId: null, at: ctx.clock() } as const;
    return (await ctx.db.transact((tx) => endWaiting(tx, leaving))) === 1 ? "left_out" : "had";
  }
}

type Place = { batchId: string; meterId: number; projectId: number };
type Turn = "over" | "had" | "asked" | "left_out" | BatchHold;

async function takeTurn(ctx: FlowContext, tx: Tx, at: Place): Promise<Turn> {
  const batch = await claimBatch(tx, at.batchId);
  if (batch?.state !== "running") return "over";
  const row = await waitingRow(tx, at);
  if (row === undefined) return "had"; // another server was first
  const now = ctx.clock();
  const leave = async (why: LeftOutReason): Promise<Turn> => {
    await end(tx, row, { to: "left_out", why, commandId: null, at: now });
    return "left_out";
  };
  // After a clock that ran ahead was put back nobody can tell what has happened since the list was made.
  if (now > (batch.send_until ?? 0) || isAhead(batch.requested_at, now)) return leave("too_late");
  const actor = await actorOf(tx, batch.requested_by_id);
  if (!actor?.permissions.has(`meter.${batch.kind}`)) return leave("not_permitted");
  const why = await whyNotNow(tx, { actor, batch, row });
  if (why !== null) return leave(why);
  if (batch.kind === "trip") {
    const hold = await whyHold(tx, at.projectId, now);
    if (hold !== null) return hold;
  }
  const { commandId } = await requestIn(ctx, tx, actor, {
    ...{ meterId: at.meterId, key: `batch:${batch.id}:${at.meterId}`, kind: batch.kind, reason: batch.reason, ip: "" },
  });
  await end(tx, row, { to: "asked", why: "", commandId, at: now });
  return "asked";
}

/** Looks at a meter again, as it is now: what speaks against it is told, and it is left as it is. */
async function whyNotNow(
  tx: Tx,
  of: { actor: Actor; batch: SwitchBatchTable; row: SwitchBatchMeterTable },
): Promise<LeftOutReason | null> {
  const { actor, batch, row } = of;
  const meter = await meterToAct(tx, actor.scope, row.meter_id);
  if (meter === undefined) return "out_of_scope";
  const facts = { hasSwitch: meter.switch_kind !== "none", guarded: meter.supply_guard === 1 };
  const why = whyNotInBatch(batch.kind, { ...facts, offCause: meter.off_cause });
  if (why !== null) return why;
  const since = instant(batch.requested_at);
  if (await wasSwitchedSince(tx, { meterId: meter.id, since })) return "switched";
  if (batch.kind === "close") return null;
  const known = JSON.parse(row.known) as KnownMeter;
  if (known.customerId !== meter.customer_id) return "customer_changed";
  const { id: meterId, account_id: accountId, customer_id: customerId } = meter;
  if (await wasPaidSince(tx, { meterId, accountId, customerId, since })) return "paid";
  return linkRefusal(tx, meter.id, "trip");
}

/**
 * Whether a trip of a project must wait: a batch that two people agreed to does not run into the guard over trips, which would take it for a
 * mistake and stop the project. What others have waiting counts, too. Batches of one project take turns.
 */
async function whyHold(tx: Tx, projectId: number, now: Instant): Promise<BatchHold | null> {
  await nextNumbers(tx, `off_guard:${projectId}`);
  if ((await offStopOf(tx, projectId)) !== null) return "off_stopped";
  const counted = await offCounts(tx, { projectId, now });
  const waiting = await tripsWaiting(tx, projectId);
  const why = whyNoMoreOff(OFF_LIMITS, {
    ...counted,
    inWindow: counted.inWindow + waiting,
    inDay: counted.inDay + waiting,
  });
  return why === null ? null : `off_${why}`;
}

async function endOrHold(ctx: FlowContext, id: string, hold: BatchHold | null): Promise<void> {
  if (await isUnderWay(ctx.db.read, { batchId: id, now: ctx.clock() })) {
    await ctx.db.transact((tx) => holdBatch(tx, { id, hold, at: ctx.clock() }));
    return;
  }
  await decide(ctx.db, async (tx) => {
    const batch = await claimBatch(tx, id);
    const now = ctx.clock();
    if (batch?.state !== "running" || (await isUnderWay(tx, { batchId: id, now }))) return;
    await changeBatch(tx, batch, { state: "done", hold: null, ended_at: now, updated_at: now });
  });
}

function end(
  tx: Tx,
  row: SwitchBatchMeterTable,
  to: { to: "asked" | "left_out"; why: LeftOutReason | ""; commandId: string | null; at: Instant },
): Promise<number> {
  return endWaiting(tx, { batchId: row.batch_id, meterId: row.meter_id, ...to });
}
