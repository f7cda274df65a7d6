import type { ShareMethod } from "#domain/share.ts";
import type { Flag } from "./flag.ts";

/** What divides a source meter's usage: a public meter among the meters of its box, or an outdoor unit among its indoor units. */
export type ShareKind = "box" | "hvac";

/**
 * A version of the rule by which the usage of one source meter is shared (公摊规则), from a day on. Never changed: another version
 * with a later day follows it. What its members are (areas, capacities) is kept with it, so that a closed day never changes.
 */
export type ShareRuleTable = {
  id: string;
  idem_key: string;
  request_hash: string;
  kind: ShareKind;
  source_meter_id: number;
  box_id: number | null;
  effective_day: string;
  period: "day" | "month";
  method: ShareMethod;
  /** Price of a shared unit; null: each member's own. */
  price_e4: number | null;
  /** What the property bears (物业承担), in 1/100 per cent. */
  property_bp: number;
  /** Indoor units: factors of low, middle and high speed in hundredths. */
  speed_low: number;
  speed_middle: number;
  speed_high: number;
  reason: string;
  made_by: string;
  made_at: number;
};

/** One member of a version of a rule: a meter of the box, or an indoor unit. */
export type SharePartTable = {
  rule_id: string;
  line: number;
  meter_id: number | null;
  unit_id: number | null;
  /** 1/100 per cent. */
  ratio_bp: number;
  /** 1/100 m². */
  area_cm: number;
  rated_w: number;
  /** The indoor unit's own meter, where the method asks for it. */
  own_meter_id: number | null;
};

/**
 * One sharing of one source meter for one period (分摊). `rev` 0 is the first; each later one corrects the one before it. `facts` is
 * what it was decided by, as JSON; the same facts are never shared twice.
 */
export type ShareRunTable = {
  id: string;
  kind: ShareKind;
  source_meter_id: number;
  /** `2026-08-01` or `2026-08`. */
  period: string;
  rev: number;
  latest: Flag;
  rule_id: string;
  source_wh: number;
  facts: string;
  facts_hash: string;
  made_by: string;
  made_at: number;
};

/**
 * What one member gets of a run. `share_wh` and `cost_e4` are his whole share, `before_…` what the revision before had given him: the
 * difference is what this line charges. The member without meter and unit is the property (物业承担).
 */
export type ShareLineTable = {
  run_id: string;
  line: number;
  meter_id: number | null;
  unit_id: number | null;
  account_id: number | null;
  customer_id: number | null;
  label: string;
  weight: number;
  weight_sum: number;
  share_wh: number;
  before_wh: number;
  price_e4: number | null;
  cost_e4: number;
  before_e4: number;
  charged_to: "balance" | "debt" | "property";
};

/** An indoor unit of central air-conditioning (空调内机); its outdoor unit is a meter. */
export type HvacUnitTable = {
  id: number;
  project_id: number;
  area_id: number;
  outdoor_meter_id: number;
  account_id: number | null;
  number: string;
  label: string;
  rated_w: number;
  area_cm: number;
  own_meter_id: number | null;
  disabled: Flag;
  version: number;
};

/** How long an indoor unit ran on a day, by fan speed (运行时间). The highest `rev` counts. */
export type HvacInputTable = {
  unit_id: number;
  day: string;
  rev: number;
  low_minutes: number;
  middle_minutes: number;
  high_minutes: number;
  source: "manual" | "import" | "meter";
  reason: string;
  made_by: string;
  made_at: number;
};

/** Tables of public shares and of air-conditioning. */
export type SharesSchema = {
  share_rule: ShareRuleTable;
  share_part: SharePartTable;
  share_run: ShareRunTable;
  share_line: ShareLineTable;
  hvac_unit: HvacUnitTable;
  hvac_input: HvacInputTable;
};
