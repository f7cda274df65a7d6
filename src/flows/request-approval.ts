import { DAY_MS, type Instant, later } from "#base/time.ts";
import type { Money } from "#base/units.ts";
import { type ApprovalKind, needsApproval } from "#domain/approval.ts";
import { approvalRuleOf } from "#store/approval-rules.ts";
import { addApproval } from "#store/approvals.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import type { FlowContext } from "./context.ts";

/** A request that nobody decides ends by itself: what it rests on is old by then. */
export const APPROVAL_MS = 7 * DAY_MS;

/** What a second person is asked. `summary` is shown to him; its keys have words on the page. */
export type ApprovalRequest = {
  kind: ApprovalKind;
  /** What waits, with its kind: `refund:F20260801000001`. Never the same twice. */
  object: string;
  /** Puts the request into the scopes that hold this meter; null: only who sees everything may decide. */
  meterId: number | null;
  amount: Money;
  summary: Readonly<Record<string, string | number>>;
  reason: string;
  by: string;
  ip: string;
  /** When it ends by itself; {@link APPROVAL_MS} from now when it is not said. */
  expiresAt?: Instant;
};

/**
 * Asks a second person (审批) where the rule of the kind wants one. Answers the id of the request, or null when nobody needs to be
 * asked: then the caller goes on at once. In the transaction of what waits, so that neither is there without the other.
 */
export async function askForApproval(
  ctx: FlowContext,
  tx: Tx,
  request: ApprovalRequest,
  now: Instant,
): Promise<string | null> {
  if (!needsApproval(await approvalRuleOf(tx, request.kind), request.amount)) return null;
  const id = ctx.newId(now);
  await addApproval(tx, {
    id,
    kind: request.kind,
    object: request.object,
    meter_id: request.meterId,
    amount_e4: request.amount,
    summary: JSON.stringify(request.summary),
    reason: request.reason,
    state: "requested",
    requested_by: request.by,
    requested_at: now,
    expires_at: request.expiresAt ?? later(now, APPROVAL_MS),
    decided_by: null,
    decided_at: null,
    decision_reason: "",
    version: 0,
    updated_at: now,
  });
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: request.by,
    action: "approval.request",
    object: request.object,
    before: null,
    after: { approval: id, kind: request.kind, ...request.summary },
    reason: request.reason,
    ip: request.ip,
  });
  return id;
}
