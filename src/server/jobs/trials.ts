import { SECOND_MS } from "#base/time.ts";
import { advanceTrials } from "#flows/advance-trials.ts";
import type { FlowContext } from "#flows/context.ts";
import type { Job } from "./loop.ts";

/** Takes trial runs (试运行) on from meter to meter, by what became of their commands. */
export function trialsJob(ctx: FlowContext): Job {
  return {
    name: "trials",
    everyMs: SECOND_MS,
    async run() {
      await advanceTrials(ctx);
      return false;
    },
  };
}
