import { AppError } from "#base/errors.ts";
import { mayScrape } from "#system/metrics-access.ts";
import type { ServerMetrics } from "../metrics.ts";
import type { Routes } from "../route.ts";

/** GET /metrics, OpenMetrics: for monitoring on this machine, elsewhere with the token. It has no session, so it looks itself who asks. */
export function metricsRoutes({ app }: Routes, metrics: ServerMetrics, token: string | null): void {
  app.route({
    method: "GET",
    url: "/metrics",
    config: { access: ["public"] },
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      if (!mayScrape({ headers: request.headers, address: request.socket.remoteAddress ?? "" }, token)) {
        reply.header("www-authenticate", "Bearer");
        throw new AppError("unauthenticated");
      }
      reply.header("cache-control", "no-store");
      return reply.type(metrics.contentType).send(await metrics.text());
    },
  });
}
