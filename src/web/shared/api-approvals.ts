import type {
  Approval,
  ApprovalRuleRequest,
  ApprovalRuleView,
  Approvals,
  ApprovalView,
  DecisionRequest,
} from "#contract/approvals.ts";
import { call, get } from "./api.ts";

export const getApprovals = (view: ApprovalView, before: string | null) =>
  get<Approvals>(`/api/approvals?${new URLSearchParams({ view, ...(before === null ? {} : { before }) })}`);
export const getApproval = (id: string) => get<Approval>(`/api/approvals/${encodeURIComponent(id)}`);
export const postDecision = (id: string, request: DecisionRequest) =>
  call<Approval>("POST", `/api/approvals/${encodeURIComponent(id)}/decision`, { body: request });
export const postApprovalWithdraw = (id: string, reason: string) =>
  call<Approval>("POST", `/api/approvals/${encodeURIComponent(id)}/withdraw`, { body: { reason } });
export const getApprovalRules = () => get<{ items: ApprovalRuleView[] }>("/api/approval-rules");
export const postApprovalRule = (request: ApprovalRuleRequest) =>
  call<ApprovalRuleView>("POST", "/api/approval-rules", { body: request });

/** Keys of what the pages keep about approvals. */
export const approvalKeys = {
  all: ["approvals"] as const,
  one: (id: string) => ["approvals", "one", id] as const,
  list: (view: ApprovalView) => ["approvals", view] as const,
  rules: ["approval-rules"] as const,
};
