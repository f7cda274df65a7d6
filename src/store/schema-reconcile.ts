import type { DifferenceCause, DifferenceKind } from "#domain/difference.ts";
import type { Flag } from "./flag.ts";

/** One reconciliation (对账): nightly (`actor` = "nightly") or asked for by a person. `report` is JSON of the ledger's check. */
export type ReconciliationTable = {
  id: string;
  started_at: number;
  ended_at: number;
  actor: string;
  found: number;
  ledger_ok: Flag;
  report: string;
};

/**
 * Something that does not agree (差异), until a person or a later reconciliation ends it. `open_key` is `kind:object` while it is open and its id
 * afterwards, unique: the same difference found again is the same row. Money in 1/10000 yuan, energy in Wh; null where it does not apply.
 */
export type DifferenceTable = {
  id: string;
  open_key: string;
  kind: DifferenceKind;
  object: string;
  project_id: number | null;
  meter_id: number | null;
  expected: number | null;
  actual: number | null;
  value_e4: number;
  cause: DifferenceCause;
  detail: string;
  state: "open" | "gone" | "explained" | "corrected";
  found_at: number;
  seen_at: number;
  ended_at: number | null;
  ended_by: string | null;
  reason: string;
  transfer_id: string | null;
  version: number;
};

/** Tables of the reconciliation. */
export type ReconcileSchema = {
  reconciliation: ReconciliationTable;
  difference: DifferenceTable;
};
