import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { paymentView } from "#store/payments.ts";
import { type Counted, countReceiptPrint, countRefundPrint } from "#store/prints.ts";
import { refundView } from "#store/refunds.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

type Asking = { key: string; ip: string };

/**
 * Counts a print of a payment's receipt (票据) before it leaves the printer: 1 for the first, 2 and more for a reprint (补打), which goes into the
 * audit. The same key again is the same print, so a double click wastes no number.
 */
export function printReceipt(ctx: FlowContext, actor: Actor, input: Asking & { paymentNo: string }): Promise<number> {
  const { paymentNo, key } = input;
  return countedPrint(
    ctx,
    actor,
    { ...input, actions: ["receipt.print", "receipt.reprint"], object: `payment:${paymentNo}` },
    async (tx, at) => {
      if (!(await paymentView(tx, actor.scope, paymentNo))) throw new AppError("payment_not_found");
      return countReceiptPrint(tx, { no: paymentNo, key, by: actor.login, at });
    },
  );
}

/** The same for a refund's slip (退费单). */
export function printRefund(ctx: FlowContext, actor: Actor, input: Asking & { refundNo: string }): Promise<number> {
  const { refundNo, key } = input;
  return countedPrint(
    ctx,
    actor,
    { ...input, actions: ["refund.print", "refund.reprint"], object: `refund:${refundNo}` },
    async (tx, at) => {
      if (!(await refundView(tx, actor.scope, refundNo))) throw new AppError("refund_not_found");
      return countRefundPrint(tx, { no: refundNo, key, by: actor.login, at });
    },
  );
}

function countedPrint(
  ctx: FlowContext,
  actor: Actor,
  input: Asking & { actions: readonly [first: AuditAction, again: AuditAction]; object: string },
  count: (tx: Tx, at: Instant) => Promise<Counted>,
): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const print = await count(tx, now);
    if (!print) throw new AppError("print_key_conflict");
    if (print.fresh) {
      await addAudit(tx, {
        id: ctx.newId(now),
        at: now,
        actor: actor.login,
        action: input.actions[print.n === 1 ? 0 : 1],
        object: input.object,
        before: null,
        after: { n: print.n },
        reason: "",
        ip: input.ip,
      });
    }
    return print.n;
  });
}
