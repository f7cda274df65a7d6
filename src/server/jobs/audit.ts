import { HOUR_MS, SECOND_MS } from "#base/time.ts";
import { checkAudit } from "#flows/check-audit.ts";
import type { FlowContext } from "#flows/context.ts";
import { lastAuditCheck } from "#store/audit-checks.ts";
import type { Sealer } from "#system/seal.ts";
import type { Job } from "./loop.ts";

/** Walks the seals of the audit every hour, whichever server comes first. Twice does no harm. */
export function auditJob(ctx: FlowContext, sealer: Sealer): Job {
  return {
    name: "audit",
    everyMs: 10 * SECOND_MS,
    async run() {
      const last = await lastAuditCheck(ctx.db.read);
      if (last === null || ctx.clock() - last.ended_at >= HOUR_MS) await checkAudit(ctx, sealer);
      return false;
    },
  };
}
