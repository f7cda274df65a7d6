import type { Flag } from "./flag.ts";

/** What has been written down and waits to be sealed: `t:<transfer>` or `r:<transfer>` of the ledger, the id of a row of the audit. */
export type UnsealedTable = { item: string };

/** One seal (封签): covers `items` rows in order and the seal before it. `signature`: its hash under the master key. */
export type SealTable = {
  seq: number;
  previous: string;
  hash: string;
  items: number;
  sealed_at: number;
  signature: string;
};

/** One row that a seal covers, with its own hash, so that a changed row can be named. */
export type SealedTable = { item: string; seal_seq: number; position: number; hash: string };

/** One check of the audit's seals. `head_*`: the newest seal then, which must still be there at the next. `problems`: JSON, the first ones. */
export type AuditCheckTable = {
  id: string;
  started_at: number;
  ended_at: number;
  ok: Flag;
  seals: number;
  covered: number;
  waiting: number;
  head_seq: number | null;
  head_hash: string | null;
  problems: string;
};

/** Tables of the seals: of the ledger, and of the audit, which has the same ones. */
export type SealSchema = {
  ledger_unsealed: UnsealedTable;
  ledger_seal: SealTable;
  ledger_sealed: SealedTable;
  audit_unsealed: UnsealedTable;
  audit_seal: SealTable;
  audit_sealed: SealedTable;
  audit_check: AuditCheckTable;
};
