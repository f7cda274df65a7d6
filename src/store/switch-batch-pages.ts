import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { type Instant, later } from "#base/time.ts";
import type { Batch, BatchFilter, BatchLine, BatchMeter } from "#contract/switch-batches.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import { type BatchStep, batchSteps, type LeftOutReason, stepOf, UNANSWERED_MS } from "#domain/switch-batch.ts";
import { approvalView } from "./approvals.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import type { Schema } from "./schema.ts";
import type { SwitchBatchTable } from "./schema-batches.ts";
import { inScope } from "./scope.ts";
import { batchCommand, type KnownMeter } from "./switch-batches.ts";

/** Batches of one answer. */
export const BATCHES_SHOWN = 50;

type Meters = ExpressionBuilder<Schema, "meter">;

/** How much of a batch lies in a scope. */
export async function isWholeBatchSeen(tx: Tx, scope: Scope, batchId: string): Promise<"whole" | "part" | "none"> {
  const meters = () =>
    tx
      .selectFrom("switch_batch_meter")
      .innerJoin("meter", "meter.id", "switch_batch_meter.meter_id")
      .where("switch_batch_meter.batch_id", "=", batchId)
      .select("meter.id")
      .limit(1);
  const inside = await meters()
    .where((eb) => inScope(eb as unknown as Meters, scope))
    .executeTakeFirst();
  if (inside === undefined) return "none";
  const outside = await meters()
    .where((eb) => eb.not(inScope(eb as unknown as Meters, scope)))
    .executeTakeFirst();
  return outside === undefined ? "whole" : "part";
}

/** His own batches, and those in which a meter of his scope is. */
function seen(tx: Tx, actor: Actor) {
  return tx
    .selectFrom("switch_batch")
    .where((eb) => eb.or([eb("requested_by_id", "=", actor.userId), hasOwn(eb, actor.scope)]));
}

function hasOwn(eb: ExpressionBuilder<Schema, "switch_batch">, scope: Scope): Expression<SqlBool> {
  if (scope.all) return sql<SqlBool>`1 = 1`;
  return eb.exists(
    eb
      .selectFrom("switch_batch_meter")
      .innerJoin("meter", "meter.id", "switch_batch_meter.meter_id")
      .select("meter.id")
      .whereRef("switch_batch_meter.batch_id", "=", "switch_batch.id")
      .where((inner) => inScope(inner as unknown as Meters, scope)),
  );
}

function filtered(tx: Tx, actor: Actor, { kind, state, search }: BatchFilter) {
  return seen(tx, actor)
    .$if(kind !== undefined, (query) => query.where("kind", "=", kind ?? "trip"))
    .$if(state !== undefined, (query) => query.where("state", "=", state ?? "done"))
    .$if(search !== "", (query) => query.where((eb) => mentions(eb, ["reason", "requested_by"], search)));
}

/** One page of the batches that the filter holds, the newest first, and how many there are. */
export async function batchPage(
  tx: Tx,
  actor: Actor,
  input: BatchFilter & { page: number; now: Instant },
): Promise<{ items: BatchLine[]; pages: number; total: number }> {
  const { total } = await filtered(tx, actor, input)
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const rows = await filtered(tx, actor, input)
    .selectAll()
    .orderBy("id", "desc")
    .offset((input.page - 1) * BATCHES_SHOWN)
    .limit(BATCHES_SHOWN)
    .execute();
  const pages = Math.max(1, Math.ceil(Number(total) / BATCHES_SHOWN));
  return { items: await toLines(tx, rows, { scope: actor.scope, now: input.now }), pages, total: Number(total) };
}

/** Every batch that the filter holds, the newest first. */
export function everyBatch(tx: Tx, actor: Actor, filter: BatchFilter & { now: Instant }): AsyncGenerator<BatchLine> {
  return everyPage(
    async ({ before, limit }) => {
      const rows = await filtered(tx, actor, filter)
        .selectAll()
        .$if(before !== undefined, (query) => query.where("id", "<", before ?? ""))
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      return {
        items: await toLines(tx, rows.slice(0, limit), { scope: actor.scope, now: filter.now }),
        more: rows.length > limit,
      };
    },
    (line) => line.batchId,
  );
}

/** How many batches the filter holds. */
export async function countBatches(tx: Tx, actor: Actor, filter: BatchFilter): Promise<number> {
  const { total } = await filtered(tx, actor, filter)
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** One batch with the meters of it that lie in the scope; null when there are none and it is not his own. */
export async function batchView(tx: Tx, actor: Actor, id: string, now: Instant): Promise<Batch | null> {
  const row = await seen(tx, actor).selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return null;
  const items = await batchMeters(tx, { scope: actor.scope, batchId: id, now });
  const whole = (await isWholeBatchSeen(tx, actor.scope, id)) === "whole";
  const mine = row.requested_by_id === actor.userId;
  const open = row.state === "running" || (row.state === "requested" && mine);
  return {
    ...toLine(row, countSteps(items)),
    ...{
      asOf: now,
      list: row.list_hash,
      whole,
      againOf: row.again_of,
      sendUntil: row.send_until,
      hold: row.hold,
      mine,
    },
    mayCancel: open && (mine || whole) && actor.permissions.has(`meter.${row.kind}`),
    approval: row.approval_id === null ? null : await approvalView(tx, actor, row.approval_id, now),
    items,
  };
}

/** The meters of a batch that lie in the scope, in the order of the list. */
export async function batchMeters(
  tx: Tx,
  { scope, batchId, now }: { scope: Scope; batchId: string; now: Instant },
): Promise<BatchMeter[]> {
  const rows = await tx
    .selectFrom("switch_batch_meter")
    .innerJoin("meter", "meter.id", "switch_batch_meter.meter_id")
    .leftJoin("command", "command.id", "switch_batch_meter.command_id")
    .where("switch_batch_meter.batch_id", "=", batchId)
    .where((eb) => inScope(eb as unknown as Meters, scope))
    .select([
      "switch_batch_meter.meter_id",
      "switch_batch_meter.state",
      "switch_batch_meter.why",
      "switch_batch_meter.known",
      "command.id as command_id",
      "command.state as command_state",
      "command.state_reason",
      "command.sent_at",
      "command.done_at",
    ])
    .orderBy("switch_batch_meter.position")
    .execute();
  return rows.map((row) => {
    const { customerId: _, ...known } = JSON.parse(row.known) as KnownMeter;
    const { command_state: state, sent_at: sentAt } = row;
    const command = state === null ? null : batchCommand({ state, sentAt }, now);
    return {
      meterId: row.meter_id,
      ...known,
      step: stepOf(row.state, command),
      why: row.why === "" ? null : (row.why as LeftOutReason),
      commandId: row.command_id,
      stateReason: row.state_reason ?? "",
      sentAt: row.sent_at,
      doneAt: row.done_at,
    };
  });
}

function countSteps(items: readonly { step: BatchStep }[]): Record<BatchStep, number> {
  const counts = noSteps();
  for (const { step } of items) counts[step]++;
  return counts;
}

function noSteps(): Record<BatchStep, number> {
  return Object.fromEntries(batchSteps.map((step) => [step, 0])) as Record<BatchStep, number>;
}

async function toLines(
  tx: Tx,
  rows: readonly SwitchBatchTable[],
  { scope, now }: { scope: Scope; now: Instant },
): Promise<BatchLine[]> {
  if (rows.length === 0) return [];
  const counted = await tx
    .selectFrom("switch_batch_meter")
    .innerJoin("meter", "meter.id", "switch_batch_meter.meter_id")
    .leftJoin("command", "command.id", "switch_batch_meter.command_id")
    .where(
      "switch_batch_meter.batch_id",
      "in",
      rows.map(({ id }) => id),
    )
    .where((eb) => inScope(eb as unknown as Meters, scope))
    .groupBy(["switch_batch_meter.batch_id", "switch_batch_meter.state", "command.state"])
    .select((eb) => [
      "switch_batch_meter.batch_id",
      "switch_batch_meter.state as row_state",
      "command.state as command_state",
      eb.fn.countAll<number>().as("count"),
      eb.fn.count<number>("command.sent_at").as("sent"),
      eb.fn
        .sum<number>(eb.case().when("command.sent_at", "<", later(now, -UNANSWERED_MS)).then(1).else(0).end())
        .as("late"),
    ])
    .execute();
  const steps = new Map(rows.map(({ id }) => [id, noSteps()]));
  for (const row of counted) {
    const of = steps.get(row.batch_id);
    if (of === undefined) continue;
    const state = row.command_state;
    const step = (wasSent: boolean, isLate: boolean) =>
      stepOf(row.row_state, state === null ? null : { state, wasSent, isLate });
    const [count, sent, late] = [Number(row.count), Number(row.sent), Number(row.late)];
    of[step(true, true)] += late;
    of[step(true, false)] += sent - late;
    of[step(false, false)] += count - sent;
  }
  return rows.map((row) => toLine(row, steps.get(row.id) ?? noSteps()));
}

function toLine(row: SwitchBatchTable, steps: Record<BatchStep, number>): BatchLine {
  return {
    batchId: row.id,
    kind: row.kind,
    state: row.state,
    reason: row.reason,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    approvedBy: row.approved_by,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    cancelledBy: row.cancelled_by,
    steps,
  };
}
