import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";

/**
 * Takes the next `count` whole numbers of a sequence, from 1 on; answers the first. Two transactions never get the same, because
 * the row is written before it is read. A transaction that is undone gives its numbers back.
 */
export async function nextNumbers(tx: Tx, name: string, count = 1): Promise<number> {
  const advance = () =>
    tx
      .updateTable("sequence")
      .set((eb) => ({ next: eb("next", "+", count) }))
      .where("name", "=", name)
      .executeTakeFirst();
  if (updatedRows(await advance()) === 0) {
    await insertIgnore(tx, "sequence", [{ name, next: 1 }], ["name"]);
    await advance();
  }
  const row = await tx.selectFrom("sequence").select("next").where("name", "=", name).executeTakeFirstOrThrow();
  return row.next - count;
}
