import { AppError } from "#base/errors.ts";
import { lossPlace, lossPlaceParams, lossPlaceQuery, lossQuery, lossReport } from "#contract/losses.ts";
import { lossPlace as loadPlace, lossReport as loadReport } from "#store/losses.ts";
import { dayOrPeriodAsked } from "../asked-day.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { lossPlaceFile } from "../excel/losses-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** Below /api/reports/losses: what master meters measured and the meters below them did not (线损). */
export function lossRoutes(routes: Routes): void {
  const { ctx } = routes;
  const common = { method: "GET", access: "report.view", params: nothing, body: nothing } as const;
  const language = { language: exportLanguage };

  addRoute(routes, {
    ...common,
    path: "/api/reports/losses",
    query: lossQuery,
    answer: lossReport,
    handle: ({ actor, query }) =>
      loadReport(ctx.db.read, actor.scope, { ...query, period: dayOrPeriodAsked(query.period) }),
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/losses/export",
    query: lossQuery.extend(language),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.losses.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/losses/:type/:id",
    params: lossPlaceParams,
    query: lossPlaceQuery,
    answer: lossPlace,
    missing: "loss_place_not_found",
    async handle({ actor, params, query }) {
      const asked = { ...params, ...query, period: dayOrPeriodAsked(query.period) };
      return seen(await loadPlace(ctx.db.read, actor.scope, asked));
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/losses/:type/:id/export",
    params: lossPlaceParams,
    query: lossPlaceQuery.extend(language),
    answer: fileAnswer,
    missing: "loss_place_not_found",
    async handle({ actor, params, query, reply }) {
      const asked = { ...params, ...query, period: dayOrPeriodAsked(query.period) };
      const found = seen(await loadPlace(ctx.db.read, actor.scope, asked));
      return excelAnswer(reply, ctx.log, await lossPlaceFile(ctx, actor, found, query.language));
    },
  });
}

function seen<T>(found: T | null): T {
  if (found === null) throw new AppError("loss_place_not_found");
  return found;
}
