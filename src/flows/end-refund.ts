import { AppError, assert } from "#base/errors.ts";
import { formatMoney, money } from "#base/units.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { payable } from "#domain/refund.ts";
import { endApproval } from "#store/approvals.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { rechargeView } from "#store/orders.ts";
import { updatedRows } from "#store/portable.ts";
import { moveRefund, refundRow, refundView } from "#store/refunds.ts";
import type { RefundTable } from "#store/schema-refunds.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { shiftForCash } from "./open-shift.ts";
import { channelAccount, type Taking } from "./recharge.ts";
import { retryStopped } from "./retry-stopped.ts";
import { voidRefund } from "./settle-refund.ts";

type Ending = { refundNo: string; reason: string; ip: string };

/**
 * Takes a refund back as long as its command was never sent: what was reserved is free again. Money that is owed and was not handed out
 * yet goes to the customer's wallet instead.
 */
export async function withdrawRefund(ctx: FlowContext, actor: Actor, input: Ending): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const refund = await visible(tx, actor, input.refundNo);
    if (refund.state === "withdrawn") return; // a second click, or a commit whose answer was lost
    if (refund.move_out_no !== null) throw new AppError("refund_not_withdrawable");
    if (refund.state === "confirmed") await toWallet(tx, refund, actor.login, now);
    else {
      if (refund.state === "approved") await cancelCommand(tx, refund, now);
      else if (refund.state !== "requested") throw new AppError("refund_not_withdrawable");
      await voidRefund(tx, { refund, actor: actor.login, at: now });
    }
    if (refund.state === "requested" && refund.approval_id !== null) {
      const ending = { to: "withdrawn" as const, by: actor.login, reason: input.reason, at: now };
      const open = await endApproval(tx, { id: refund.approval_id, version: 0, ...ending });
      if (!open) throw new AppError("approval_not_open");
    }
    const moved = await moveRefund(tx, {
      refundNo: refund.refund_no,
      from: [refund.state],
      to: "withdrawn",
      at: now,
      change: { state_reason: input.reason },
    });
    assert(moved, `refund ${refund.refund_no} was ${refund.state}`);
    await addEvents(tx, [
      {
        id: ctx.newId(now),
        meterId: refund.meter_id,
        at: now,
        kind: "refund_withdrawn",
        severity: "info",
        detail: { refundNo: refund.refund_no, reason: input.reason },
      },
    ]);
    await audit(ctx, tx, actor, refund, { action: "refund.withdraw", to: "withdrawn", ...input });
  });
}

/** Takes back the command of a refund that was never sent; throws `refund_not_withdrawable` when it may have been. */
export async function cancelCommand(tx: Tx, refund: RefundTable, now: number): Promise<void> {
  const cancelled = await tx
    .updateTable("command")
    .set({ state: "cancelled", state_reason: "withdrawn", done_at: now, updated_at: now })
    .where("id", "=", refund.command_id ?? "")
    .where("state", "=", "waiting")
    .where("sent_at", "is", null)
    .executeTakeFirst();
  if (updatedRows(cancelled) === 0) throw new AppError("refund_not_withdrawable");
}

async function toWallet(
  tx: Tx,
  refund: RefundTable,
  actor: string,
  now: ReturnType<FlowContext["clock"]>,
): Promise<void> {
  const amount = payable(refund.kind, money(refund.settled_e4 ?? 0));
  await openLedgerAccounts(tx, [{ kind: "wallet", ref: refund.customer_id }]);
  await bookTransfer(
    tx,
    postedTransfer({
      id: `refund:${refund.refund_no}:kept`,
      kind: "refund",
      from: { kind: "refund_payable", ref: refund.customer_id },
      to: { kind: "wallet", ref: refund.customer_id },
      amount,
      actor,
      meterId: refund.meter_id,
      memo: "not handed out",
    }),
    now,
  );
}

/**
 * The money of a confirmed refund is handed out (付款): in cash out of the cashier's till, by transfer, or the way it came. Never before
 * the meter has given the units up. Repeating it changes nothing.
 */
export async function payOut(
  ctx: FlowContext,
  actor: Actor,
  input: { refundNo: string; note: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const refund = await visible(tx, actor, input.refundNo);
    if (refund.state === "paid") return;
    // What the clears of a move-out came to is paid with its sheet.
    if (refund.state !== "confirmed" || refund.move_out_no !== null) throw new AppError("refund_not_payable");
    const amount = payable(refund.kind, money(refund.settled_e4 ?? 0));
    assert(amount > 0, `refund ${refund.refund_no} owes something`);
    const channel = await channelOf(tx, refund);
    const moved = await moveRefund(tx, {
      refundNo: refund.refund_no,
      from: ["confirmed"],
      to: "paid",
      at: now,
      change: { paid_by: actor.login, paid_at: now, payout_note: input.note },
    });
    if (!moved) throw new AppError("refund_not_payable");
    const projectId = refund.project_id;
    // Cash is handed out of the till of who hands it out.
    const shiftId = channel === "cash" ? await shiftForCash(ctx, tx, { projectId, actor, now }) : null;
    const booked = await bookTransfer(
      tx,
      postedTransfer({
        id: `payout:${refund.refund_no}`,
        kind: "payout",
        from: { kind: "refund_payable", ref: refund.customer_id },
        to: channelAccount(channel, { projectId, shiftId }),
        amount,
        actor: actor.login,
        meterId: refund.meter_id,
        ...(refund.order_no && { orderNo: refund.order_no }),
        memo: input.note,
      }),
      now,
    );
    assert(booked, `refund ${refund.refund_no} was not paid before`);
    await audit(ctx, tx, actor, refund, {
      action: "refund.payout",
      to: "paid",
      reason: input.note,
      ip: input.ip,
      more: { amount: formatMoney(amount), channel },
    });
    faultPoint("payout:before-commit");
  });
}

async function channelOf(tx: Tx, refund: RefundTable): Promise<Taking["channel"]> {
  if (refund.method === "cash" || refund.method === "transfer") return refund.method;
  assert(refund.order_no !== null, `refund ${refund.refund_no} by the original channel has an order`);
  const order = await tx
    .selectFrom("recharge_order")
    .select("channel")
    .where("order_no", "=", refund.order_no)
    .executeTakeFirstOrThrow();
  const channels: readonly string[] = ["cash", "transfer", "wechat", "partner"];
  assert(channels.includes(order.channel), `channel ${order.channel} can pay back`);
  return order.channel as Taking["channel"];
}

/**
 * Lets a stopped refund be looked at again after somebody has been at the meter: its purchase count is read anew, and only that count
 * decides, exactly as after silence.
 */
export async function recheckRefund(ctx: FlowContext, actor: Actor, input: Ending): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const refund = await visible(tx, actor, input.refundNo);
    if (refund.state !== "stopped" || refund.command_id === null) throw new AppError("order_not_stopped");
    const stopped = { commandId: refund.command_id, meterId: refund.meter_id, at: now };
    const { wasSent } = await retryStopped(tx, stopped);
    const to = wasSent ? "deducting" : "approved";
    await moveRefund(tx, {
      refundNo: refund.refund_no,
      from: ["stopped"],
      to,
      at: now,
      change: { state_reason: "recheck" },
    });
    await audit(ctx, tx, actor, refund, { action: "refund.recheck", to, ...input });
  });
}

/** Ties the recharge that took the place of a wrong one to its refund, so that each record shows the other. */
export async function linkReplacement(
  ctx: FlowContext,
  actor: Actor,
  input: { refundNo: string; orderNo: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const refund = await visible(tx, actor, input.refundNo);
    if (refund.replacement_no === input.orderNo) return;
    const order = await rechargeView(tx, actor.scope, input.orderNo);
    if (!order || order.orderNo === refund.order_no || refund.replacement_no !== null)
      throw new AppError("replacement_mismatch");
    if (order.state === "withdrawn" || order.state === "refused") throw new AppError("replacement_mismatch");
    await moveRefund(tx, {
      refundNo: refund.refund_no,
      from: [refund.state],
      to: refund.state,
      at: now,
      change: { replacement_no: input.orderNo },
    });
    await audit(ctx, tx, actor, refund, {
      action: "refund.replacement",
      to: refund.state,
      reason: "",
      ip: input.ip,
      more: { orderNo: input.orderNo },
    });
  });
}

async function visible(tx: Tx, actor: Actor, refundNo: string): Promise<RefundTable> {
  const seen = await refundView(tx, actor.scope, refundNo);
  const refund = await refundRow(tx, refundNo);
  if (!seen || !refund) throw new AppError("refund_not_found");
  return refund;
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  refund: RefundTable,
  input: { action: AuditAction; to: string; reason: string; ip: string; more?: object },
): Promise<void> {
  const now = ctx.clock();
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: input.action,
    object: `refund:${refund.refund_no}`,
    before: { state: refund.state },
    after: { state: input.to, ...input.more },
    reason: input.reason,
    ip: input.ip,
  });
}
