import { board } from "#contract/metering.ts";
import type { Boards } from "../boards.ts";
import { answerWith } from "../compression.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** GET /api/board. */
export function boardRoutes(routes: Routes, boards: Boards): void {
  addRoute(routes, {
    method: "GET",
    path: "/api/board",
    access: "board.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: board,
    async handle({ actor, reply }) {
      const { board, sent } = await boards.of(actor);
      answerWith(reply, sent);
      return board;
    },
  });
}
