import { auditText, resolutionText, transferText } from "#domain/seal.ts";
import type { Tx } from "#store/db.ts";
import { auditRows, type SealBookName, sealedRows } from "#store/seals.ts";

/** Something that is sealed: how a row of it reads as text, what it is called, and what a seal's signature is bound to. */
export type SealBook = {
  readonly name: SealBookName;
  /** The texts of the rows behind items, as they are now; without those that are gone. */
  texts(tx: Tx, items: readonly string[]): Promise<Map<string, string>>;
  named(item: string): string;
  purpose(seq: number): string;
};

/** The ledger (账本): transfers, and how the pending ones ended. */
export const ledgerBook: SealBook = {
  name: "ledger",
  async texts(tx, items) {
    const rows = [...(await sealedRows(tx, items))];
    return new Map(
      rows.map(([item, row]) => [
        item,
        "transfer" in row ? transferText(row.transfer) : resolutionText(row.resolution),
      ]),
    );
  },
  named: (item) => (item.startsWith("t:") ? `transfer ${item.slice(2)}` : `the end of transfer ${item.slice(2)}`),
  purpose: (seq) => `ledger-seal:${seq}`,
};

/** The audit (审计日志): who did what. */
export const auditBook: SealBook = {
  name: "audit",
  texts: async (tx, items) => new Map((await auditRows(tx, items)).map((row) => [row.id, auditText(row)])),
  named: (item) => `audit row ${item}`,
  purpose: (seq) => `audit-seal:${seq}`,
};
