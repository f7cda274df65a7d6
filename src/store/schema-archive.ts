import type { LinkChannel, LinkDirection, LinkKind, LinkTrust } from "#domain/link.ts";
import type { MasterPlace } from "#domain/loss.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import type { Flag } from "./flag.ts";

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
  /** The most that may be drawn on the primary side of its transformers, in W. */
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
  /** It measures everything that goes into its box, or into its area (总表); null: an ordinary meter. */
  master_of: MasterPlace | null;
  /** Counts the edits of its archive. */
  version: number;
  /** Taken out of use: kept for its history, not read, shown on no board. */
  retired_at: number | null;
};

export type ArchiveSchema = {
  project: ProjectTable;
  area: AreaTable;
  area_ancestor: AreaAncestorTable;
  box: BoxTable;
  room: RoomTable;
  customer: CustomerTable;
  account: AccountTable;
  concentrator: ConcentratorTable;
  meter: MeterTable;
};
