import { SECOND_MS } from "#base/time.ts";
import { type Health, health } from "#contract/session.ts";
import type { FlowContext } from "#flows/context.ts";
import { healthCounts } from "#store/counts.ts";
import { packageVersion } from "#system/version.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** Answers to monitoring are as old as this at most: asking often costs the database nothing. */
const CACHED_MS = 2 * SECOND_MS;
/** A database that takes longer than this to count counts as away. */
const DATABASE_MS_MAX = 3 * SECOND_MS;

/** GET /api/health: for monitoring and for start scripts; without login, and without anything worth hiding. */
export function healthRoutes(routes: Routes): void {
  const look = createHealth(routes.ctx);
  addRoute(routes, {
    method: "GET",
    path: "/api/health",
    access: "public",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: health,
    async handle({ reply }) {
      const found = await look();
      reply.status(found.status === "ok" ? 200 : 503);
      return found;
    },
  });
}

function createHealth({ db }: FlowContext): () => Promise<Health> {
  const version = packageVersion();
  let last: Health = { status: "degraded", version, database: db.kind, meters: 0, readings: 0 };
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<Health> | null = null;

  async function look(): Promise<Health> {
    try {
      const [database, counts] = await within(DATABASE_MS_MAX, Promise.all([db.version(), healthCounts(db.read)]));
      last = { status: "ok", version, database, meters: counts.meters, readings: counts.readings };
    } catch {
      last = { ...last, status: "degraded" };
    }
    lookedAt = performance.now();
    return last;
  }

  return async () => {
    if (performance.now() - lookedAt < CACHED_MS) return last;
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
