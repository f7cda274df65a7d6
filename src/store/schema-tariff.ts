import type { CalendarKind } from "#domain/calendar.ts";
import type { Rate } from "#domain/tariff.ts";
import type { Flag } from "./flag.ts";

/** A tariff (电价方案): a name for terms that change in versions. `rev` is bumped by whoever decides about its versions. */
export type TariffTable = {
  id: number;
  project_id: number;
  name: string;
  kind: "electricity" | "water";
  note: string;
  rev: number;
  created_by: string;
  created_at: number;
};

/** Approved terms of a tariff from an instant on; immutable. `terms` is JSON. `applied_at` 0: not shown on its meters yet. */
export type TariffVersionTable = {
  id: string;
  tariff_id: number;
  from_at: number;
  terms: string;
  change_id: string;
  approved_by: string;
  approved_at: number;
  applied_at: number;
};

/**
 * What a meter is charged by from an instant on: a tariff, or a flat price of its own. Approved and immutable. The row of instant 0
 * holds the price that the meter had before its first change.
 */
export type MeterTariffTable = {
  meter_id: number;
  from_at: number;
  tariff_id: number | null;
  price_e4: number | null;
  change_id: string | null;
  approved_by: string;
  approved_at: number;
  applied_at: number;
};

export type PriceChangeState = "requested" | "approved" | "rejected" | "withdrawn" | "revoked";

/**
 * A change of prices on its way (调价单): new terms of a tariff, or other prices for some meters. Only what is approved stands in
 * `tariff_version` and `meter_tariff`. `content` is JSON: terms, or `{"tariffId", "priceE4"}`. `rev` is bumped by every decision.
 */
export type PriceChangeTable = {
  id: string;
  idem_key: string;
  request_hash: string;
  project_id: number;
  kind: "version" | "assignment";
  tariff_id: number | null;
  from_at: number;
  content: string;
  state: PriceChangeState;
  rev: number;
  reason: string;
  made_by: string;
  made_at: number;
  decided_by: string | null;
  decided_at: number | null;
  decided_reason: string;
  approval_id: string | null;
  updated_at: number;
};
/** The meters of an assignment on its way. */
export type PriceChangeMeterTable = { change_id: string; meter_id: number };

/**
 * One line of a settlement (计费明细): a usage at one price, between two readings of a meter. Immutable. `amount_e4 × 1000 =
 * usage_wh × price_e4 + residue_before − residue`. Lines of `lots` have no price of their own: their units were paid for before.
 */
export type UsageChargeTable = {
  meter_id: number;
  reading_at: number;
  line: number;
  rev: number;
  account_id: number;
  source: "balance" | "lots";
  from_reading_at: number;
  from_index_wh: number;
  index_wh: number;
  ratio: number;
  from_at: number;
  to_at: number;
  tariff_id: number | null;
  version_id: string | null;
  rate: Rate | null;
  tier: number | null;
  period_at: number | null;
  period_wh: number | null;
  usage_wh: number;
  price_e4: number | null;
  amount_e4: number;
  residue_before: number;
  residue: number;
  estimated: Flag;
  transfer_id: string | null;
  booked_at: number;
};

/** How far a meter has climbed the steps of a tariff in the period that began at `period_at`, for the account that pays. */
export type TierCountTable = {
  meter_id: number;
  tariff_id: number;
  period_at: number;
  account_id: number;
  used_wh: number;
};

/** A day that is not what its weekday says. `provisional`: not announced yet, from the law alone. */
export type CalendarDayTable = {
  day: string;
  kind: CalendarKind;
  name: string;
  provisional: Flag;
  updated_by: string;
  updated_at: number;
};

/** Times in which nobody is cut off for arrears (不断电时段), of a project, an area with all below it, or one meter. */
export type NoCutWindowTable = {
  id: string;
  scope: "project" | "area" | "meter";
  ref_id: number;
  name: string;
  /** Kinds of days, with commas; on those days it begins. */
  days: string;
  from_minute: number;
  to_minute: number;
  rev: number;
  updated_by: string;
  updated_at: number;
};

/**
 * Emergency credit (应急电量): an account in arrears may go so much further below zero, until the next recharges have lifted it
 * out. `open_account` is the account while it is open and null afterwards: unique, so one at a time.
 */
export type EmergencyCreditTable = {
  id: string;
  idem_key: string;
  account_id: number;
  open_account: number | null;
  amount_e4: number;
  granted_by: string;
  reason: string;
  granted_at: number;
  repaid_at: number | null;
};

/** Tables of prices, of settlement lines and of the calendar. */
export type TariffSchema = {
  tariff: TariffTable;
  tariff_version: TariffVersionTable;
  meter_tariff: MeterTariffTable;
  price_change: PriceChangeTable;
  price_change_meter: PriceChangeMeterTable;
  usage_charge: UsageChargeTable;
  tier_count: TierCountTable;
  calendar_day: CalendarDayTable;
  no_cut_window: NoCutWindowTable;
  emergency_credit: EmergencyCreditTable;
};
