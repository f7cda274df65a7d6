import { AppError } from "#base/errors.ts";
import { loadGuard, loadGuardRequest, releaseRequest } from "#contract/load-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { releaseLoadGuard, setLoadGuard } from "#flows/load-guard.ts";
import { loadGuardView } from "#flows/load-guard-view.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const reasonMistake = { reason: () => new AppError("reason_required") };
const noteMistake = { note: () => new AppError("load_guard_note_short") };

/** The guard over the load of a meter (安全用电): what it watches for, what it did, and letting go of it. */
export function loadGuardRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const missing = "meter_not_found";

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/load-guard",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: loadGuard,
    missing,
    handle: ({ actor, params }) => seen(actor, params.id),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/load-guard",
    access: "loadguard.set",
    stepUp: true,
    params: meterParams,
    query: nothing,
    body: loadGuardRequest,
    mistakes: reasonMistake,
    answer: loadGuard,
    missing,
    async handle({ actor, params, body, ip }) {
      await setLoadGuard(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      return seen(actor, params.id);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/load-guard/release",
    access: "loadguard.release",
    stepUp: true,
    params: meterParams,
    query: nothing,
    body: releaseRequest,
    mistakes: noteMistake,
    answer: loadGuard,
    missing,
    async handle({ actor, params, body, ip }) {
      await releaseLoadGuard(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      return seen(actor, params.id);
    },
  });

  async function seen(actor: Actor, meterId: number) {
    const view = await loadGuardView(ctx.db.read, actor.scope, meterId);
    if (view === null) throw new AppError(missing);
    return view;
  }
}
