/** Tables of money that goes back, of second persons, and of tenants that leave. Conventions as in `schema.ts`. */
import type { ApprovalKind, ApprovalState } from "#domain/approval.ts";
import type { MoveOutAfterwards, MoveOutState, ReadingSource } from "#domain/move-out.ts";
import type { RefundKind, RefundMethod, RefundState } from "#domain/refund.ts";

/** A second person is asked (审批). `object` is what it is about: `refund:F…`. `summary` is JSON for people. One per object. */
export type ApprovalTable = {
  id: string;
  kind: ApprovalKind;
  object: string;
  meter_id: number | null;
  amount_e4: number;
  summary: string;
  reason: string;
  state: ApprovalState;
  requested_by: string;
  requested_at: number;
  expires_at: number;
  decided_by: string | null;
  decided_at: number | null;
  decision_reason: string;
  version: number;
  updated_at: number;
};

/**
 * Money or credit that is taken back (退费), wiped (清零) or given up (核销). `amount_e4` is what was quoted when it was asked for,
 * `settled_e4` what it came to once the meter had agreed; `taken_wh` what the meter gave up.
 */
export type RefundTable = {
  refund_no: string;
  idem_key: string;
  request_hash: string;
  kind: RefundKind;
  method: RefundMethod | "";
  state: RefundState;
  state_reason: string;
  project_id: number;
  meter_id: number;
  account_id: number;
  customer_id: number;
  /** The recharge that was wrong, and the one that took its place. */
  order_no: string | null;
  replacement_no: string | null;
  units_wh: number;
  amount_e4: number;
  taken_wh: number | null;
  settled_e4: number | null;
  command_id: string | null;
  purchase_number: number | null;
  approval_id: string | null;
  move_out_no: string | null;
  payout_note: string;
  paid_by: string | null;
  paid_at: number | null;
  reason: string;
  created_by: string;
  created_at: number;
  confirmed_at: number | null;
  updated_at: number;
};

/**
 * A tenant leaves (退租). `meter_id` is one of its meters, `room_id` the room when they all hang in one, `place` its name for people.
 * What it comes to is in `move_out_sheet`; `calculation` is of before there were sheets. Every change bumps `version`.
 */
export type MoveOutTable = {
  move_out_no: string;
  idem_key: string;
  request_hash: string;
  project_id: number;
  meter_id: number;
  room_id: number | null;
  customer_id: number;
  place: string;
  state: MoveOutState;
  method: RefundMethod;
  afterwards: MoveOutAfterwards;
  calculation: string | null;
  reason: string;
  created_by: string;
  created_at: number;
  updated_at: number;
  done_at: number | null;
  version: number;
  /** Who agreed upon the sum and had the meters cleared. */
  confirmed_by: string | null;
  paid_by: string | null;
  payout_note: string;
};

/**
 * A meter of a move-out. `open_meter_id` is unique and null once it ended: a meter is in one move-out at a time. `index_wh`, `remaining_wh`
 * and `read_at` are its final reading, `source` where that is from ("" until there is one); `override_e4` is another value
 * for its units than that of their lots.
 */
export type MoveOutMeterTable = {
  move_out_no: string;
  meter_id: number;
  account_id: number;
  open_meter_id: number | null;
  read_command_id: string | null;
  index_wh: number | null;
  remaining_wh: number | null;
  read_at: number | null;
  source: ReadingSource | "";
  source_reason: string;
  source_by: string | null;
  override_e4: number | null;
  override_reason: string;
  override_by: string | null;
  /** Times that it was asked for its final reading. */
  reads: number;
};

/**
 * What a move-out comes to (结算单), never changed: a later state of things is the next `rev`. `sheet` is JSON with every line; a final one is
 * what was booked. `rest_e4` is what is less than a fen and stays in the wallet. `approval_id`: who was asked about it.
 */
export type MoveOutSheetTable = {
  move_out_no: string;
  rev: number;
  is_final: number;
  sheet: string;
  payable_e4: number;
  owed_e4: number;
  rest_e4: number;
  approval_id: string | null;
  made_by: string;
  made_at: number;
};

/** Which lots a refund took units from, and what they were worth. */
export type RefundLotTable = {
  refund_no: string;
  lot_id: string;
  sequence: number;
  order_no: string | null;
  taken_wh: number;
  taken_e4: number;
};

/** Who had a meter when (租用历史). `until_at` null: still. Those who were there at the start have a row once they leave. */
export type TenancyTable = {
  id: string;
  room_id: number | null;
  meter_id: number;
  account_id: number;
  customer_id: number;
  from_at: number;
  until_at: number | null;
  move_out_no: string | null;
  /** Of the request that began it; null for those who were there before. */
  idem_key: string | null;
};

/** The customer number that a meter has in it, when it is another than its account's: meters keep theirs when tenants change. */
export type MeterCustomerNumberTable = { meter_id: number; number: string };

/** The purchase count of a meter taken over against the books (购电次数更正): what was seen, what was decided, what it cost. */
export type CountCorrectionTable = {
  id: string;
  idem_key: string;
  request_hash: string;
  meter_id: number;
  state: "requested" | "done" | "rejected";
  order_no: string | null;
  /** What became of the stopped order: it is in the meter, or it is not. */
  order_outcome: "happened" | "did_not_happen" | "none";
  count_from: number;
  count_to: number;
  /** What the meter showed as remaining, and how much more (or less) that was than the books had. */
  remaining_wh: number;
  difference_wh: number;
  amount_e4: number;
  approval_id: string | null;
  reason: string;
  created_by: string;
  created_at: number;
  done_at: number | null;
};

export type RefundsSchema = {
  approval: ApprovalTable;
  refund: RefundTable;
  move_out: MoveOutTable;
  move_out_meter: MoveOutMeterTable;
  move_out_sheet: MoveOutSheetTable;
  refund_lot: RefundLotTable;
  tenancy: TenancyTable;
  meter_customer_number: MeterCustomerNumberTable;
  count_correction: CountCorrectionTable;
};
