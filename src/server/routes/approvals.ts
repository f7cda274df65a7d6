import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { formatMoney } from "#base/units.ts";
import {
  approval,
  approvalQuery,
  approvalRuleRequest,
  approvalRules,
  approvals,
  approvalWithdrawRequest,
  decisionRequest,
} from "#contract/approvals.ts";
import { type ApprovalKind, approvalKinds, isFixedRule } from "#domain/approval.ts";
import type { Actor } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { decideApproval, setApprovalRule, withdrawApproval } from "#flows/decide-approval.ts";
import { approvalRuleOf } from "#store/approval-rules.ts";
import { approvalsWaiting, approvalView, approvalViews } from "#store/approvals.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const idParams = z.object({ id: z.string().regex(/^[\w-]{1,20}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Everything below /api/approvals: who may see and decide what follows from the kind of each, so a session is enough to ask. */
export function approvalRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/approvals",
    access: "logged_in",
    params: nothing,
    query: approvalQuery,
    body: nothing,
    answer: approvals,
    async handle({ actor, query }) {
      const page = await approvalViews(ctx.db.read, actor, { ...query, now: ctx.clock() });
      return { ...page, waiting: await approvalsWaiting(ctx.db.read, actor) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/approvals/:id",
    access: "logged_in",
    params: idParams,
    query: nothing,
    body: nothing,
    answer: approval,
    missing: "approval_not_found",
    handle: ({ actor, params }) => seen(routes, actor, params.id),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/approvals/:id/decision",
    access: "logged_in",
    stepUp: ({ verdict }) => verdict === "approve",
    params: idParams,
    query: nothing,
    body: decisionRequest,
    answer: approval,
    missing: "approval_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await decideApproval(ctx, approvalEffects, actor, { id: params.id, ...body, ip });
      nudge();
      return seen(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/approvals/:id/withdraw",
    access: "logged_in",
    params: idParams,
    query: nothing,
    body: approvalWithdrawRequest,
    answer: approval,
    missing: "approval_not_found",
    async handle({ actor, params, body, ip }) {
      await withdrawApproval(ctx, approvalEffects, actor, { id: params.id, reason: body.reason, ip });
      nudge();
      return seen(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/approval-rules",
    access: "logged_in",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: approvalRules,
    async handle() {
      const kinds = Object.keys(approvalKinds) as ApprovalKind[];
      const items = [];
      for (const kind of kinds) {
        const { on, limit } = await approvalRuleOf(ctx.db.read, kind);
        items.push({ kind, on, limit: formatMoney(limit), fixed: isFixedRule(kind) });
      }
      return { items };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/approval-rules",
    access: "settings.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: approvalRuleRequest,
    answer: approvalRules.shape.items.element,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await setApprovalRule(ctx, actor, { ...body, ip });
      const { on, limit } = await approvalRuleOf(ctx.db.read, body.kind);
      return { kind: body.kind, on, limit: formatMoney(limit), fixed: isFixedRule(body.kind) };
    },
  });
}

async function seen({ ctx }: Routes, actor: Actor, id: string) {
  const found = await approvalView(ctx.db.read, actor, id, ctx.clock());
  if (found === null) throw new AppError("approval_not_found");
  return found;
}
