import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import {
  calendarChange,
  calendarQuery,
  calendarYear,
  cutPreview,
  cutQuery,
  emergencyRequest,
  guardRequest,
  noCutRequest,
  noCutWindows,
  overdraftRequest,
  supply,
} from "#contract/supply.ts";
import { type DayKind, dayKinds } from "#domain/calendar.ts";
import type { Actor } from "#domain/permission.ts";
import { previewCuts } from "#flows/cut-preview.ts";
import { editCalendar } from "#flows/edit-calendar.ts";
import { removeNoCutWindow, saveNoCutWindow } from "#flows/edit-no-cut.ts";
import { grantEmergency, setOverdraft, setSupplyGuard, supplyOf } from "#flows/supply-care.ts";
import { calendarOfYear } from "#store/calendar.ts";
import { coversWindow, noCutRows, placesOf } from "#store/no-cut.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const windowParams = z.object({ id: z.string().regex(/^[\w-]{1,20}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** What keeps supply on: calendar, no-cut windows, supply guard, overdraft, emergency credit; and who would be cut off tomorrow. */
export function supplyRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/calendar",
    access: "logged_in",
    params: nothing,
    query: calendarQuery,
    body: nothing,
    answer: calendarYear,
    handle: ({ query }) => yearView(routes, query.year),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/calendar",
    access: "calendar.manage",
    params: nothing,
    query: nothing,
    body: calendarChange,
    answer: calendarYear,
    async handle({ actor, body, ip }) {
      // Holidays are those of every site: who looks after a part of one does not change them.
      if (!actor.scope.all) throw new AppError("forbidden", { permission: "calendar.manage" });
      await editCalendar(ctx, actor, { days: body.days, ip });
      return yearView(routes, Number((body.days[0]?.day ?? "0").slice(0, 4)));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/no-cut-windows",
    access: "calendar.manage",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: noCutWindows,
    handle: ({ actor }) => windowViews(routes, actor),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/no-cut-windows",
    access: "calendar.manage",
    params: nothing,
    query: nothing,
    body: noCutRequest,
    answer: noCutWindows,
    async handle({ actor, body, ip }) {
      await saveNoCutWindow(ctx, actor, { ...body, ip });
      return windowViews(routes, actor);
    },
  });

  addRoute(routes, {
    method: "DELETE",
    path: "/api/no-cut-windows/:id",
    access: "calendar.manage",
    params: windowParams,
    query: z.object({ rev: z.coerce.number().int() }),
    body: nothing,
    answer: noCutWindows,
    missing: "no_cut_window_not_found",
    async handle({ actor, params, query, ip }) {
      await removeNoCutWindow(ctx, actor, { id: params.id, rev: query.rev, ip });
      return windowViews(routes, actor);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/cuts/preview",
    access: "calendar.manage",
    params: nothing,
    query: cutQuery,
    body: nothing,
    answer: cutPreview,
    handle: ({ actor, query }) => previewCuts(ctx, actor.scope, instant(query.at)),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/supply",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: supply,
    missing: "meter_not_found",
    handle: ({ actor, params }) => supplyView(routes, actor, params.id),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/guard",
    access: "calendar.manage",
    params: meterParams,
    query: nothing,
    body: guardRequest,
    answer: supply,
    missing: "meter_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await setSupplyGuard(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      return supplyView(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/overdraft",
    access: "price.manage",
    params: meterParams,
    query: nothing,
    body: overdraftRequest,
    answer: supply,
    missing: "meter_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await setOverdraft(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      return supplyView(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/emergency",
    access: "recharge.create",
    params: meterParams,
    query: nothing,
    body: emergencyRequest,
    answer: supply,
    missing: "meter_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await grantEmergency(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      return supplyView(routes, actor, params.id);
    },
  });
}

async function yearView({ ctx }: Routes, year: number) {
  const rows = await calendarOfYear(ctx.db.read, year);
  const items = rows.map(({ day, kind, name, provisional }) => ({ day, kind, name, provisional: provisional === 1 }));
  return { year, items };
}

/** The windows that hold somewhere in the caller's scope: all of the project's, and those that he may change. */
async function windowViews({ ctx }: Routes, actor: Actor) {
  const tx = ctx.db.read;
  const rows = await noCutRows(tx);
  const places = await placesOf(tx, rows);
  const items = [];
  for (const row of rows) {
    const mine = await coversWindow(tx, actor.scope, row);
    if (!mine && row.scope !== "project") continue;
    items.push({
      id: row.id,
      rev: row.rev,
      scope: row.scope,
      refId: row.ref_id,
      place: places.get(row.id) ?? "",
      name: row.name,
      days: row.days.split(",").filter((day): day is DayKind => dayKinds.some((kind) => kind === day)),
      fromMinute: row.from_minute,
      toMinute: row.to_minute,
      updatedBy: row.updated_by,
      updatedAt: row.updated_at,
      mine,
    });
  }
  return { items };
}

async function supplyView({ ctx }: Routes, actor: Actor, meterId: number) {
  const found = await supplyOf(ctx, actor, meterId);
  if (found === null) throw new AppError("meter_not_found");
  return found;
}
