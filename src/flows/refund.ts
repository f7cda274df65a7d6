import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, instant, later } from "#base/time.ts";
import { formatMoney, formatUnits, money, wh } from "#base/units.ts";
import type { ClearRequest, RefundRequest, WriteOffRequest } from "#contract/refunds.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { type LedgerAccount, pendingTransfer } from "#domain/ledger.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
import { approvalKindOf, isByMeter, type RefundMethod } from "#domain/refund.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer, openLedgerAccounts, resolveTransfer, takeBalance } from "#store/ledger.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { insertIgnore } from "#store/portable.ts";
import { moveRefund, refundByKey, refundRow } from "#store/refunds.ts";
import type { RefundTable } from "#store/schema-refunds.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { type AskedKind, planRefund, type RefundPlan, WH_PER_STEP } from "./refund-plan.ts";
import { askForApproval } from "./request-approval.ts";
import { showServerCredit } from "./server-credit.ts";
import { bookRest, refundTarget, refundTransferId, voidRefund } from "./settle-refund.ts";
import { demandRefund } from "./user-limits.ts";

type Asking = {
  key: string;
  kind: AskedKind;
  meterId: number;
  quantity: string;
  orderNo: string | null;
  method: RefundMethod | "";
  reason: string;
  ip: string;
};

/**
 * Asks for a refund at the desk (退费): of units in the meter, of wallet money, or of a balance on the server. What it takes is reserved
 * at once; above the limit a second person is asked first. The same key again answers with the same refund; with other content it is
 * refused with `refund_key_conflict`. Nothing is booked when it throws.
 */
export async function requestRefund(ctx: FlowContext, actor: Actor, input: RefundRequest & { ip: string }) {
  if (input.method === "original" && input.orderNo === null) throw new AppError("original_channel_needs_order");
  return ask(ctx, actor, input);
}

/** Wipes what is left in a meter without paying it back (清零): its value is written off. Needs a reason, and by default a second person. */
export function requestClear(ctx: FlowContext, actor: Actor, input: ClearRequest & { ip: string }) {
  return ask(ctx, actor, { ...input, kind: "clear", quantity: "", orderNo: null, method: "" });
}

/** Gives up what the customer of a meter owes, or a part of it (核销欠费). */
export function requestWriteOff(ctx: FlowContext, actor: Actor, input: WriteOffRequest & { ip: string }) {
  return ask(ctx, actor, { ...input, kind: "debt", quantity: input.amount, orderNo: null, method: "" });
}

async function ask(ctx: FlowContext, actor: Actor, input: Asking): Promise<{ refundNo: string; created: boolean }> {
  if (input.reason === "") throw new AppError("reason_required");
  const done = await decide(ctx.db, (tx) => book(ctx, tx, actor, input));
  faultPoint("refund:after-commit");
  if (done.created) ctx.log.info({ refund: done.refundNo, kind: input.kind, meter: input.meterId }, "refund asked for");
  return done;
}

async function book(ctx: FlowContext, tx: Tx, actor: Actor, input: Asking) {
  const requestHash = [input.kind, input.meterId, input.quantity, input.method, input.orderNo ?? ""].join("|");
  const seen = await meterToAct(tx, actor.scope, input.meterId);
  if (!seen) throw new AppError("meter_not_found");
  const earlier = await refundByKey(tx, input.key);
  if (earlier) return repeated(earlier, requestHash);
  const now = ctx.clock();
  await takeTurn(tx, { meterId: seen.id, customerId: seen.customer_id });
  const parallel = await refundByKey(tx, input.key); // the same request beside this one, which came first
  if (parallel) return repeated(parallel, requestHash);
  const plan = await planRefund(tx, actor, input, null);
  await demandRefund(tx, actor, { amount: plan.amount, now });
  const refundNo = await nextRefundNo(tx, now);
  const row: RefundTable = {
    refund_no: refundNo,
    idem_key: input.key,
    request_hash: requestHash,
    kind: input.kind,
    method: input.method,
    state: "requested",
    state_reason: "",
    project_id: plan.meter.project_id,
    meter_id: plan.meter.id,
    account_id: plan.accountId,
    customer_id: plan.customerId,
    order_no: input.orderNo,
    replacement_no: null,
    units_wh: plan.unitsWh,
    amount_e4: plan.amount,
    taken_wh: null,
    settled_e4: null,
    command_id: null,
    purchase_number: null,
    approval_id: null,
    move_out_no: null,
    payout_note: "",
    paid_by: null,
    paid_at: null,
    reason: input.reason,
    created_by: actor.login,
    created_at: now,
    confirmed_at: null,
    updated_at: now,
  };
  const approvalId = await askForApproval(ctx, tx, approvalOf(plan, row, actor, input.ip), now);
  const fresh = await insertIgnore(tx, "refund", [{ ...row, approval_id: approvalId }], ["idem_key"]);
  if (fresh === 0) throw new Stale(`refund ${input.key}`); // nothing of this run may stay, its request for approval least of all
  await reserveRefund(tx, row, now);
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: row.meter_id,
      at: now,
      kind: "refund_requested",
      severity: "info",
      detail: { refundNo, amount: formatMoney(plan.amount), unitsWh: plan.unitsWh, reason: input.reason },
    },
  ]);
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: `refund.${input.kind}`,
    object: `meter:${row.meter_id}`,
    before: null,
    after: { refundNo, amount: formatMoney(plan.amount), unitsWh: plan.unitsWh, method: input.method },
    reason: input.reason,
    ip: input.ip,
  });
  if (approvalId === null) await startRefund(ctx, tx, row, { by: actor.login, at: now });
  faultPoint("refund:before-commit");
  return { refundNo, created: true };
}

function repeated(earlier: { refundNo: string; requestHash: string }, requestHash: string) {
  if (earlier.requestHash !== requestHash) throw new AppError("refund_key_conflict");
  return { refundNo: earlier.refundNo, created: false };
}

/**
 * Everything that decides about a customer's money or a meter's credit takes these rows first: recharges and settlements of them wait or
 * run again.
 */
export async function takeTurn(tx: Tx, input: { meterId: number; customerId: number | null }): Promise<void> {
  await claimMeterState(tx, input.meterId);
  if (input.customerId === null) return;
  await takeBalance(tx, { kind: "wallet", ref: input.customerId });
}

/** Reserves what the refund takes, until it is approved, withdrawn, or the meter has agreed. */
export async function reserveRefund(tx: Tx, refund: RefundTable, at: Instant): Promise<void> {
  const to = refundTarget(refund);
  const from = refundSource(refund);
  await openLedgerAccounts(tx, [to, from]);
  if (refund.amount_e4 <= 0) return;
  await bookTransfer(
    tx,
    pendingTransfer({
      id: refundTransferId(refund.refund_no),
      kind: refund.kind === "clear" ? "clear" : refund.kind === "debt" ? "write_off" : "refund",
      // A debt is given up by paying it from what is written off.
      from: refund.kind === "debt" ? to : from,
      to: refund.kind === "debt" ? from : to,
      amount: money(refund.amount_e4),
      actor: refund.created_by,
      meterId: refund.meter_id,
      ...(refund.order_no && { orderNo: refund.order_no }),
      memo: refund.reason,
    }),
    at,
  );
}

/** Where the money of a refund is before it is taken. */
function refundSource(refund: RefundTable): LedgerAccount {
  switch (refund.kind) {
    case "units":
    case "clear":
    case "move_out":
      return { kind: "meter_credit", ref: refund.meter_id };
    case "wallet":
      return { kind: "wallet", ref: refund.customer_id };
    case "balance":
      return { kind: "balance", ref: refund.account_id };
    case "debt":
      return { kind: "debt", ref: refund.customer_id };
  }
}

/** Carries out a refund that nobody has to approve (any more): by a command to the meter, or at once where no meter is asked. */
export async function startRefund(
  ctx: FlowContext,
  tx: Tx,
  refund: RefundTable,
  by: { by: string; at: Instant },
): Promise<void> {
  const { at } = by;
  if (isByMeter(refund.kind)) {
    const commandId = await addCreditCommand(ctx, tx, refund, by);
    await moveRefund(tx, {
      refundNo: refund.refund_no,
      from: ["requested"],
      to: "approved",
      at,
      change: { command_id: commandId },
    });
    return;
  }
  const posted = await resolveTransfer(tx, {
    transferId: refundTransferId(refund.refund_no),
    outcome: "posted",
    at,
    actor: by.by,
  });
  assert(posted, `refund ${refund.refund_no} was still pending`);
  await bookRest(tx, { refund, value: money(refund.amount_e4), actor: by.by, at });
  await moveRefund(tx, {
    refundNo: refund.refund_no,
    from: ["requested"],
    to: refund.kind === "debt" ? "done" : "confirmed",
    at,
    change: { settled_e4: refund.amount_e4, confirmed_at: at },
  });
  if (refund.kind === "balance") await showServerCredit(tx, { accountId: refund.account_id, at, now: at });
}

async function addCreditCommand(
  ctx: FlowContext,
  tx: Tx,
  refund: RefundTable,
  by: { by: string; at: Instant },
): Promise<string> {
  const meter = await meterToAct(tx, SCOPE_ALL, refund.meter_id);
  assert(meter?.account_number != null, `meter ${refund.meter_id} has an account`);
  const kind = refund.kind === "units" ? "deduct" : "clear";
  const id = ctx.newId(by.at);
  await addCommand(tx, {
    id,
    idem_key: `refund:${refund.refund_no}`,
    meter_id: refund.meter_id,
    concentrator_id: meter.concentrator_id,
    kind,
    cause: "refund",
    priority: priority[kind],
    payload: JSON.stringify({
      amount: kind === "clear" ? 0 : refund.units_wh / WH_PER_STEP,
      customer: meter.account_number,
    }),
    order_no: null,
    reason: refund.reason,
    requested_by: by.by,
    expires_at: later(by.at, expiryMs[kind]),
    created_at: by.at,
  });
  return id;
}

function approvalOf(plan: RefundPlan, row: RefundTable, actor: Actor, ip: string) {
  const { meter } = plan;
  return {
    kind: approvalKindOf(row.kind),
    object: `refund:${row.refund_no}`,
    meterId: row.meter_id,
    amount: plan.amount,
    summary: {
      refundNo: row.refund_no,
      refundKind: row.kind,
      label: meter.label,
      number: meter.number,
      meterKind: meter.kind,
      customer: meter.customer_name ?? "",
      ...(row.units_wh > 0 && { units: formatUnits(wh(row.units_wh)) }),
      ...(isByMeter(row.kind) &&
        meter.remaining_wh !== null && {
          creditBefore: formatUnits(wh(meter.remaining_wh)),
          creditAfter: formatUnits(wh(meter.remaining_wh - row.units_wh)),
          asOf: meter.remaining_at,
        }),
      moneyBefore: formatMoney(plan.held),
      moneyAfter: formatMoney(money(plan.held - plan.amount)),
      ...(row.method !== "" && { method: row.method }),
      ...(row.order_no !== null && { orderNo: row.order_no }),
    },
    reason: row.reason,
    by: actor.login,
    ip,
  };
}

/**
 * What an approval of a refund sets going. Everything is looked at again: when less is left by now, a recharge has come, or a move-out has
 * begun, nothing is decided and the approver is told.
 */
export const refundApproved: ApprovalEffect = {
  async approved(ctx, tx, approval, { by, at }) {
    const refund = await refundRow(tx, approval.object.slice("refund:".length));
    assert(refund?.state === "requested", `${approval.object} waits for its approval`);
    const { kind } = refund;
    assert(kind !== "move_out", "a move-out is approved as a whole");
    await takeTurn(tx, { meterId: refund.meter_id, customerId: refund.customer_id });
    const quantity = kind === "units" ? formatUnits(wh(refund.units_wh)) : formatMoney(money(refund.amount_e4));
    const everywhere: Actor = { userId: 0, login: by, name: by, permissions: new Set(), scope: SCOPE_ALL };
    const wanted = { kind, meterId: refund.meter_id, quantity, orderNo: refund.order_no };
    const plan = await planRefund(tx, everywhere, wanted, { reserved: money(refund.amount_e4) });
    if (plan.customerId !== refund.customer_id || plan.accountId !== refund.account_id)
      throw new AppError("approval_changed");
    await startRefund(ctx, tx, refund, { by, at });
  },
  async ended(_ctx, tx, approval, { how, by, at }) {
    const refund = await refundRow(tx, approval.object.slice("refund:".length));
    assert(refund !== undefined, `${approval.object} exists`);
    await voidRefund(tx, { refund, actor: by, at });
    const moved = await moveRefund(tx, {
      refundNo: refund.refund_no,
      from: ["requested"],
      to: how === "withdrawn" ? "withdrawn" : "rejected",
      at,
      change: { state_reason: how === "expired" ? "expired" : approval.decision_reason },
    });
    assert(moved, `${approval.object} waited for its approval`);
  },
};

/** The number of the next refund: `F` with day and sequence, so that it sorts by time. */
export async function nextRefundNo(tx: Tx, now: Instant): Promise<string> {
  const number = await nextNumbers(tx, "refund");
  return `F${dayOf(instant(now)).replaceAll("-", "")}${String(number).padStart(6, "0")}`;
}
