import type { QuarantineReason, QuarantineState } from "#domain/quarantine.ts";
import type { Flag } from "./flag.ts";

/**
 * One backup that was made, or one that was restored for trial (恢复演练). `snapshot_at` is the moment that it shows; `checked` how far it was looked
 * at afterwards: read to its end by its hashes, or also restored into a scratch database with its ledger verified.
 */
export type BackupRunTable = {
  id: string;
  kind: "backup" | "drill";
  file: string;
  started_at: number;
  ended_at: number;
  snapshot_at: number;
  bytes: number;
  row_count: number;
  encrypted: Flag;
  checked: "none" | "read" | "restored";
  ok: Flag;
  /** What went wrong, in words; empty when nothing did. */
  problem: string;
};

/** One restore of this database from a backup: until `trips_released_at` no trip leaves, whatever the meters have shown. */
export type RestoreRunTable = {
  id: string;
  file: string;
  snapshot_at: number;
  restored_at: number;
  restored_by: string;
  trips_released_at: number | null;
  trips_released_by: string | null;
};

/** A meter of a restored system (隔离): nothing that changes it is sent while its state is `waiting` or `doubtful`. */
export type QuarantineMeterTable = {
  meter_id: number;
  restore_id: string;
  state: QuarantineState;
  reason: QuarantineReason;
  /** Purchase count by the books and as the meter showed it, when it was last looked at. */
  booked: number | null;
  shown: number | null;
  since: number;
  looked_at: number | null;
  ended_at: number | null;
  ended_by: string | null;
  ended_reason: string;
  version: number;
};

/** Tables of backup, restore and quarantine. */
export type SafekeepingSchema = {
  backup_run: BackupRunTable;
  restore_run: RestoreRunTable;
  quarantine_meter: QuarantineMeterTable;
};
