/** Tables of what happens to meters as things: exchanged, behind another transformer, in another mode. Conventions as in `schema.ts`. */
import type { ExchangeState } from "#domain/exchange.ts";
import type { BreakCause } from "#domain/line-break.ts";
import type { MeterMode } from "#domain/meter-mode.ts";

/**
 * Where one line of indexes of a meter ends and the next begins (段): never changed. `close_wh` is the last index of the old line, `open_wh` the
 * first of the new one, at the same time; `reference` names the exchange or the change of ratio.
 */
export type LineBreakTable = {
  id: string;
  meter_id: number;
  at: number;
  cause: BreakCause;
  close_wh: number;
  open_wh: number;
  ratio_before: number;
  ratio_after: number;
  reference: string;
};

/**
 * A meter exchange (换表). `open_meter_id` is unique and null once it ended: a meter is in one exchange at a time. `old_meter` and `new_meter` are
 * JSON of the device; energies in Wh or litres before the ratio, but `carry_wh`, which is what the new meter is to hold.
 */
export type MeterExchangeTable = {
  exchange_no: string;
  idem_key: string;
  request_hash: string;
  project_id: number;
  meter_id: number;
  open_meter_id: number | null;
  account_id: number | null;
  customer_id: number | null;
  credit_at: "meter" | "server" | null;
  state: ExchangeState;
  state_reason: string;
  old_number: string;
  old_meter: string;
  new_number: string | null;
  new_meter: string | null;
  /** How the credit of the old meter became known: it gave it up, or a person stated it. Null: there is none in it. */
  how: "cleared" | "stated" | null;
  /** The last index of the old meter, and where it is from: read, or typed in. */
  close_wh: number | null;
  close_source: "read" | "typed" | null;
  /** Where a photo is, or what else proves what was typed. */
  note: string;
  open_wh: number | null;
  /** What was in the old meter, and what the books said was left. */
  carry_wh: number | null;
  books_wh: number | null;
  /** What the books were corrected by because something else was stated: positive, units were given. */
  difference_wh: number;
  difference_e4: number;
  /** What an overdrawn old meter left its customer owing. */
  debt_e4: number;
  clear_command_id: string | null;
  load_command_id: string | null;
  approval_id: string | null;
  reason: string;
  created_by: string;
  created_at: number;
  swapped_at: number | null;
  swapped_by: string | null;
  done_at: number | null;
  updated_at: number;
  version: number;
};

/** A change of the transformers' ratio (变比变更): agreed upon first, then carried out at an index. One open per meter. */
export type RatioChangeTable = {
  change_no: string;
  idem_key: string;
  request_hash: string;
  project_id: number;
  meter_id: number;
  open_meter_id: number | null;
  state: "requested" | "approved" | "done" | "rejected" | "withdrawn";
  ratio_from: number;
  ratio_to: number;
  index_wh: number | null;
  index_at: number | null;
  approval_id: string | null;
  reason: string;
  created_by: string;
  created_at: number;
  done_by: string | null;
  done_at: number | null;
  updated_at: number;
};

/** A switch between prepaid, postpaid and public (模式切换). Telling: the meter has been asked and has not shown it yet. */
export type ModeChangeTable = {
  change_no: string;
  idem_key: string;
  request_hash: string;
  project_id: number;
  meter_id: number;
  open_meter_id: number | null;
  state: "telling" | "done" | "refused" | "stopped" | "cancelled";
  state_reason: string;
  mode_from: MeterMode;
  mode_to: MeterMode;
  command_id: string | null;
  reason: string;
  created_by: string;
  created_at: number;
  done_at: number | null;
  updated_at: number;
};

export type DevicesSchema = {
  line_break: LineBreakTable;
  meter_exchange: MeterExchangeTable;
  ratio_change: RatioChangeTable;
  mode_change: ModeChangeTable;
};
