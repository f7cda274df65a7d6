/**
 * Every table, one schema for SQLite, MySQL and MariaDB. Names carry units: `_wh` watt-hours (litres for water: 1000 to
 * the unit), `_e4` 1/10000 yuan, `_at` epoch milliseconds. Booleans are 0/1. JSON is text. Ids of archive rows are
 * integers from the `sequence` table; ids of things that happen are 20 characters made by the application.
 * The migrations in `migrations/` make these tables; this file is what the code sees.
 */

import type { CommandKind } from "#domain/command.ts";
import type { LinkChannel, LinkDirection, LinkKind, LinkTrust } from "#domain/link.ts";
import type { MeterEventKind } from "#domain/meter-event.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import type { Flag } from "./flag.ts";
import type { CollectionSchema } from "./schema-collection.ts";
import type { DaysSchema } from "./schema-days.ts";
import type { DeskSchema } from "./schema-desk.ts";
import type { DevicesSchema } from "./schema-devices.ts";
import type { GroupsSchema } from "./schema-groups.ts";
import type { KeysSchema } from "./schema-keys.ts";
import type { LinksSchema } from "./schema-links.ts";
import type { PastSchema } from "./schema-past.ts";
import type { ReconcileSchema } from "./schema-reconcile.ts";
import type { RefundsSchema } from "./schema-refunds.ts";
import type { SafekeepingSchema } from "./schema-safekeeping.ts";
import type { SealSchema } from "./schema-seals.ts";
import type { SharesSchema } from "./schema-shares.ts";
import type { TariffSchema } from "./schema-tariff.ts";

export type { Flag };

/** One site (项目) with its own prices and zone. */
export type ProjectTable = { id: number; name: string };

/** Tree of areas (片区): area → building → floor. `area_ancestor` is its closure, each node its own ancestor too. */
export type AreaTable = { id: number; project_id: number; parent_id: number | null; name: string; sort: number };
export type AreaAncestorTable = { area_id: number; ancestor_id: number };

/** Distribution box (配电箱): public meters are shared within it. */
export type BoxTable = { id: number; area_id: number; name: string };
export type RoomTable = { id: number; area_id: number; name: string };

/** Who pays (户). `number` (客户编号) is what people know him by: one for all his rooms and accounts. */
export type CustomerTable = {
  id: number;
  project_id: number;
  number: string;
  name: string;
  phone: string;
  created_at: number;
};

/**
 * What is paid for (结算户): 1..n meters of one customer. `number` is what meters know as the customer number (12 digits).
 * `arrears_*` count the consecutive evaluations that found the account in arrears (a trip needs two).
 */
export type AccountTable = {
  id: number;
  customer_id: number;
  number: string;
  credit_at: "meter" | "server";
  overdraft_e4: number;
  arrears_evaluations: number;
  arrears_reading_at: number;
  version: number;
};

/**
 * Concentrator (集中器). `key_sealed` is its link key sealed by the master key. `owner`/`epoch`/`lease_until` say which
 * collector may speak to it: a result is accepted only with the epoch under which it was asked.
 */
export type ConcentratorTable = {
  id: number;
  project_id: number;
  area_id: number;
  code: string;
  name: string;
  key_sealed: string;
  meters_max: number;
  owner: string | null;
  epoch: number;
  lease_until: number;
  online: Flag;
  online_changed_at: number;
  last_seen_at: number;
  rssi_dbm: number | null;
  link_kind: LinkKind;
  direction: LinkDirection;
  /** Where one that listens is reached. */
  host: string | null;
  port: number | null;
  trust: LinkTrust;
  /** `tls`: it is not let in by plain TCP. */
  channel: LinkChannel;
  /** SHA-256 of the certificate that it shows in TLS, 64 hex digits; null for one with a key only. */
  tls_fingerprint: string | null;
  /** JSON of the networks (CIDR) that it may come from; null for any. */
  sources: string | null;
  /** 1: it may only come from where it first came (首见锁定). */
  lock_source: Flag;
  first_source: string | null;
  /** JSON of what a DTU says by itself; null for the usual packets. */
  dtu_packets: string | null;
  /** How often its meters are read; null: as its project says. */
  read_interval_s: number | null;
  /** Counts the edits of its archive: two people do not overwrite each other. */
  version: number;
  /** Taken out of use; nothing speaks to it any more. */
  retired_at: number | null;
};

export type MeterKind = "electricity" | "water";
export type { MeterMode };
export type SwitchKind = "relay" | "breaker" | "valve" | "none";

/** Meter (表计): what an operator enters. What is known about it now is in `meter_state`. */
export type MeterTable = {
  id: number;
  project_id: number;
  area_id: number;
  room_id: number | null;
  box_id: number | null;
  account_id: number | null;
  number: string;
  label: string;
  kind: MeterKind;
  profile: string;
  address: string;
  concentrator_id: number;
  bus: number;
  mode: MeterMode;
  switch_kind: SwitchKind;
  closes_by: "direct" | "button";
  price_e4: number;
  ratio: number;
  power_max_w: number;
  low_credit_wh: number;
  supply_guard: Flag;
  created_at: number;
  /** The gateway meter (网关表) behind which it hangs; null on the bus itself. */
  gateway_id: number | null;
  /** Counts the devices that this row has stood for: what was asked of an earlier one is not believed of this one. */
  installation: number;
  /** What rounds ask of it; null: as its channel says. */
  item_set_id: number | null;
  /** Counts the edits of its archive. */
  version: number;
  /** Taken out of use: kept for its history, not read, shown on no board. */
  retired_at: number | null;
};

/**
 * What is known about a meter now. `index_*` is the latest good total index, `settled_*` what has been charged.
 * `purchase_count` counts the top-ups that the meter confirmed; `purchase_count_read` is what it last showed.
 * `relay` is read back from the meter, `relay_commanded` what it was last told.
 */
export type MeterStateTable = {
  meter_id: number;
  index_wh: number | null;
  index_at: number;
  remaining_wh: number | null;
  remaining_at: number;
  purchase_count: number;
  purchase_count_read: number | null;
  purchase_count_read_at: number;
  relay: "open" | "closed" | null;
  relay_at: number;
  relay_commanded: "open" | "closed" | null;
  relay_commanded_at: number;
  /** For whom it was last told to open. */
  relay_commanded_for: "arrears" | "operator" | null;
  off_cause: "arrears" | "operator" | "safety" | "unknown" | null;
  /** What the meter keeps about its switch: status word 3 of DL/T 645-2007, C020 of 1997, ST of CJ/T 188. */
  status_word3: number | null;
  /** The switch itself says that it is broken (valve, D1 of ST). */
  switch_fault: Flag;
  voltage_mv: number | null;
  current_ma: number | null;
  power_w: number | null;
  instant_at: number;
  last_answer_at: number;
  /** Rounds without an answer since the last one, and when the last of them was counted. */
  silent_rounds: number;
  silent_at: number;
  /** The last reading that was not believed, until readings follow the old line again: billing waits for a person meanwhile. */
  suspect_wh: number | null;
  suspect_at: number;
  /** A reading that a person refused, until readings follow the old line: waiting alone does not make it believable either. */
  rejected_wh: number | null;
  rejected_at: number;
  settled_index_wh: number | null;
  settled_at: number;
  /** What rounding kept back when the last usage was charged, in 1/10000 yuan ÷ 1000: carried, so it never drifts. */
  settled_residue: number;
  low_credit: Flag;
  top_ups_stopped: Flag;
  /** The command that is between "sent" and its end: one at a time, so that purchase numbers run without gaps. */
  top_up_open: string | null;
  /** Frames logged so far; the ring slot of the next one is this modulo its size. */
  frame_count: number;
  changed_at: number;
  version: number;
};

/** One reading of one register. Key: meter first on the MySQL family, time first on SQLite. Never updated. */
export type ReadingTable = {
  meter_id: number;
  register: number;
  measured_at: number;
  value: number;
  verdict: number;
  received_at: number;
};

/** Something that happened to a meter, for people: tripped, closed, low credit, top-up confirmed, silent … */
export type MeterEventTable = {
  id: string;
  meter_id: number;
  at: number;
  kind: MeterEventKind;
  severity: "info" | "warning" | "alarm";
  detail: string;
};

/** The last frames of a meter: a ring of `slot`s per meter, so it never grows. */
export type FrameLogTable = {
  meter_id: number;
  slot: number;
  at: number;
  direction: "sent" | "received" | "silence";
  hex: string;
  command_id: string | null;
  took_ms: number;
};

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

export type CommandState =
  | "waiting" // nobody has sent it
  | "sent" // the first byte may have left
  | "unknown" // sent, no answer: the meter must be read before anything else
  | "confirmed"
  | "refused"
  | "stopped" // the meter's purchase count contradicts ours, or nothing proves a switch: a person must look
  | "expired"
  | "cancelled";

export type { CommandKind };
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

export type AuditTable = {
  id: string;
  at: number;
  actor: string;
  action: string;
  object: string;
  before: string | null;
  after: string | null;
  reason: string;
  ip: string;
};

export type UserTable = {
  id: number;
  login: string;
  name: string;
  password_hash: string;
  disabled: Flag;
  all_meters: Flag;
  created_at: number;
};
export type RoleTable = { id: number; code: string; name: string; permissions: string };
export type UserRoleTable = { user_id: number; role_id: number };
/** Area nodes and single meters that a user may see (辖区). */
export type UserScopeTable = { user_id: number; kind: "area" | "meter"; ref_id: number };
/** Only the SHA-256 of a session's token is stored. */
export type SessionTable = {
  token_hash: string;
  user_id: number;
  created_at: number;
  seen_at: number;
  expires_at: number;
  ip: string;
};
/** Failed logins per name and per address. */
export type LoginFailureTable = { subject: string; failures: number; last_at: number };

export type SettingTable = { key: string; value: string; updated_by: string; updated_at: number };
export type SequenceTable = { name: string; next: number };
/** Counters that only grow, one row per writer: `readings:<collector>`. */
export type TallyTable = { name: string; value: number };

/** All tables: those of this file, and those of each `schema-<topic>.ts` beside it. */
export type Schema = FirstSchema &
  RefundsSchema &
  DeskSchema &
  DaysSchema &
  SharesSchema &
  TariffSchema &
  KeysSchema &
  LinksSchema &
  GroupsSchema &
  SealSchema &
  SafekeepingSchema &
  DevicesSchema &
  PastSchema &
  ReconcileSchema &
  CollectionSchema;

export type FirstSchema = {
  project: ProjectTable;
  area: AreaTable;
  area_ancestor: AreaAncestorTable;
  box: BoxTable;
  room: RoomTable;
  customer: CustomerTable;
  account: AccountTable;
  concentrator: ConcentratorTable;
  meter: MeterTable;
  meter_state: MeterStateTable;
  reading: ReadingTable;
  meter_event: MeterEventTable;
  frame_log: FrameLogTable;
  ledger_account: LedgerAccountTable;
  ledger_transfer: LedgerTransferTable;
  ledger_entry: LedgerEntryTable;
  ledger_resolution: LedgerResolutionTable;
  credit_lot: CreditLotTable;
  recharge_order: RechargeOrderTable;
  command: CommandTable;
  off_evidence: OffEvidenceTable;
  audit: AuditTable;
  user: UserTable;
  role: RoleTable;
  user_role: UserRoleTable;
  user_scope: UserScopeTable;
  session: SessionTable;
  login_failure: LoginFailureTable;
  setting: SettingTable;
  sequence: SequenceTable;
  tally: TallyTable;
};
