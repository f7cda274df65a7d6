import { MINUTE_MS } from "#base/time.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import type { FlowContext } from "#flows/context.ts";
import { expireApprovals } from "#flows/decide-approval.ts";
import type { Job } from "./loop.ts";

/** Ends requests for a second person that nobody has decided in time. */
export function approvalsJob(ctx: FlowContext): Job {
  return {
    name: "approvals",
    everyMs: MINUTE_MS,
    async run() {
      const expired = await expireApprovals(ctx, approvalEffects);
      if (expired > 0) ctx.log.info({ expired }, "approvals expired");
      return false;
    },
  };
}
