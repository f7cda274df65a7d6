import { MINUTE_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { cleanSessions } from "#flows/log-in.ts";
import type { Job } from "./loop.ts";

/** Removes the rows of sessions that are over; that they are over is decided whenever one is used. */
export function sessionsJob(ctx: FlowContext): Job {
  return {
    name: "sessions",
    everyMs: 10 * MINUTE_MS,
    async run() {
      const removed = await cleanSessions(ctx);
      if (removed > 0) ctx.log.debug({ removed }, "ended sessions removed");
      return false;
    },
  };
}
