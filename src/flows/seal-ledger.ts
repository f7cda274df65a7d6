import { NO_SEAL_BEFORE, resolutionText, sealText, transferText } from "#domain/seal.ts";
import { insertIgnore } from "#store/portable.ts";
import { lastSeal, sealedRows, unsealedItems } from "#store/seals.ts";
import { Stale } from "#store/stale.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Rows under one seal: few enough for a short transaction. */
export const ITEMS_PER_SEAL = 500;

/**
 * Puts a seal (封签) on what has been booked since the last one: a hash over the rows and over the seal before. So a row that is changed, added or
 * taken away later is found by {@link verifySeals}. Booking itself never waits for the chain. The seal's hash is signed under the master
 * key: whoever can write to the database but has no key cannot make a chain that holds. Answers how many rows were sealed.
 */
export async function sealLedger(ctx: FlowContext, sealer: Sealer): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const items = await unsealedItems(tx, ITEMS_PER_SEAL);
    if (items.length === 0) return 0;
    const last = await lastSeal(tx);
    const rows = await sealedRows(tx, items);
    const covered = items.filter((item) => rows.has(item));
    const lines = covered.map((item, position) => ({ item, position, hash: itemHash(rows.get(item)) }));
    const seq = (last?.seq ?? 0) + 1;
    const previous = last?.hash ?? NO_SEAL_BEFORE;
    const hash = sha256Hex(sealText({ seq, previous, hashes: lines.map((line) => line.hash) }));
    const signature = sealer.seal(Buffer.from(hash), sealPurpose(seq));
    const seal = { seq, previous, hash, items: lines.length, sealed_at: ctx.clock(), signature };
    if ((await insertIgnore(tx, "ledger_seal", [seal], ["seq"])) === 0) throw new Stale(`seal ${seq}`);
    const sealed = lines.map((line) => ({ ...line, seal_seq: seq }));
    if ((await insertIgnore(tx, "ledger_sealed", sealed, ["item"])) !== sealed.length) throw new Stale(`seal ${seq}`);
    await tx.deleteFrom("ledger_unsealed").where("item", "in", covered).execute();
    return lines.length;
  });
}

/** The hash of one row under a seal. */
export function itemHash(row: Parameters<typeof rowText>[0] | undefined): string {
  return row === undefined ? "" : sha256Hex(rowText(row));
}

function rowText(
  row: { transfer: Parameters<typeof transferText>[0] } | { resolution: Parameters<typeof resolutionText>[0] },
) {
  return "transfer" in row ? transferText(row.transfer) : resolutionText(row.resolution);
}

/** What a seal's signature is bound to. */
export function sealPurpose(seq: number): string {
  return `ledger-seal:${seq}`;
}
