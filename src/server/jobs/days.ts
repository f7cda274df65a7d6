import { MINUTE_MS } from "#base/time.ts";
import { closeDueDays } from "#flows/close-days.ts";
import type { FlowContext } from "#flows/context.ts";
import { shareDue } from "#flows/due-shares.ts";
import { recloseDays } from "#flows/reclose-days.ts";
import type { Job } from "./loop.ts";

/** Days looked at again in one run: short enough to stop quickly. */
const RECHECKS_MAX = 500;

/** Closes days that have ended, those again for which something came late, and shares what is shared. Servers may do it at once. */
export function daysJob(ctx: FlowContext): Job {
  return {
    name: "days",
    everyMs: MINUTE_MS,
    async run() {
      const closing = await closeDueDays(ctx);
      const again = await recloseDays(ctx, RECHECKS_MAX);
      await shareDue(ctx);
      return closing.more || again.more;
    },
  };
}
