/** Tables of batches of switch commands. Conventions as in `schema.ts`. */
import type { BatchHold, BatchKind, BatchRowState, BatchState, LeftOutReason } from "#domain/switch-batch.ts";

/**
 * Many meters that are tripped or closed together (批量拉合闸). The list is frozen when it is made; `list_hash` covers kind, reason and every
 * row as it was then, and is what the second person agrees to. `meters` counts those that shall be switched. `idem_key` is
 * `<user>:<key of the page>`, `request_hash` tells whether a repeat asks for the same.
 */
export type SwitchBatchTable = {
  id: string;
  idem_key: string;
  request_hash: string;
  kind: BatchKind;
  reason: string;
  state: BatchState;
  meters: number;
  list_hash: string;
  /** The batch whose failed meters these are. */
  again_of: string | null;
  approval_id: string | null;
  requested_by: string;
  requested_by_id: number;
  requested_at: number;
  approved_by: string | null;
  /** From here on it is sent, and how long. */
  started_at: number | null;
  send_until: number | null;
  hold: BatchHold | null;
  cancelled_by: string | null;
  ended_at: number | null;
  updated_at: number;
  version: number;
};

/** One meter of a batch. `known` is JSON: what was known of it when the list was made; it never changes. */
export type SwitchBatchMeterTable = {
  batch_id: string;
  meter_id: number;
  position: number;
  state: BatchRowState;
  why: LeftOutReason | "";
  command_id: string | null;
  known: string;
  changed_at: number;
};

export type BatchesSchema = {
  switch_batch: SwitchBatchTable;
  switch_batch_meter: SwitchBatchMeterTable;
};
