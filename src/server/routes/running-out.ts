import { runningOutQuery, runningOutReport, toldAnswer, toldRequest } from "#contract/running-out.ts";
import { noteTold } from "#flows/tell-customers.ts";
import { runningOutReport as loadRunningOut } from "#store/running-out.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** Below /api/reports/running-out: whose credit runs out soon (即将用完), and that they were told. */
export function runningOutRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/reports/running-out",
    access: "customer.view",
    params: nothing,
    query: runningOutQuery,
    body: nothing,
    answer: runningOutReport,
    handle: ({ actor, query }) => loadRunningOut(ctx.db.read, actor.scope, { ...query, now: ctx.clock() }),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/reports/running-out/export",
    access: "customer.view",
    params: nothing,
    query: runningOutQuery.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.runningOut.of(query), query.language),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/reports/running-out/told",
    access: "alarm.handle",
    params: nothing,
    query: nothing,
    body: toldRequest,
    answer: toldAnswer,
    handle: async ({ actor, body, ip }) => ({ meterIds: await noteTold(ctx, actor, { ...body, ip }) }),
  });
}
