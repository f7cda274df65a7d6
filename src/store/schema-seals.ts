/** What has been booked and waits to be sealed; `item` is `t:<transfer>` or `r:<transfer>` for a resolution. */
export type LedgerUnsealedTable = { item: string };

/** One seal of the ledger (封签): covers `items` rows in order and the seal before it. `signature`: its hash under the master key. */
export type LedgerSealTable = {
  seq: number;
  previous: string;
  hash: string;
  items: number;
  sealed_at: number;
  signature: string;
};

/** One row that a seal covers, with its own hash, so that a changed row can be named. */
export type LedgerSealedTable = { item: string; seal_seq: number; position: number; hash: string };

/** Tables of the ledger's seals. */
export type SealSchema = {
  ledger_unsealed: LedgerUnsealedTable;
  ledger_seal: LedgerSealTable;
  ledger_sealed: LedgerSealedTable;
};
