import type { CommandKind } from "#domain/command.ts";

export type CommandState =
  | "waiting" // nobody has sent it
  | "sent" // the first byte may have left
  | "unknown" // sent, no answer: the meter must be read before anything else
  | "confirmed"
  | "refused"
  | "stopped" // the meter's purchase count contradicts ours, or nothing proves a switch: a person must look
  | "expired"
  | "cancelled";

/** Why a command was made. */
export type CommandCause =
  | "operator"
  | "arrears"
  | "recharge"
  | "refund"
  | "paid"
  | "exchange"
  | "mode"
  | "group"
  | "clock";

/** One thing that a meter is asked to do (指令). Claimed by lease; a result needs the lease's token. */
export type CommandTable = {
  id: string;
  idem_key: string;
  meter_id: number;
  concentrator_id: number;
  kind: CommandKind;
  cause: CommandCause;
  priority: number;
  /** JSON, by kind: top_up, deduct, clear, set_mode {amount, customer}; read {items}; change_key {to}. */
  payload: string;
  order_no: string | null;
  purchase_number: number | null;
  /** The exact bytes that were sent: a repeat sends these and no others. */
  frame_hex: string | null;
  /** top_up: the version of the meter's key under which `frame_hex` was made. */
  key_version: number | null;
  state: CommandState;
  state_reason: string;
  reason: string;
  requested_by: string;
  not_before: number;
  expires_at: number;
  attempts: number;
  lease_token: string | null;
  lease_until: number;
  /** The concentrator's epoch under which it was claimed: a lease of an older epoch is void. */
  lease_epoch: number;
  created_at: number;
  sent_at: number | null;
  done_at: number | null;
  /** JSON: what the meter answered or showed when read back. */
  result: string | null;
  updated_at: number;
};

/** Why a trip was decided: no OFF without such a row. */
export type OffEvidenceTable = {
  command_id: string;
  meter_id: number;
  balance_e4: number;
  floor_e4: number;
  reading_at: number;
  index_wh: number;
  evaluations: number;
  decided_at: number;
};

export type CommandsSchema = {
  command: CommandTable;
  off_evidence: OffEvidenceTable;
};
