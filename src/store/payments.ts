import { formatMoney, money } from "#base/units.ts";
import type { Payment } from "#contract/payments.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { orderRows, toRecharge } from "./orders.ts";
import { insertIgnore } from "./portable.ts";
import type { PaymentTable } from "./schema-desk.ts";
import { nextNumbers, receiptSequence } from "./sequences.ts";

/** The payment that was made with this key, whoever made it. */
export async function paymentByKey(tx: Tx, key: string): Promise<{ paymentNo: string; requestHash: string } | null> {
  const row = await tx
    .selectFrom("payment")
    .select(["payment_no", "request_hash"])
    .where("idem_key", "=", key)
    .executeTakeFirst();
  return row ? { paymentNo: row.payment_no, requestHash: row.request_hash } : null;
}

/** Adds a payment; false when its key is taken. */
export async function addPayment(tx: Tx, payment: PaymentTable): Promise<boolean> {
  return (await insertIgnore(tx, "payment", [payment], ["idem_key"])) === 1;
}

/** The numbers of a payment's orders, in the order of its parts. */
export async function ordersOfPayment(tx: Tx, paymentNo: string): Promise<string[]> {
  const rows = await tx
    .selectFrom("recharge_order")
    .select("order_no")
    .where("payment_no", "=", paymentNo)
    .orderBy("part")
    .execute();
  return rows.map((row) => row.order_no);
}

/** The next receipt number of a project and year, `2026-000123`: without gaps, because an undone transaction gives it back. */
export async function nextReceiptNo(tx: Tx, projectId: number, year: string): Promise<string> {
  return `${year}-${String(await nextNumbers(tx, receiptSequence(projectId, year))).padStart(6, "0")}`;
}

/**
 * A payment with its parts for a page; null when any of its parts lies outside the scope: a receipt is shown whole or not at all. One
 * without parts belongs to those who see everything.
 */
export async function paymentView(tx: Tx, scope: Scope, paymentNo: string): Promise<Payment | null> {
  const row = await tx
    .selectFrom("payment")
    .innerJoin("project", "project.id", "payment.project_id")
    .leftJoin("customer", "customer.id", "payment.customer_id")
    .where("payment.payment_no", "=", paymentNo)
    .selectAll("payment")
    .select(["project.name as project_name", "customer.name as customer_name"])
    .executeTakeFirst();
  if (!row) return null;
  const parts = await orderRows(tx, scope)
    .where("recharge_order.payment_no", "=", paymentNo)
    .orderBy("recharge_order.part")
    .execute();
  if (parts.length < row.parts || (row.parts === 0 && !scope.all)) return null;
  return {
    paymentNo: row.payment_no,
    receiptNo: row.receipt_no,
    project: row.project_name,
    customer: row.customer_name ?? "",
    customerId: row.customer_id,
    channel: row.channel,
    externalId: row.external_id,
    amount: formatMoney(money(row.amount_e4)),
    outcome: row.outcome,
    outcomeReason: row.outcome_reason,
    shiftId: row.shift_id,
    takenBy: row.taken_by,
    takenAt: row.taken_at,
    note: row.note,
    prints: row.prints,
    parts: parts.map(toRecharge),
  };
}
