import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { AppError, assert } from "#base/errors.ts";
import { SECOND_MS } from "#base/time.ts";
import { consoleRoutes } from "./console.ts";
import type { DoorDeps } from "./deps.ts";
import { healthRoute } from "./health.ts";
import { metricsRoute } from "./metrics.ts";
import { handleError } from "./refusals.ts";

/** The collector's own HTTP door while it is open. */
export type Door = { port: number; close(): Promise<void> };

/** The largest request: what an operator types is a few hundred bytes. */
const BODY_BYTES_MAX = 64 * 1024;
/** A request must have arrived completely by then: slow senders hold no sockets. */
const REQUEST_MS_MAX = 30 * SECOND_MS;

/**
 * Opens the collector's HTTP door (管理口): health, metrics and the keyed interface of its terminal client. It is apart from
 * the server's pages, so that a collector can be looked at where no server runs.
 */
export async function openDoor(deps: DoorDeps): Promise<Door> {
  const app = buildDoor(deps);
  await app.listen({ host: deps.config.doorHost, port: deps.config.doorPort });
  const address: string | AddressInfo | null = app.server.address();
  assert(typeof address === "object" && address !== null, "the door has a port");
  return { port: address.port, close: () => app.close() };
}

/** The routes of the door; does not listen. */
export function buildDoor(deps: DoorDeps): FastifyInstance {
  const { ctx } = deps;
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    genReqId: () => ctx.newId(ctx.clock()),
    // Streams have no end of their own: closing would wait for them for ever.
    forceCloseConnections: true,
  });
  app.setErrorHandler((error, request, reply) => handleError(ctx.log, error, request, reply));
  app.setNotFoundHandler((request, reply) => handleError(ctx.log, new AppError("not_found"), request, reply));
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
  });
  healthRoute(app, deps);
  metricsRoute(app, deps);
  consoleRoutes(app, deps);
  return app;
}
