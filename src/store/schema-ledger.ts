import type { Flag } from "./flag.ts";

/** `balance_e4` is what is posted, `reserved_e4` what pending transfers will take. Only for materialised kinds. */
export type LedgerAccountTable = {
  id: string;
  kind: string;
  ref_id: number;
  balance_e4: number;
  reserved_e4: number;
  floor_e4: number | null;
  version: number;
};

/** A transfer; immutable. `pending` ones end by one row in `ledger_resolution`. */
export type LedgerTransferTable = {
  id: string;
  kind: string;
  pending: Flag;
  at: number;
  actor: string;
  order_no: string | null;
  meter_id: number | null;
  memo: string;
};
/** Lines of a transfer; they sum to zero. Positive: the account gains. Immutable. */
export type LedgerEntryTable = { transfer_id: string; line: number; account_id: string; amount_e4: number };
/** How a pending transfer ended: once, for ever. */
export type LedgerResolutionTable = { transfer_id: string; outcome: "posted" | "voided"; at: number; actor: string };

/** Units bought and not yet used (批次), first in first out: values what is used and what is refunded. */
export type CreditLotTable = {
  id: string;
  meter_id: number;
  sequence: number;
  units_wh: number;
  cost_e4: number;
  used_wh: number;
  used_e4: number;
  order_no: string | null;
  made_at: number;
};

export type OrderState = "booked" | "sent" | "unknown" | "confirmed" | "refused" | "stopped" | "withdrawn";

/**
 * What a payment does to one meter (充值单): part number `part` of `payment_no`. `idem_key` is unique for ever; `request_hash` tells a
 * repeat from a conflict.
 */
export type RechargeOrderTable = {
  order_no: string;
  payment_no: string;
  part: number;
  idem_key: string;
  request_hash: string;
  meter_id: number;
  account_id: number;
  customer_id: number;
  channel: string;
  amount_e4: number;
  price_e4: number;
  wallet_before_e4: number;
  debts_e4: number;
  units_wh: number;
  units_cost_e4: number;
  wallet_after_e4: number;
  state: OrderState;
  state_reason: string;
  command_id: string | null;
  purchase_number: number | null;
  remaining_after_wh: number | null;
  created_by: string;
  created_at: number;
  confirmed_at: number | null;
  note: string;
  updated_at: number;
};

export type LedgerSchema = {
  ledger_account: LedgerAccountTable;
  ledger_transfer: LedgerTransferTable;
  ledger_entry: LedgerEntryTable;
  ledger_resolution: LedgerResolutionTable;
  credit_lot: CreditLotTable;
  recharge_order: RechargeOrderTable;
};
