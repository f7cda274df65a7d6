import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { runBatches } from "#flows/run-batches.ts";
import type { Job } from "./loop.ts";

/** Meters of one run: short enough to stop quickly, and to be told to the collectors soon. */
const METERS_MAX = 10;

/** Goes on with batches of trips and closes (批量拉合闸). Servers may do it at once. `nudge` tells who waits for commands. */
export function batchesJob(ctx: FlowContext, nudge: () => void): Job {
  return {
    name: "batches",
    everyMs: SECOND_MS,
    async run() {
      const { asked, more } = await runBatches(ctx, METERS_MAX);
      if (asked > 0) nudge();
      return more;
    },
  };
}
