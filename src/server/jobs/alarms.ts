import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { watchStill } from "#flows/watch-still.ts";
import type { Job } from "./loop.ts";

/** Meters of one run: short enough to stop quickly. */
const METERS_MAX = 300;

/** Opens alarms of meters that stand still, and ends those of meters that move again. Servers may do it at once. */
export function alarmsJob(ctx: FlowContext): Job {
  return {
    name: "alarms",
    everyMs: 10 * SECOND_MS,
    async run() {
      const { opened, closed, more } = await watchStill(ctx, METERS_MAX);
      if (opened + closed > 0) ctx.log.info({ opened, closed }, "alarms changed");
      return more;
    },
  };
}
