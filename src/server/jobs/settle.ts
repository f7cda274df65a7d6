import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import type { Job } from "./loop.ts";

/** Meters settled in one run: short enough to stop quickly, and every meter is its own transaction anyway. */
export const METERS_MAX = 200;

/** Charges what was used since each meter was settled last. Meters are claimed one by one, so servers may share the work. */
export function settleJob(ctx: FlowContext): Job {
  let after = 0;
  return {
    name: "settle",
    everyMs: SECOND_MS,
    async run() {
      const { settled, next } = await settleDueMeters(ctx, { limit: METERS_MAX, after });
      after = next ?? 0;
      if (settled > 0) ctx.log.debug({ settled }, "meters settled");
      return next !== null;
    },
  };
}
