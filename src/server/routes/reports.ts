import { AppError } from "#base/errors.ts";
import {
  currentQuery,
  currentReport,
  curveQuery,
  dayQuery,
  dayReport,
  matrixQuery,
  matrixReport,
  meterCurve,
  meterPeriodFileQuery,
  meterPeriodQuery,
  meterReport,
  meterSlots,
  meterSlotsFileQuery,
  meterSlotsQuery,
  periodQuery,
  periodReport,
  readingsQuery,
  readingsReport,
  slotsQuery,
} from "#contract/reports.ts";
import { comparedPeriod } from "#domain/compared-period.ts";
import { readingsReport as loadReadings } from "#store/doubts.ts";
import { meterCurve as loadCurve, meterSlots as loadSlots } from "#store/meter-slots.ts";
import { currentReport as loadCurrent, dayReport as loadDay, matrixReport as loadMatrix } from "#store/report-days.ts";
import { meterReport as loadMeter, periodReport as loadPeriod } from "#store/report-periods.ts";
import { dayAsked, monthAsked, periodAsked } from "../asked-day.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { meterFile, meterSlotsFile } from "../excel/meter-files.ts";
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
    query: meterPeriodFileQuery.extend(language),
    answer: fileAnswer,
    missing: "meter_not_found",
    async handle({ actor, params, query, reply }) {
      const period = periodAsked(query.period);
      const found = seen(await loadMeter(db.read, actor.scope, params.id, period));
      const then = query.compare === undefined ? null : comparedPeriod(period, query.compare);
      const compared = then === null ? null : await loadMeter(db.read, actor.scope, params.id, then);
      return excelAnswer(reply, ctx.log, await meterFile(ctx, actor, found, { language: query.language, compared }));
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

  addRoute(routes, {
    ...common,
    path: "/api/reports/meters/:id/slots",
    params: meterParams,
    query: meterSlotsQuery,
    answer: meterSlots,
    missing: "meter_not_found",
    async handle({ actor, params, query }) {
      const asked = { day: dayAsked(query.day), minutes: Number(query.minutes) };
      return seen(await loadSlots(db.read, actor.scope, params.id, asked));
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/meters/:id/slots/export",
    params: meterParams,
    query: meterSlotsFileQuery.extend(language),
    answer: fileAnswer,
    missing: "meter_not_found",
    async handle({ actor, params, query, reply }) {
      const { hour, compare } = query;
      const asked = { day: dayAsked(query.day), minutes: Number(query.minutes) };
      const found = seen(await loadSlots(db.read, actor.scope, params.id, asked));
      const then = compare === undefined ? null : comparedPeriod(asked.day, compare);
      const compared =
        then === null ? null : await loadSlots(db.read, actor.scope, params.id, { ...asked, day: dayAsked(then) });
      const shown = { language: query.language, hour, compared };
      return excelAnswer(reply, ctx.log, await meterSlotsFile(ctx, actor, found, shown));
    },
  });

  addRoute(routes, {
    ...common,
    path: "/api/reports/meters/:id/curve",
    params: meterParams,
    query: curveQuery,
    answer: meterCurve,
    missing: "meter_not_found",
    async handle({ actor, params, query }) {
      return seen(await loadCurve(db.read, actor.scope, params.id, dayAsked(query.day)));
    },
  });
}

function seen<T>(found: T | null): T {
  if (found === null) throw new AppError("meter_not_found");
  return found;
}
