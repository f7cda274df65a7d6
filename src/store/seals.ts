import { sql } from "kysely";
import type { SealedAudit, SealedResolution, SealedTransfer } from "#domain/seal.ts";
import type { Tx } from "./db.ts";
import { insertRows } from "./portable.ts";
import type { SealedTable, SealTable } from "./schema-seals.ts";

/** What is sealed: the ledger (账本), and the audit (审计日志). Each has a chain of seals of its own. */
export type SealBookName = "ledger" | "audit";

const LEDGER = { unsealed: "ledger_unsealed", seal: "ledger_seal", sealed: "ledger_sealed" } as const;
type Tables = typeof LEDGER;
const AUDIT = { unsealed: "audit_unsealed", seal: "audit_seal", sealed: "audit_sealed" } as const;

/** The tables of a book. They have the same columns, so the ledger's names stand for both to the checker of types. */
export function sealTables(book: SealBookName): Tables {
  return book === "ledger" ? LEDGER : (AUDIT as unknown as Tables);
}

/** The mark of an item that waits to be sealed or is: a transfer, or how a pending one ended. A row of the audit is its id. */
export const sealItem = {
  transfer: (id: string) => `t:${id}`,
  resolution: (transferId: string) => `r:${transferId}`,
} as const;

/** Has rows that were just written down wait for their seal. */
export async function addUnsealed(tx: Tx, book: SealBookName, items: readonly string[]): Promise<void> {
  await insertRows(
    tx,
    sealTables(book).unsealed,
    items.map((item) => ({ item })),
  );
}

/** The newest seal; null while there is none. */
export async function lastSeal(tx: Tx, book: SealBookName): Promise<SealTable | null> {
  const { seal } = sealTables(book);
  return (await tx.selectFrom(seal).selectAll().orderBy("seq", "desc").limit(1).executeTakeFirst()) ?? null;
}

/** Items that wait to be sealed, at most `limit`. */
export async function unsealedItems(tx: Tx, book: SealBookName, limit: number): Promise<string[]> {
  const { unsealed } = sealTables(book);
  const rows = await tx.selectFrom(unsealed).select("item").orderBy("item").limit(limit).execute();
  return rows.map((row) => row.item);
}

/** The rows of the ledger behind items, as they are now; an item whose row is gone is missing from the answer. */
export async function sealedRows(
  tx: Tx,
  items: readonly string[],
): Promise<Map<string, { transfer: SealedTransfer } | { resolution: SealedResolution }>> {
  const ids = (mark: string) => items.filter((item) => item.startsWith(mark)).map((item) => item.slice(mark.length));
  const found = new Map<string, { transfer: SealedTransfer } | { resolution: SealedResolution }>();
  const transfers = ids("t:");
  if (transfers.length > 0) {
    const rows = await tx.selectFrom("ledger_transfer").selectAll().where("id", "in", transfers).execute();
    const entries = await tx.selectFrom("ledger_entry").selectAll().where("transfer_id", "in", transfers).execute();
    const byTransfer = new Map<string, typeof entries>();
    for (const entry of entries) {
      const own = byTransfer.get(entry.transfer_id);
      if (own) own.push(entry);
      else byTransfer.set(entry.transfer_id, [entry]);
    }
    for (const row of rows) {
      found.set(sealItem.transfer(row.id), { transfer: { ...row, entries: byTransfer.get(row.id) ?? [] } });
    }
  }
  const resolutions = ids("r:");
  if (resolutions.length > 0) {
    const rows = await tx.selectFrom("ledger_resolution").selectAll().where("transfer_id", "in", resolutions).execute();
    for (const row of rows) found.set(sealItem.resolution(row.transfer_id), { resolution: row });
  }
  return found;
}

/** The rows of the audit of these ids, as they are now. */
export function auditRows(tx: Tx, ids: readonly string[]): Promise<SealedAudit[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tx.selectFrom("audit").selectAll().where("id", "in", ids).execute();
}

/** Seals from number `from` on, at most `limit`. */
export async function sealsFrom(tx: Tx, book: SealBookName, from: number, limit: number): Promise<SealTable[]> {
  const { seal } = sealTables(book);
  return tx.selectFrom(seal).selectAll().where("seq", ">=", from).orderBy("seq").limit(limit).execute();
}

/** What a seal covers, in order. */
export async function itemsOfSeal(tx: Tx, book: SealBookName, seq: number): Promise<SealedTable[]> {
  const { sealed } = sealTables(book);
  return tx.selectFrom(sealed).selectAll().where("seal_seq", "=", seq).orderBy("position").execute();
}

/** How many rows wait for a seal. */
export async function unsealedCount(tx: Tx, book: SealBookName): Promise<number> {
  const row = await tx
    .selectFrom(sealTables(book).unsealed)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** How much is sealed, and how much waits. */
export async function sealCounts(
  tx: Tx,
  book: SealBookName,
): Promise<{ seals: number; sealed: number; waiting: number }> {
  const tables = sealTables(book);
  const count = async (table: Tables[keyof Tables]) => {
    const row = await tx
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  };
  return {
    seals: await count(tables.seal),
    sealed: await count(tables.sealed),
    waiting: await unsealedCount(tx, book),
  };
}

/** Where the rows of a book are: what stands before an item of theirs, the table, and the column that names the row. */
const SOURCES: Readonly<Record<SealBookName, readonly (readonly [mark: string, table: string, column: string])[]>> = {
  ledger: [
    ["t:", "ledger_transfer", "id"],
    ["r:", "ledger_resolution", "transfer_id"],
  ],
  audit: [["", "audit", "id"]],
};

/** Rows of a book that are neither under a seal nor waiting for one: nobody wrote them the way it is done. */
export async function neverSealed(tx: Tx, book: SealBookName, limit: number): Promise<string[]> {
  const { unsealed, seal, sealed } = sealTables(book);
  const found: string[] = [];
  for (const [mark, table, column] of SOURCES[book]) {
    const item = mark === "" ? sql`x.${sql.ref(column)}` : sql`concat(${sql.lit(mark)}, x.${sql.ref(column)})`;
    const { rows } = await sql<{ item: string }>`select ${item} as item from ${sql.table(table)} x
      where not exists (select 1 from ${sql.table(sealed)} s join ${sql.table(seal)} l on l.seq = s.seal_seq where s.item = ${item})
      and not exists (select 1 from ${sql.table(unsealed)} u where u.item = ${item}) limit ${limit}`.execute(tx);
    found.push(...rows.map((row) => row.item));
  }
  return found;
}
