import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { countRefundPrint, refundView } from "#store/refunds.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/**
 * Counts a print of a refund's slip (退费单) before it leaves the printer: 1 for the first, 2 and more for a reprint (补打). The same key
 * again is the same print.
 */
export async function printRefund(
  ctx: FlowContext,
  actor: Actor,
  input: { refundNo: string; key: string; ip: string },
): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    if (!(await refundView(tx, actor.scope, input.refundNo))) throw new AppError("refund_not_found");
    const print = await countRefundPrint(tx, { refundNo: input.refundNo, key: input.key, by: actor.login, at: now });
    if (!print) throw new AppError("print_key_conflict");
    if (print.fresh) {
      await addAudit(tx, {
        id: ctx.newId(now),
        at: now,
        actor: actor.login,
        action: print.n === 1 ? "refund.print" : "refund.reprint",
        object: `refund:${input.refundNo}`,
        before: null,
        after: { n: print.n },
        reason: "",
        ip: input.ip,
      });
    }
    return print.n;
  });
}
