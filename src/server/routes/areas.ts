import { z } from "zod";
import { areaMovePreview, areaMoveQuery, areaMoveRequest, areaTreeAnswer } from "#contract/areas.ts";
import { moveArea, previewAreaMove } from "#flows/move-area.ts";
import { movableTree } from "#store/area-moves.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const params = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});
const missing = "area_not_found";

/** The tree of areas (片区), and moving one in it. */
export function areaRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/areas/tree",
    access: "meter.manage",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: areaTreeAnswer,
    handle: ({ actor }) => movableTree(ctx.db.read, actor.scope),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/areas/:id/move-preview",
    access: "meter.manage",
    params,
    query: areaMoveQuery,
    body: nothing,
    answer: areaMovePreview,
    missing,
    handle: ({ actor, params, query }) =>
      previewAreaMove(ctx.db.read, actor, { areaId: params.id, parentId: query.parentId }),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/areas/:id/move",
    access: "meter.manage",
    stepUp: true,
    params,
    query: nothing,
    body: areaMoveRequest,
    answer: areaTreeAnswer,
    missing,
    async handle({ actor, params, body, ip }) {
      await moveArea(ctx, actor, { ...body, areaId: params.id, ip });
      nudge();
      return movableTree(ctx.db.read, actor.scope);
    },
  });
}
