import { NO_SEAL_BEFORE, sealText } from "#domain/seal.ts";
import { insertIgnore } from "#store/portable.ts";
import { lastSeal, sealTables, unsealedItems } from "#store/seals.ts";
import { Stale } from "#store/stale.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { SealBook } from "./seal-books.ts";

/** Rows under one seal: few enough for a short transaction. */
export const ITEMS_PER_SEAL = 500;

/**
 * Puts a seal (封签) on what has been written into a book since the last one: a hash over the rows and over the seal before. So a row that is
 * changed, added or taken away later is found by {@link verifySeals}. Whoever writes never waits for the chain. The seal's hash is signed under the
 * master key: whoever can write to the database but has no key cannot make a chain that holds. Answers how many rows were sealed.
 */
export async function sealRows(ctx: FlowContext, sealer: Sealer, book: SealBook): Promise<number> {
  const tables = sealTables(book.name);
  return decide(ctx.db, async (tx) => {
    const items = await unsealedItems(tx, book.name, ITEMS_PER_SEAL);
    if (items.length === 0) return 0;
    const last = await lastSeal(tx, book.name);
    const texts = await book.texts(tx, items);
    const covered = items.filter((item) => texts.has(item));
    const lines = covered.map((item, position) => ({ item, position, hash: sha256Hex(texts.get(item) ?? "") }));
    const seq = (last?.seq ?? 0) + 1;
    const previous = last?.hash ?? NO_SEAL_BEFORE;
    const hash = sha256Hex(sealText({ seq, previous, hashes: lines.map((line) => line.hash) }));
    const signature = sealer.seal(Buffer.from(hash), book.purpose(seq));
    const seal = { seq, previous, hash, items: lines.length, sealed_at: ctx.clock(), signature };
    if ((await insertIgnore(tx, tables.seal, [seal], ["seq"])) === 0) throw new Stale(`seal ${seq}`);
    const sealed = lines.map((line) => ({ ...line, seal_seq: seq }));
    if ((await insertIgnore(tx, tables.sealed, sealed, ["item"])) !== sealed.length) throw new Stale(`seal ${seq}`);
    await tx.deleteFrom(tables.unsealed).where("item", "in", covered).execute();
    return lines.length;
  });
}
