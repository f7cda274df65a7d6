/** Tables of imports of archives (档案导入). Conventions as in `schema.ts`. */

export type ImportState =
  | "uploaded" // its rows are stored; they are compared with the archive next
  | "checked" // what it would do is told; a person accepts it, when nothing is wrong
  | "accepted" // compared once more before anything is written
  | "running"
  | "done"
  | "outdated" // the archive changed between check and acceptance: nothing was written
  | "stopped" // the archive changed while it was running: what is written stays, the rest is not
  | "cancelled";

/**
 * One uploaded file. `facts` is JSON: which sheets and columns it has, and what it would do by sheet. `plan_hash` is of what the accepting
 * person saw; `changes` and `done` count what it makes and changes. `stopped_by` is JSON of the fault. The lease says which server is at it.
 */
export type ArchiveImportTable = {
  id: string;
  project_id: number;
  file_name: string;
  /** SHA-256. */
  file_hash: string;
  file_bytes: number;
  language: string;
  state: ImportState;
  facts: string;
  plan_hash: string | null;
  rows: number;
  faults: number;
  changes: number;
  done: number;
  stopped_by: string | null;
  made_by_id: number;
  made_by: string;
  made_at: number;
  ip: string;
  accepted_by_id: number | null;
  accepted_by: string | null;
  accepted_at: number | null;
  ended_at: number | null;
  lease_token: string | null;
  lease_until: number;
  version: number;
};

/**
 * What belongs to an import, in pieces: `rows` as they were read, `cells` what is wrong with single cells, `faults` all that is wrong, `step` what
 * one transaction does. A step is done when its own row says so, written in that transaction.
 */
export type ArchiveImportPartTable = {
  import_id: string;
  kind: "rows" | "cells" | "faults" | "step";
  n: number;
  state: "waiting" | "done";
  content: string;
};

export type ImportsSchema = {
  archive_import: ArchiveImportTable;
  archive_import_part: ArchiveImportPartTable;
};
