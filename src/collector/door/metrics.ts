import type { FastifyInstance } from "fastify";
import { AppError } from "#base/errors.ts";
import { mayScrape } from "#system/metrics-access.ts";
import type { DoorDeps } from "./deps.ts";

/** GET /metrics, OpenMetrics: for monitoring on this machine, elsewhere with the token. */
export function metricsRoute(app: FastifyInstance, { config, metrics }: DoorDeps): void {
  app.get("/metrics", async ({ headers, socket }, reply) => {
    if (!mayScrape({ headers, address: socket.remoteAddress ?? "" }, config.metricsToken ?? null)) {
      reply.header("www-authenticate", "Bearer");
      throw new AppError("unauthenticated");
    }
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}
