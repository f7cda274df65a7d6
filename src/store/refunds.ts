import type { Instant } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { Refund } from "#contract/refunds.ts";
import type { Scope } from "#domain/permission.ts";
import { payable, type RefundState, UNDER_WAY } from "#domain/refund.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { RefundTable } from "./schema-refunds.ts";
import { inScope } from "./scope.ts";

/** The refund that was asked for with this key, whoever did. */
export async function refundByKey(tx: Tx, key: string): Promise<{ refundNo: string; requestHash: string } | null> {
  const row = await tx
    .selectFrom("refund")
    .select(["refund_no", "request_hash"])
    .where("idem_key", "=", key)
    .executeTakeFirst();
  return row ? { refundNo: row.refund_no, requestHash: row.request_hash } : null;
}

/** One refund as its row is now. */
export function refundRow(tx: Tx, refundNo: string): Promise<RefundTable | undefined> {
  return tx.selectFrom("refund").selectAll().where("refund_no", "=", refundNo).executeTakeFirst();
}

/** The refund that a command to a meter belongs to. */
export function refundOfCommand(tx: Tx, commandId: string): Promise<RefundTable | undefined> {
  return tx.selectFrom("refund").selectAll().where("command_id", "=", commandId).executeTakeFirst();
}

/** A refund, clear or move-out of this meter's credit that has not ended; null when there is none. */
export async function openRefundOfMeter(tx: Tx, meterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("refund")
    .select("refund_no")
    .where("meter_id", "=", meterId)
    .where("kind", "in", ["units", "clear", "move_out"])
    .where("state", "in", [...UNDER_WAY])
    .limit(1)
    .executeTakeFirst();
  return row?.refund_no ?? null;
}

/** A refund, clear or write-off at one of these accounts, or of the customer's wallet, whose money is not where it goes yet. */
export async function openRefundOfTenant(
  tx: Tx,
  of: { accountIds: readonly number[]; customerId: number },
): Promise<string | null> {
  const row = await tx
    .selectFrom("refund")
    .select("refund_no")
    .where("state", "in", [...UNDER_WAY, "confirmed"])
    .where((eb) =>
      eb.or([
        eb("account_id", "in", [...of.accountIds]),
        eb.and([eb("customer_id", "=", of.customerId), eb("kind", "in", ["wallet", "debt"])]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row?.refund_no ?? null;
}

/** Units of a recharge that were taken back or are about to be, in Wh or litres; what ended without effect does not count. */
export async function refundedOfOrder(tx: Tx, orderNo: string): Promise<{ wh: number; e4: number }> {
  const rows = await tx
    .selectFrom("refund")
    .select(["units_wh", "taken_wh", "amount_e4", "settled_e4"])
    .where("order_no", "=", orderNo)
    .where("state", "not in", ["rejected", "withdrawn", "refused"])
    .execute();
  return {
    wh: rows.reduce((sum, row) => sum + (row.taken_wh ?? row.units_wh), 0),
    e4: rows.reduce((sum, row) => sum + (row.settled_e4 ?? row.amount_e4), 0),
  };
}

type RefundChange = Partial<
  Pick<
    RefundTable,
    | "state_reason"
    | "command_id"
    | "purchase_number"
    | "taken_wh"
    | "settled_e4"
    | "confirmed_at"
    | "paid_by"
    | "paid_at"
    | "payout_note"
    | "replacement_no"
    | "method"
  >
>;

/** Moves a refund on, if it is in one of the states `from`; false when it is not. */
export async function moveRefund(
  tx: Tx,
  input: {
    refundNo: string;
    from: readonly RefundState[];
    to: RefundState;
    at: Instant;
    change?: RefundChange;
  },
): Promise<boolean> {
  const result = await tx
    .updateTable("refund")
    .set({ ...input.change, state: input.to, updated_at: input.at })
    .where("refund_no", "=", input.refundNo)
    .where("state", "in", [...input.from])
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** One refund for a page; null outside the scope. */
export async function refundView(tx: Tx, scope: Scope, refundNo: string): Promise<Refund | null> {
  const row = await refundRows(tx, scope).where("refund.refund_no", "=", refundNo).executeTakeFirst();
  return row ? toRefund(row) : null;
}

/** Refunds in the scope with all that {@link toRefund} needs; the caller narrows and sorts. */
export function refundRows(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("refund")
    .innerJoin("meter", "meter.id", "refund.meter_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .innerJoin("customer", "customer.id", "refund.customer_id")
    .innerJoin("project", "project.id", "refund.project_id")
    .leftJoin("command", "command.id", "refund.command_id")
    .leftJoin("approval", "approval.id", "refund.approval_id")
    .leftJoin("recharge_order", "recharge_order.order_no", "refund.order_no")
    .where((eb) => inScope(eb, scope))
    .selectAll("refund")
    .select([
      "meter.label",
      "meter.number",
      "meter.kind as meter_kind",
      "meter_state.remaining_wh",
      "meter_state.remaining_at",
      "customer.name as customer_name",
      "concentrator.online",
      "command.state as command_state",
      "command.state_reason as command_reason",
      "command.sent_at",
      "project.name as project_name",
      "approval.decided_by",
      "approval.decided_at",
      "approval.decision_reason",
      "recharge_order.channel as order_channel",
    ])
    .select((eb) =>
      eb
        .selectFrom("receipt_print")
        .select((count) => count.fn.countAll<number>().as("prints"))
        .whereRef("receipt_print.payment_no", "=", "refund.refund_no")
        .as("prints"),
    );
}

type RefundRow = Awaited<ReturnType<ReturnType<typeof refundRows>["executeTakeFirstOrThrow"]>>;

/** A row of {@link refundRows} as it goes to pages. */
export function toRefund(row: RefundRow): Refund {
  const amount = money(row.settled_e4 ?? row.amount_e4);
  return {
    refundNo: row.refund_no,
    kind: row.kind,
    method: row.method,
    state: row.state,
    stateReason: row.state_reason === "" ? (row.command_reason ?? "") : row.state_reason,
    meterId: row.meter_id,
    label: row.label,
    number: row.number,
    meterKind: row.meter_kind,
    project: row.project_name,
    customer: row.customer_name,
    customerId: row.customer_id,
    orderNo: row.order_no,
    orderChannel: row.order_channel,
    replacementNo: row.replacement_no,
    moveOutNo: row.move_out_no,
    unitsWh: row.units_wh,
    takenWh: row.taken_wh,
    quoted: formatMoney(money(row.amount_e4)),
    amount: formatMoney(amount),
    payable: formatMoney(payable(row.kind, amount)),
    purchaseNumber: row.purchase_number,
    approvalId: row.approval_id,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    decisionReason: row.decision_reason ?? "",
    commandState: row.command_state,
    wasSent: row.sent_at !== null,
    sentAt: row.sent_at,
    reachable: row.online === 1,
    remainingWh: row.remaining_wh,
    remainingAt: row.remaining_at,
    payoutNote: row.payout_note,
    paidBy: row.paid_by,
    paidAt: row.paid_at,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    confirmedAt: row.confirmed_at,
    prints: Number(row.prints),
  };
}
