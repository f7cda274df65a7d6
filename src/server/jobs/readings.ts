import { MINUTE_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { dropOldReadings, packReadings } from "#flows/pack-readings.ts";
import type { Job } from "./loop.ts";

/** Packs readings that are no longer young, and drops those that need not be kept. Servers may do it at once. */
export function readingsJob(ctx: FlowContext, options: { keepDays: number | null }): Job {
  let after = 0;
  return {
    name: "readings",
    everyMs: 10 * MINUTE_MS,
    async run() {
      const { packed, next } = await packReadings(ctx, after);
      if (packed > 0) ctx.log.info({ packed }, "readings packed by day");
      after = next ?? 0;
      if (next === null && options.keepDays !== null) {
        const dropped = await dropOldReadings(ctx, options.keepDays);
        if (dropped > 0) ctx.log.info({ dropped, keepDays: options.keepDays }, "old readings dropped");
      }
      return next !== null;
    },
  };
}
