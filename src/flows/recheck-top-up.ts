import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { moveOrder, orderForSettling, rechargeView } from "#store/orders.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { retryStopped } from "./retry-stopped.ts";

/**
 * Lets a stopped top-up be looked at again after somebody has been at the meter: its purchase count is read anew, and only that count
 * decides, exactly as after silence. A count that still contradicts the books stops it again; nothing is sent blindly.
 */
export async function recheckTopUp(
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
    if (order.state !== "stopped") throw new AppError("order_not_stopped");
    const command = await tx
      .selectFrom("command")
      .select("id")
      .where("order_no", "=", input.orderNo)
      .where("kind", "=", "top_up")
      .executeTakeFirstOrThrow();
    const { wasSent } = await retryStopped(tx, { commandId: command.id, meterId: order.meter_id, at: now });
    await moveOrder(tx, {
      orderNo: input.orderNo,
      from: ["stopped"],
      to: wasSent ? "unknown" : "booked",
      at: now,
      change: { state_reason: "recheck" },
    });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "recharge.recheck",
      object: `order:${input.orderNo}`,
      before: { state: "stopped", reason: visible.stateReason },
      after: { state: wasSent ? "unknown" : "booked" },
      reason: input.reason,
      ip: input.ip,
    });
  });
}
