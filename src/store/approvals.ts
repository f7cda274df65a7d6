import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import type { Instant } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { Approval, ApprovalView } from "#contract/approvals.ts";
import { type ApprovalKind, type ApprovalState, approvalKinds, whyNotDecide } from "#domain/approval.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { Schema } from "./schema.ts";
import type { ApprovalTable } from "./schema-refunds.ts";
import { inScope } from "./scope.ts";

/** One approval as its row is now; undefined when there is none. */
export function approvalRow(tx: Tx, id: string): Promise<ApprovalTable | undefined> {
  return tx.selectFrom("approval").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Adds a request. The key (kind, object) allows one for each object. */
export async function addApproval(tx: Tx, row: ApprovalTable): Promise<void> {
  await tx.insertInto("approval").values(row).execute();
}

/** Ends a request that is still open and still the version that was looked at; false when it is not. */
export async function endApproval(
  tx: Tx,
  input: { id: string; version: number; to: ApprovalState; by: string; reason: string; at: Instant },
): Promise<boolean> {
  const result = await tx
    .updateTable("approval")
    .set((eb) => ({
      state: input.to,
      decided_by: input.by,
      decided_at: input.at,
      decision_reason: input.reason,
      updated_at: input.at,
      version: eb("version", "+", 1),
    }))
    .where("id", "=", input.id)
    .where("state", "=", "requested")
    .where("version", "=", input.version)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Open requests whose time is over, oldest first. */
export async function overdueApprovals(
  tx: Tx,
  now: Instant,
  limit: number,
): Promise<{ id: string; version: number }[]> {
  return tx
    .selectFrom("approval")
    .select(["id", "version"])
    .where("state", "=", "requested")
    .where("expires_at", "<=", now)
    .orderBy("expires_at")
    .limit(limit)
    .execute();
}

/** One approval for a page; null when the caller may not see it. */
export async function approvalView(tx: Tx, actor: Actor, id: string, now: Instant): Promise<Approval | null> {
  const row = await seen(tx, actor).where("approval.id", "=", id).executeTakeFirst();
  return row ? toApproval(row, actor, now) : null;
}

/** What waits for the caller, what he asked for, or all that he may see; newest first. */
export async function approvalViews(
  tx: Tx,
  actor: Actor,
  input: { view: ApprovalView; before?: string | undefined; limit: number; now: Instant },
): Promise<{ items: Approval[]; more: boolean }> {
  const rows = await seen(tx, actor)
    .$if(input.view === "mine", (query) => query.where("approval.requested_by", "=", actor.login))
    .$if(input.view === "to_decide", (query) =>
      query
        .where("approval.state", "=", "requested")
        .where("approval.requested_by", "<>", actor.login)
        .where("approval.kind", "in", decidable(actor)),
    )
    .$if(input.before !== undefined, (query) => query.where("approval.id", "<", input.before ?? ""))
    .orderBy("approval.id", "desc")
    .limit(input.limit + 1)
    .execute();
  return {
    items: rows.slice(0, input.limit).map((row) => toApproval(row, actor, input.now)),
    more: rows.length > input.limit,
  };
}

/** How many requests wait for the caller. */
export async function approvalsWaiting(tx: Tx, actor: Actor): Promise<number> {
  const row = await seen(tx, actor)
    .clearSelect()
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("approval.state", "=", "requested")
    .where("approval.requested_by", "<>", actor.login)
    .where("approval.kind", "in", decidable(actor))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Kinds that the caller may decide about; never empty, because an empty list is no SQL. */
function decidable(actor: Actor): ApprovalKind[] {
  const kinds = (Object.keys(approvalKinds) as ApprovalKind[]).filter((kind) =>
    actor.permissions.has(approvalKinds[kind].decidedBy),
  );
  return kinds.length > 0 ? kinds : ["none" as ApprovalKind];
}

/**
 * His own requests, and those about meters of his scope that he might decide; what is about a list of meters needs all of them, what is about
 * no meter the whole scope.
 */
function seen(tx: Tx, actor: Actor) {
  return tx
    .selectFrom("approval")
    .where((eb) =>
      eb.or([
        eb("approval.requested_by", "=", actor.login),
        eb.and([
          eb("approval.kind", "in", decidable(actor)),
          actor.scope.all
            ? sql<SqlBool>`1 = 1`
            : eb.exists(
                eb
                  .selectFrom("meter")
                  .select("meter.id")
                  .whereRef("meter.id", "=", "approval.meter_id")
                  .where((inner) => inScope(inner, actor.scope)),
              ),
        ]),
        eb.and([eb("approval.kind", "in", decidable(actor)), isWholeBatchIn(eb, actor.scope)]),
      ]),
    )
    .selectAll("approval");
}

/** Whether a request is about a batch of meters of which none is outside the scope. */
function isWholeBatchIn(eb: ExpressionBuilder<Schema, "approval">, scope: Scope): Expression<SqlBool> {
  const meters = eb
    .selectFrom("switch_batch")
    .innerJoin("switch_batch_meter", "switch_batch_meter.batch_id", "switch_batch.id")
    .innerJoin("meter", "meter.id", "switch_batch_meter.meter_id")
    .select("switch_batch.id")
    .whereRef("switch_batch.approval_id", "=", "approval.id");
  const outside = meters.where((inner) =>
    inner.not(inScope(inner as unknown as ExpressionBuilder<Schema, "meter">, scope)),
  );
  return eb.and([eb.exists(meters), eb.not(eb.exists(outside))]);
}

function toApproval(row: ApprovalTable, actor: Actor, now: Instant): Approval {
  const { kind, state, requested_by: requestedBy, expires_at: expiresAt } = row;
  return {
    id: row.id,
    kind,
    object: row.object,
    meterId: row.meter_id,
    amount: formatMoney(money(row.amount_e4)),
    summary: JSON.parse(row.summary) as Approval["summary"],
    reason: row.reason,
    state,
    requestedBy,
    requestedAt: row.requested_at,
    expiresAt,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    decisionReason: row.decision_reason,
    version: row.version,
    mine: requestedBy === actor.login,
    whyNot: whyNotDecide({ kind, state, requestedBy, expiresAt }, actor, now),
  };
}
