import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "#base/errors.ts";
import { MINUTE_MS } from "#base/time.ts";

/** Logins a minute from one address: a person needs two, a guesser thousands. The lockout in the log-in flow comes on top. */
export const LOGINS_PER_MINUTE = 10;
/** Changing requests a minute by one user, all routes together: twice what the quickest cashier does. */
export const WRITES_PER_MINUTE = 120;

/** Callers remembered at a time; beyond it the oldest is forgotten. */
const CALLERS_MAX = 10_000;

/** Counts a changing request, by its user or (nobody yet) by its address, and refuses it when they come too fast. */
export type Limits = { check(request: FastifyRequest): Promise<void> };

/** The limits of one server process. Counters are in memory: they slow an attacker down, they decide nothing about money. */
export async function createLimits(app: FastifyInstance): Promise<Limits> {
  await app.register(rateLimit, { global: false, cache: CALLERS_MAX });
  const logins = app.createRateLimit({ max: LOGINS_PER_MINUTE, timeWindow: MINUTE_MS });
  const writes = app.createRateLimit({
    max: WRITES_PER_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => String(request.caller?.userId),
  });
  return {
    async check(request) {
      const result = await (request.caller === null ? logins : writes)(request);
      if (!result.isAllowed && result.isExceeded)
        throw new AppError("too_many_requests", { seconds: result.ttlInSeconds });
    },
  };
}
