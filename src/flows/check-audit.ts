import { addAuditCheck, lastAuditCheck } from "#store/audit-checks.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { lookAgain } from "./look-again.ts";
import { auditBook } from "./seal-books.ts";
import { type SealHead, type SealReport, verifySeals } from "./verify-seals.ts";

/** Problems told at most: the first ones say what is wrong. */
const PROBLEMS_MAX = 50;

/** What walking the audit's seals found; `ok` when every row is as it was sealed and none is gone or came from elsewhere. */
export type AuditReport = { ok: boolean } & SealReport;

/**
 * Checks the audit (审计日志): no row was changed, taken away or put in since it was written. `head`: a seal that was written down elsewhere and must
 * still be in the chain. Without a sealer the signatures of the seals are not checked.
 */
export async function verifyAudit(
  ctx: FlowContext,
  { sealer, head }: { sealer: Sealer | null; head: SealHead | null },
): Promise<AuditReport> {
  const isWell = ({ problems }: SealReport) => problems.length === 0;
  const report = await lookAgain(
    () => verifySeals(ctx.db.read, { book: auditBook, sealer, head }, PROBLEMS_MAX),
    isWell,
  );
  return { ok: isWell(report), ...report };
}

/**
 * Checks the audit and writes down what was found. The newest seal of the check before must still be there, so a chain that was cut off and
 * made anew between two checks is found as well.
 */
export async function checkAudit(ctx: FlowContext, sealer: Sealer | null): Promise<AuditReport> {
  const startedAt = ctx.clock();
  const before = await lastAuditCheck(ctx.db.read);
  const head =
    before === null || before.head_seq === null || before.head_hash === null
      ? null
      : { seq: before.head_seq, hash: before.head_hash };
  const report = await verifyAudit(ctx, { sealer, head });
  const endedAt = ctx.clock();
  await ctx.db.transact((tx) =>
    addAuditCheck(tx, {
      id: ctx.newId(endedAt),
      started_at: startedAt,
      ended_at: endedAt,
      ok: report.ok ? 1 : 0,
      seals: report.seals,
      covered: report.sealed,
      waiting: report.waiting,
      // While something is wrong, what the chain has to hold stays what it was when it held.
      head_seq: report.ok ? (report.head?.seq ?? null) : (head?.seq ?? null),
      head_hash: report.ok ? (report.head?.hash ?? null) : (head?.hash ?? null),
      problems: JSON.stringify(report.problems),
    }),
  );
  if (!report.ok) ctx.log.error({ problems: report.problems.slice(0, 5) }, "the audit is not as it was sealed");
  return report;
}
