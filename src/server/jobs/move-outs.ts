import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { advanceMoveOuts } from "#flows/finish-move-out.ts";
import type { Job } from "./loop.ts";

/** Takes move-outs on that waited for a reading or for the clearing of a meter: while somebody stands at the desk. */
export function moveOutsJob(ctx: FlowContext): Job {
  return {
    name: "move-outs",
    everyMs: SECOND_MS,
    async run() {
      const advanced = await advanceMoveOuts(ctx);
      if (advanced > 0) ctx.log.info({ advanced }, "move-outs went on");
      return false;
    },
  };
}
