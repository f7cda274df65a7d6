import { AppError } from "#base/errors.ts";
import {
  currentQuery,
  currentReport,
  dayQuery,
  dayReport,
  matrixQuery,
  matrixReport,
  meterPeriodQuery,
  meterReport,
  periodQuery,
  periodReport,
  readingsQuery,
  readingsReport,
  slotsQuery,
} from "#contract/reports.ts";
import { readingsReport as loadReadings } from "#store/doubts.ts";
import { currentReport as loadCurrent, dayReport as loadDay, matrixReport as loadMatrix } from "#store/report-days.ts";
import { meterReport as loadMeter, periodReport as loadPeriod } from "#store/report-periods.ts";
import { dayAsked, monthAsked, periodAsked } from "../asked-day.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { meterFile } from "../excel/report-files.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const language = { language: exportLanguage };

/** Everything below /api/reports. Reports read days and roll-ups only, and tell as of when they hold. */
export function reportRoutes(routes: Routes): void {
  const { ctx } = routes;
  const { db } = ctx;
  const common = { method: "GET", access: "report.view", params: nothing, body: nothing } as const;

  addRoute(routes, {
    ...common,
    path: "/api/reports/current",
    query: currentQuery,
    answer: currentReport,
    async handle({ actor, query }) {
      return loadCurrent(db.read, actor.scope, { ...query, staleOnly: query.stale === "true", now: ctx.clock() });
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/current/export",
    query: currentQuery.extend(language),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.current.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/matrix",
    query: matrixQuery,
    answer: matrixReport,
    async handle({ actor, query }) {
      return loadMatrix(db.read, actor.scope, { ...query, month: monthAsked(query.month) });
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/matrix/export",
    query: matrixQuery.extend(language),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.matrix.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/day",
    query: dayQuery,
    answer: dayReport,
    async handle({ actor, query }) {
      return loadDay(db.read, actor.scope, { ...query, day: dayAsked(query.day) });
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/day/export",
    query: dayQuery.extend(language),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.day.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/readings/export",
    query: slotsQuery.extend(language),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.readings.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/period",
    query: periodQuery,
    answer: periodReport,
    async handle({ actor, query }) {
      const found = await loadPeriod(db.read, actor.scope, { ...query, period: periodAsked(query.period) });
      if (found === null) throw new AppError("area_not_found");
      return found;
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/period/export",
    query: periodQuery.extend(language),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.period.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/meters/:id",
    params: meterParams,
    query: meterPeriodQuery,
    answer: meterReport,
    missing: "meter_not_found",
    async handle({ actor, params, query }) {
      return seen(await loadMeter(db.read, actor.scope, params.id, periodAsked(query.period)));
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/meters/:id/export",
    params: meterParams,
    query: meterPeriodQuery.extend(language),
    answer: fileAnswer,
    missing: "meter_not_found",
    async handle({ actor, params, query, reply }) {
      const found = seen(await loadMeter(db.read, actor.scope, params.id, periodAsked(query.period)));
      return excelAnswer(reply, ctx.log, await meterFile(ctx, actor, found, query.language));
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/meters/:id/readings",
    params: meterParams,
    query: readingsQuery,
    answer: readingsReport,
    missing: "meter_not_found",
    async handle({ actor, params, query }) {
      return seen(await loadReadings(db.read, actor.scope, params.id, dayAsked(query.day)));
    },
  });
}

function seen<T>(found: T | null): T {
  if (found === null) throw new AppError("meter_not_found");
  return found;
}
