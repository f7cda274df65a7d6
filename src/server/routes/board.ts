import { board } from "#contract/metering.ts";
import { boardOf, tileFacts } from "#store/board.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** GET /api/board. */
export function boardRoutes(routes: Routes): void {
  addRoute(routes, {
    method: "GET",
    path: "/api/board",
    access: "board.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: board,
    async handle({ actor }) {
      // As of before the tiles were read: what changes meanwhile comes over the live channel.
      const asOf = routes.ctx.clock();
      return boardOf(await tileFacts(routes.ctx.db.read, actor.scope), asOf);
    },
  });
}
