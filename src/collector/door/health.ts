import { performance } from "node:perf_hooks";
import type { FastifyInstance } from "fastify";
import { SECOND_MS } from "#base/time.ts";
import type { DoorDeps } from "./deps.ts";

/** Answers are as old as this at most: asking often costs the database nothing. */
const CACHED_MS = 2 * SECOND_MS;
/** A database that takes longer than this counts as away. */
const DATABASE_MS_MAX = 3 * SECOND_MS;

/** GET /health: for monitoring and start scripts; without a key, and without anything worth hiding. 503 without a database. */
export function healthRoute(app: FastifyInstance, { ctx, config, state }: DoorDeps): void {
  let isWell = true;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    const late = Promise.withResolvers<false>();
    const timer = setTimeout(() => late.resolve(false), DATABASE_MS_MAX);
    const answers = ctx.db.version().then(
      () => true,
      () => false,
    );
    isWell = await Promise.race([answers, late.promise]);
    clearTimeout(timer);
    lookedAt = performance.now();
  }

  app.get("/health", async (_request, reply) => {
    if (performance.now() - lookedAt >= CACHED_MS) {
      looking ??= look().finally(() => {
        looking = null;
      });
      await looking;
    }
    reply.status(isWell ? 200 : 503);
    return { status: isWell ? "ok" : "degraded", collector: config.collectorId, ...state() };
  });
}
