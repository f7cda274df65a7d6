/** The table of load guards. Conventions as in `schema.ts`. */
import type { LoadCause, LoadGuardState } from "#domain/load-guard.ts";
import type { Flag } from "./flag.ts";

/**
 * The load guard (安全用电) of a meter. `wanted` is JSON of what people set, `told` what the meter has confirmed; null: nothing, or another device
 * has come since. `watches`: `wanted` watches for anything, so it is asked in every round. The rest is what the meter showed last; `state` null: nothing yet.
 */
export type LoadGuardTable = {
  meter_id: number;
  wanted: string;
  watches: Flag;
  wanted_by: string;
  wanted_at: number;
  told: string | null;
  told_at: number;
  state: LoadGuardState | null;
  cause: LoadCause | null;
  /** Since counting began, and ever. */
  trips: number;
  total: number;
  /** By the meter's clock. */
  tripped_at: number | null;
  power_w: number;
  seen_at: number;
};

export type LoadGuardSchema = { load_guard: LoadGuardTable };
