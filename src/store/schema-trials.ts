/** Tables of trial runs (试运行). Conventions as in `schema.ts`. */
import type { SwitchWish, TrialMeterState, TrialPlace, TrialResult, TrialState } from "#domain/trial.ts";
import type { Flag } from "./flag.ts";

/**
 * A trial run of some meters. `scope_hash` names exactly which and how: the same start again joins the run that is open. `report` is what was
 * signed, as JSON, and `fingerprint` the SHA-256 of its text; both are null until then and never change afterwards.
 */
export type TrialRunTable = {
  trial_no: string;
  idem_key: string;
  scope_hash: string;
  project_id: number;
  place_kind: TrialPlace;
  place_id: number | null;
  place_name: string;
  state: TrialState;
  switch_test: Flag;
  meters: number;
  created_by: string;
  created_name: string;
  created_at: number;
  ended_at: number | null;
  signed_by: string | null;
  signed_name: string | null;
  signed_at: number | null;
  sign_note: string;
  report: string | null;
  fingerprint: string | null;
  updated_at: number;
  version: number;
};

/**
 * One meter of a run. `open_meter_id` is unique and null once it is done: a meter is tried by one run at a time. `checks` and `earlier` are JSON:
 * what was found, and what earlier attempts of this run found.
 */
export type TrialMeterTable = {
  trial_no: string;
  meter_id: number;
  seq: number;
  open_meter_id: number | null;
  state: TrialMeterState;
  result: TrialResult | null;
  attempt: number;
  switch_wish: SwitchWish;
  read_command_id: string | null;
  trip_command_id: string | null;
  close_command_id: string | null;
  /** When the present step began. */
  step_at: number;
  checks: string;
  earlier: string;
  done_at: number | null;
};

export type TrialsSchema = {
  trial_run: TrialRunTable;
  trial_meter: TrialMeterTable;
};
