import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { countPrint, paymentView } from "#store/payments.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/**
 * Counts a print of a payment's receipt (票据) before it leaves the printer: 1 for the first, 2 and more for a reprint (补打), which goes into the
 * audit. The same key again is the same print, so a double click wastes no number.
 */
export async function printReceipt(
  ctx: FlowContext,
  actor: Actor,
  input: { paymentNo: string; key: string; ip: string },
): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    if (!(await paymentView(tx, actor.scope, input.paymentNo))) throw new AppError("payment_not_found");
    const print = await countPrint(tx, { paymentNo: input.paymentNo, key: input.key, by: actor.login, at: now });
    if (!print) throw new AppError("print_key_conflict");
    if (print.fresh) {
      await addAudit(tx, {
        id: ctx.newId(now),
        at: now,
        actor: actor.login,
        action: print.n === 1 ? "receipt.print" : "receipt.reprint",
        object: `payment:${input.paymentNo}`,
        before: null,
        after: { n: print.n },
        reason: "",
        ip: input.ip,
      });
    }
    return print.n;
  });
}
