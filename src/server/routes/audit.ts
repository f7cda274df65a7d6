import { AppError } from "#base/errors.ts";
import { auditFilter, auditPage, auditQuery, auditSummary } from "#contract/audit.ts";
import type { Actor } from "#domain/permission.ts";
import { auditChainNow } from "#store/audit-checks.ts";
import { auditChoices, auditPage as loadPage } from "#store/audit-pages.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** A row may tell of any meter and anybody: who sees only some meters sees none of it. */
export function demandAllMeters(actor: Actor): void {
  if (!actor.scope.all) throw new AppError("audit_needs_all_meters");
}

/** Everything below /api/audit: who did what, and whether it is still as it was written down. */
export function auditRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/audit",
    access: "audit.view",
    params: nothing,
    query: auditQuery,
    body: nothing,
    answer: auditPage,
    async handle({ actor, query }) {
      demandAllMeters(actor);
      return loadPage(ctx.db.read, query);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/audit/summary",
    access: "audit.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: auditSummary,
    async handle({ actor }) {
      demandAllMeters(actor);
      return { ...(await auditChoices(ctx.db.read)), chain: await auditChainNow(ctx.db.read) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/audit/file",
    access: "audit.view",
    params: nothing,
    query: auditFilter.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.audit.of(query), query.language),
  });
}
