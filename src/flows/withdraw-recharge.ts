import { AppError, assert } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { addEvents } from "#store/events.ts";
import { resolveTransfer } from "#store/ledger.ts";
import { moveOrder, orderForSettling, rechargeView } from "#store/orders.ts";
import { updatedRows } from "#store/portable.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { rechargeTransferId } from "./recharge.ts";

/**
 * Takes back a recharge whose command has never been sent: the units are not sold, the money stays in the customer's wallet.
 * Once a first byte may have left, only the meter can say what happened, and `order_not_withdrawable` is the answer.
 */
export async function withdrawRecharge(
  ctx: FlowContext,
  actor: Actor,
  input: { orderNo: string; reason: string; ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const visible = await rechargeView(tx, actor.scope, input.orderNo);
    const order = await orderForSettling(tx, input.orderNo);
    if (!visible || !order) throw new AppError("order_not_found");
    if (order.state === "withdrawn") return; // a second click, or a commit whose answer was lost
    const cancelled = await tx
      .updateTable("command")
      .set({ state: "cancelled", state_reason: "withdrawn", done_at: now, updated_at: now })
      .where("order_no", "=", input.orderNo)
      .where("kind", "=", "top_up")
      .where("state", "=", "waiting")
      .where("sent_at", "is", null)
      .executeTakeFirst();
    if (updatedRows(cancelled) === 0) throw new AppError("order_not_withdrawable");
    const voided = await resolveTransfer(tx, {
      transferId: rechargeTransferId(input.orderNo),
      outcome: "voided",
      at: now,
      actor: actor.login,
    });
    assert(voided, `recharge ${input.orderNo} was still pending`);
    const moved = await moveOrder(tx, {
      orderNo: input.orderNo,
      from: ["booked"],
      to: "withdrawn",
      at: now,
      change: { state_reason: input.reason },
    });
    assert(moved, `order ${input.orderNo} was booked and never sent`);
    await addEvents(tx, [
      {
        id: ctx.newId(now),
        meterId: order.meter_id,
        at: now,
        kind: "recharge_withdrawn",
        severity: "info",
        detail: { orderNo: input.orderNo },
      },
    ]);
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "recharge.withdraw",
      object: `order:${input.orderNo}`,
      before: { state: visible.state },
      after: { state: "withdrawn" },
      reason: input.reason,
      ip: input.ip,
    });
  });
}
