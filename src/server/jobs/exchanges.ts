import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { advanceExchanges } from "#flows/exchange-advance.ts";
import type { Job } from "./loop.ts";

/** Goes on with exchanges whose new meter has shown itself. */
export function exchangesJob(ctx: FlowContext): Job {
  return {
    name: "exchanges",
    everyMs: SECOND_MS,
    async run() {
      await advanceExchanges(ctx);
      return false;
    },
  };
}
