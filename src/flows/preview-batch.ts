import { AppError } from "#base/errors.ts";
import { NO_MONEY } from "#base/units.ts";
import type { BatchPreview } from "#contract/switch-batches.ts";
import { needsApproval } from "#domain/approval.ts";
import { OFF_LIMITS } from "#domain/off-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { BATCH_METERS_MAX, type BatchKind } from "#domain/switch-batch.ts";
import { approvalRuleOf } from "#store/approval-rules.ts";
import { metersNamed } from "#store/switch-batches.ts";
import { limitsOf } from "#store/user-limits.ts";
import { makeList } from "./batch-list.ts";
import type { FlowContext } from "./context.ts";

/**
 * What a batch over these meters would be now; nothing is kept. Names are addresses or meter numbers: one that several meters bear is told and
 * left out, one outside the scope is like one that nobody bears.
 */
export async function previewBatch(
  ctx: FlowContext,
  actor: Actor,
  input: { kind: BatchKind; meterIds: readonly number[]; names: readonly string[] },
): Promise<BatchPreview> {
  const tx = ctx.db.read;
  const { ids, unknown, ambiguous } = await resolve(ctx, actor, input.names);
  const asked = [...new Set([...input.meterIds, ...ids])];
  if (asked.length > BATCH_METERS_MAX) throw new AppError("batch_too_large", { max: BATCH_METERS_MAX });
  const list = await makeList(tx, actor.scope, { kind: input.kind, meterIds: asked });
  const rule = await approvalRuleOf(tx, input.kind === "trip" ? "trip_batch" : "close_batch");
  return {
    asOf: ctx.clock(),
    items: list.map(({ meterId, why, known: { customerId: _, ...known } }) => ({ meterId, ...known, why })),
    meters: list.filter(({ why }) => why === null).length,
    ...{ unknown, ambiguous, missing: asked.length - list.length },
    secondPerson: needsApproval(rule, NO_MONEY),
    perWindow: OFF_LIMITS.perWindow,
    limit: (await limitsOf(tx, actor.userId)).batchMeters,
  };
}

async function resolve(ctx: FlowContext, actor: Actor, names: readonly string[]) {
  const wanted = [...new Set(names)];
  const found = await metersNamed(ctx.db.read, actor.scope, wanted);
  const ids: number[] = [];
  const unknown: string[] = [];
  const ambiguous: string[] = [];
  for (const name of wanted) {
    const fits = found.filter((each) => each.number === name || each.address === name);
    const [first] = fits;
    if (first === undefined) unknown.push(name);
    else if (fits.length > 1) ambiguous.push(name);
    else ids.push(first.id);
  }
  return { ids, unknown, ambiguous };
}
