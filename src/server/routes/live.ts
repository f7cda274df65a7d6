import { Readable } from "node:stream";
import { z } from "zod";
import { AppError, assert } from "#base/errors.ts";
import { openConnection } from "../live/connection.ts";
import type { LiveHub } from "../live/hub.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const RETRY_SECONDS = 10;

/** GET /api/live: an endless answer, ended when the session ends, its rights change, or the server stops. */
export function liveRoutes(routes: Routes, hub: LiveHub): void {
  addRoute(routes, {
    method: "GET",
    path: "/api/live",
    access: "logged_in",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: z.instanceof(Readable),
    async handle({ actor, token, reply }) {
      assert(token !== null, "who is logged in has a token");
      const connection = openConnection();
      if (!hub.join({ connection, actor, token })) throw new AppError("too_many_requests", { seconds: RETRY_SECONDS });
      reply.headers({ "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
      return connection.stream;
    },
  });
}
