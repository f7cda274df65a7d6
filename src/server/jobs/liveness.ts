import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { sweepConcentrators } from "#flows/own-concentrators.ts";
import type { Job } from "./loop.ts";

/** Marks concentrators offline whose collector died: nobody else would say so. */
export function livenessJob(ctx: FlowContext): Job {
  return {
    name: "liveness",
    everyMs: 3 * SECOND_MS,
    async run() {
      await sweepConcentrators(ctx);
      return false;
    },
  };
}
