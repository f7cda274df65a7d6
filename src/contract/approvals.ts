import { z } from "zod";
import { approvalKinds, approvalStates } from "#domain/approval.ts";

const yuan = z.string();
const at = z.number().int();
const kinds = Object.keys(approvalKinds) as [keyof typeof approvalKinds];

/** One request for a second person (审批). `summary` says what it is about, by keys that the page has words for. */
export const approval = z.object({
  id: z.string(),
  kind: z.enum(kinds),
  /** `refund:F…`: what is waiting. */
  object: z.string(),
  meterId: z.number().int().nullable(),
  amount: yuan,
  summary: z.record(z.string(), z.union([z.string(), z.number()])),
  reason: z.string(),
  state: z.enum(approvalStates),
  requestedBy: z.string(),
  requestedAt: at,
  expiresAt: at,
  decidedBy: z.string().nullable(),
  decidedAt: at.nullable(),
  decisionReason: z.string(),
  version: z.number().int(),
  /** Whether the caller asked for it, and why he may not decide about it; null when he may. */
  mine: z.boolean(),
  whyNot: z.enum(["not_permitted", "same_person", "not_open", "expired"]).nullable(),
});
export type Approval = z.infer<typeof approval>;

/** GET /api/approvals?view=…: what waits for me, what I asked for, or everything that I may see; newest first. */
export const approvalQuery = z.object({
  view: z.enum(["to_decide", "mine", "all"]).default("to_decide"),
  before: z.string().max(24).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type ApprovalView = z.infer<typeof approvalQuery>["view"];
export const approvals = z.object({ items: z.array(approval), more: z.boolean(), waiting: z.number().int() });
export type Approvals = z.infer<typeof approvals>;

/**
 * POST /api/approvals/:id/decision. `version` is that of the request that was looked at; `seen` is the hash of the list that was, for
 * requests about a list. Rejecting needs a reason.
 */
export const decisionRequest = z.object({
  verdict: z.enum(["approve", "reject"]),
  version: z.number().int().min(0),
  seen: z.string().max(64).optional(),
  reason: z.string().trim().max(200).default(""),
});
export type DecisionRequest = z.input<typeof decisionRequest>;

/** POST /api/approvals/:id/withdraw: by the one who asked, while nobody has decided. */
export const approvalWithdrawRequest = z.object({ reason: z.string().trim().max(200).default("") });

/** When a second person is asked, by kind. `limit` in yuan: above it; 0 means always. `fixed`: nobody can change it. */
export const approvalRule = z.object({ kind: z.enum(kinds), on: z.boolean(), limit: yuan, fixed: z.boolean() });
export type ApprovalRuleView = z.infer<typeof approvalRule>;
/** GET /api/approval-rules. */
export const approvalRules = z.object({ items: z.array(approvalRule) });
/** POST /api/approval-rules: sets one. */
export const approvalRuleRequest = z.object({
  kind: z.enum(kinds),
  on: z.boolean(),
  limit: z.string().max(20),
  reason: z.string().trim().min(1).max(200),
});
export type ApprovalRuleRequest = z.infer<typeof approvalRuleRequest>;
