import { rankingQuery, rankingReport } from "#contract/ranking.ts";
import { rankingReport as loadRanking } from "#store/ranking.ts";
import { rankingAsked } from "../asked-day.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** Below /api/reports/ranking: who used most (用量排行). */
export function rankingRoutes(routes: Routes): void {
  const common = { method: "GET", access: "report.view", params: nothing, body: nothing } as const;

  addRoute(routes, {
    ...common,
    path: "/api/reports/ranking",
    query: rankingQuery,
    answer: rankingReport,
    handle: ({ actor, query }) => loadRanking(routes.ctx.db.read, actor.scope, rankingAsked(query)),
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/ranking/export",
    query: rankingQuery.extend({ language: exportLanguage }),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.ranking.of(query), query.language);
    },
  });
}
