import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  areaList,
  meterDetail,
  meterEvents,
  meterFrames,
  meterHits,
  meterLastDay,
  meterSearch,
} from "#contract/metering.ts";
import { lastDay } from "#domain/last-day.ts";
import { shownFrame } from "#protocol/explain-frame.ts";
import { areasInScope } from "#store/areas.ts";
import { lastDayFacts } from "#store/last-day.ts";
import {
  meterEvents as loadEvents,
  meterFrames as loadFrames,
  meterDetail as loadMeter,
  searchMeters,
} from "#store/meter-pages.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** `:id` of a meter in a path. */
export const meterParams = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});

/** Events in the drawer: a few weeks of an ordinary meter. */
const EVENTS_MAX = 100;

/** GET /api/meters and everything below a meter. What lies outside the caller's scope does not exist for him. */
export function meterRoutes(routes: Routes): void {
  const { db, clock } = routes.ctx;

  addRoute(routes, {
    method: "GET",
    path: "/api/meters",
    access: "meter.view",
    params: nothing,
    query: meterSearch,
    body: nothing,
    answer: meterHits,
    async handle({ actor, query }) {
      return searchMeters(db.read, actor.scope, query.search, query.limit);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/areas",
    access: "logged_in",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: areaList,
    async handle({ actor }) {
      return { items: await areasInScope(db.read, actor.scope) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: meterDetail,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      return seen(await loadMeter(db.read, actor.scope, params.id));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/events",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: meterEvents,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      return { items: seen(await loadEvents(db.read, actor.scope, params.id, EVENTS_MAX)) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/last-day",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: meterLastDay,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      const asOf = clock();
      return { asOf, hours: lastDay(seen(await lastDayFacts(db.read, actor.scope, params.id, asOf))) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/frames",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: meterFrames,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      return { items: seen(await loadFrames(db.read, actor.scope, params.id)).map(shownFrame) };
    },
  });
}

function seen<T>(found: T | null): T {
  if (found === null) throw new AppError("meter_not_found");
  return found;
}
