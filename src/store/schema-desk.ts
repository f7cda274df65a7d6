/** Tables of the recharge desk: payments, their receipts, shifts. Conventions as in `schema.ts`. */

/**
 * One payment (收款) with its receipt; what it does to each meter is a `recharge_order` that names it. `idem_key` is unique for ever;
 * `external_id` is what the channel calls it (WeChat, partners), unique within the channel for ever. `customer_id` is null while
 * nobody knows whose money it is. `prints` counts the printed receipts.
 */
export type PaymentTable = {
  payment_no: string;
  idem_key: string;
  request_hash: string;
  project_id: number;
  customer_id: number | null;
  channel: string;
  external_id: string | null;
  amount_e4: number;
  /** What it paid for: meters, only the wallet, or nothing that could be named. */
  outcome: "recharged" | "wallet" | "suspense";
  /** Why it did not become recharges; empty when it did. */
  outcome_reason: string;
  shift_id: number | null;
  receipt_no: string;
  parts: number;
  prints: number;
  taken_by: string;
  taken_at: number;
  note: string;
};

/** Every print of a receipt; the second and later ones say so. */
export type ReceiptPrintTable = {
  payment_no: string;
  n: number;
  idem_key: string;
  printed_by: string;
  printed_at: number;
};

/**
 * A cashier's shift (班次): the cash that one person is answerable for; its id is the ref of the ledger account `cash`. `open_key` is unique
 * while it is open and null afterwards, so that a cashier has one at a time in a project. Every payment bumps `version`.
 */
export type ShiftTable = {
  id: number;
  project_id: number;
  user_id: number;
  cashier: string;
  cashier_name: string;
  open_key: string | null;
  state: "open" | "closed";
  opened_at: number;
  opened_by: "payment" | "hand" | "takeover";
  float_e4: number;
  closed_at: number | null;
  closed_by: string | null;
  expected_e4: number | null;
  counted_e4: number | null;
  reason: string;
  version: number;
};

/** Every count of the cash of a shift, also those that were done again: the first one is the honest one. */
export type ShiftCountTable = {
  shift_id: number;
  n: number;
  idem_key: string;
  /** JSON: how many of each note and coin in fen; null when only the sum was typed. */
  denominations: string | null;
  counted_e4: number;
  expected_e4: number;
  shift_version: number;
  counted_by: string;
  counted_at: number;
};

export type DeskSchema = {
  payment: PaymentTable;
  receipt_print: ReceiptPrintTable;
  shift: ShiftTable;
  shift_count: ShiftCountTable;
};
