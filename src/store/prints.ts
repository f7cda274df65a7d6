import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertIgnore } from "./portable.ts";

/** One print of a receipt or a slip (票据, 退费单): of which number, under which key, by whom, when. */
export type Print = { no: string; key: string; by: string; at: Instant };
/** Which print it is, 1 for the first, and whether it is a new one; null when the key belongs to another paper. */
export type Counted = { n: number; fresh: boolean } | null;

/** Counts one print of a payment's receipt. The same key again is the same print. */
export async function countReceiptPrint(tx: Tx, print: Print): Promise<Counted> {
  // Nothing is changed yet: prints of one payment wait for each other at its row, and only then look who was here before.
  await tx
    .updateTable("payment")
    .set((eb) => ({ prints: eb.ref("prints") }))
    .where("payment_no", "=", print.no)
    .execute();
  const counted = await countPrint(tx, print);
  if (counted?.fresh)
    await tx.updateTable("payment").set({ prints: counted.n }).where("payment_no", "=", print.no).execute();
  return counted;
}

/** The same for a refund's slip. */
export async function countRefundPrint(tx: Tx, print: Print): Promise<Counted> {
  await tx.updateTable("refund").set({ updated_at: print.at }).where("refund_no", "=", print.no).execute();
  return countPrint(tx, print);
}

/** To be called by who holds the row of the paper. */
async function countPrint(tx: Tx, { no, key, by, at }: Print): Promise<Counted> {
  const earlier = await tx
    .selectFrom("receipt_print")
    .select(["n", "payment_no"])
    .where("idem_key", "=", key)
    .executeTakeFirst();
  if (earlier) return earlier.payment_no === no ? { n: earlier.n, fresh: false } : null;
  const { last } = await tx
    .selectFrom("receipt_print")
    .select((eb) => eb.fn.max<number | null>("n").as("last"))
    .where("payment_no", "=", no)
    .executeTakeFirstOrThrow();
  const n = (last ?? 0) + 1;
  const row = { payment_no: no, n, idem_key: key, printed_by: by, printed_at: at };
  // Another paper may have taken the key at this very moment.
  if ((await insertIgnore(tx, "receipt_print", [row], ["idem_key"])) === 0) return null;
  return { n, fresh: true };
}
