import { completenessQuery, completenessReport, missingQuery, missingReport } from "#contract/completeness.ts";
import { completenessOf, missingOf } from "#flows/completeness.ts";
import { dayAsked } from "../asked-day.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { completenessFile } from "../excel/completeness-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** Below /api/reports/completeness: how many daily freezes are there, which are not, and why. */
export function completenessRoutes(routes: Routes): void {
  const { ctx } = routes;
  const common = { method: "GET", access: "report.view", params: nothing, body: nothing } as const;

  addRoute(routes, {
    ...common,
    path: "/api/reports/completeness",
    query: completenessQuery,
    answer: completenessReport,
    handle: ({ actor, query }) => completenessOf(ctx, actor.scope, { ...query, day: dayAsked(query.day) }),
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/completeness/missing",
    query: missingQuery,
    answer: missingReport,
    handle: ({ actor, query }) => missingOf(ctx, actor.scope, { ...query, day: dayAsked(query.day) }),
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/completeness/export",
    query: completenessQuery.extend({ language: exportLanguage }),
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      excelAnswer(reply, ctx.log, await completenessFile(ctx, actor, { ...query, day: dayAsked(query.day) })),
  });
}
