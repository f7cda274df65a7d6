import { AppError } from "#base/errors.ts";
import { correctionAnswer, correctionRequest, doubtEvidence, doubts } from "#contract/doubts.ts";
import { correctReading } from "#flows/correct-reading.ts";
import { doubtRows, doubtEvidence as loadEvidence } from "#store/doubts.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

/** Doubted readings, the evidence, and what a person decides about them. */
export function doubtRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/doubts",
    access: "report.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: doubts,
    async handle({ actor }) {
      return { items: await doubtRows(ctx.db.read, actor.scope) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/doubts/:id",
    access: "report.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: doubtEvidence,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      const found = await loadEvidence(ctx.db.read, actor.scope, params.id);
      if (found === null) throw new AppError("meter_not_found");
      return found;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/corrections",
    access: "reading.correct",
    params: meterParams,
    query: nothing,
    body: correctionRequest,
    answer: correctionAnswer,
    missing: "meter_not_found",
    mistakes: { reason: () => new AppError("reason_required") },
    async handle({ actor, params, body, ip }) {
      const done = await correctReading(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      return done;
    },
  });
}
