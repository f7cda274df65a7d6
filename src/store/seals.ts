import { sql } from "kysely";
import type { SealedResolution, SealedTransfer } from "#domain/seal.ts";
import type { Tx } from "./db.ts";
import { insertRows } from "./portable.ts";
import type { LedgerSealedTable, LedgerSealTable } from "./schema-seals.ts";

/** The mark of an item that waits to be sealed or is: a transfer, or how a pending one ended. */
export const sealItem = {
  transfer: (id: string) => `t:${id}`,
  resolution: (transferId: string) => `r:${transferId}`,
} as const;

/** Has rows that were just booked wait for their seal. */
export async function addUnsealed(tx: Tx, items: readonly string[]): Promise<void> {
  await insertRows(
    tx,
    "ledger_unsealed",
    items.map((item) => ({ item })),
  );
}

/** The newest seal; null while there is none. */
export async function lastSeal(tx: Tx): Promise<LedgerSealTable | null> {
  return (await tx.selectFrom("ledger_seal").selectAll().orderBy("seq", "desc").limit(1).executeTakeFirst()) ?? null;
}

/** Items that wait to be sealed, at most `limit`. */
export async function unsealedItems(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx.selectFrom("ledger_unsealed").select("item").orderBy("item").limit(limit).execute();
  return rows.map((row) => row.item);
}

/** The rows behind items, as they are now; an item whose row is gone is missing from the answer. */
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

/** Seals from number `from` on, at most `limit`. */
export async function sealsFrom(tx: Tx, from: number, limit: number): Promise<LedgerSealTable[]> {
  return tx.selectFrom("ledger_seal").selectAll().where("seq", ">=", from).orderBy("seq").limit(limit).execute();
}

/** What a seal covers, in order. */
export async function itemsOfSeal(tx: Tx, seq: number): Promise<LedgerSealedTable[]> {
  return tx.selectFrom("ledger_sealed").selectAll().where("seal_seq", "=", seq).orderBy("position").execute();
}

/** How much is sealed, and how much waits. */
export async function sealCounts(tx: Tx): Promise<{ seals: number; sealed: number; waiting: number }> {
  const count = async (table: "ledger_seal" | "ledger_sealed" | "ledger_unsealed") => {
    const row = await tx
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  };
  return {
    seals: await count("ledger_seal"),
    sealed: await count("ledger_sealed"),
    waiting: await count("ledger_unsealed"),
  };
}

/** Rows of the ledger that are neither under a seal nor waiting for one: nobody booked them the way it is done. */
export async function neverSealed(tx: Tx, limit: number): Promise<string[]> {
  const found: string[] = [];
  for (const [mark, table, column] of [
    ["t:", "ledger_transfer", "id"],
    ["r:", "ledger_resolution", "transfer_id"],
  ] as const) {
    const item = sql`concat(${sql.lit(mark)}, x.${sql.ref(column)})`;
    const { rows } = await sql<{ item: string }>`select ${item} as item from ${sql.table(table)} x
      where not exists (select 1 from ledger_sealed s join ledger_seal l on l.seq = s.seal_seq where s.item = ${item})
      and not exists (select 1 from ledger_unsealed u where u.item = ${item}) limit ${limit}`.execute(tx);
    found.push(...rows.map((row) => row.item));
  }
  return found;
}
