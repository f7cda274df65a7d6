import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { lookAtQuarantine } from "#flows/quarantine.ts";
import type { Job } from "./loop.ts";

/** People wait for meters to go free after a restore; without one the look is a single row. */
const EVERY_MS = 5 * SECOND_MS;

/** Lets meters of a restored system go on when they have shown what is booked. */
export function quarantineJob(ctx: FlowContext): Job {
  return {
    name: "quarantine",
    everyMs: EVERY_MS,
    async run() {
      await lookAtQuarantine(ctx);
      return false;
    },
  };
}
