import type { Day } from "#base/time.ts";
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

/** What stands on paper, or is said on the telephone: payments and orders, refunds, sheets, shifts, numbers of customers and accounts. */
const PRINTED = [
  "recharge_order",
  "refund",
  "move_out",
  "meter_exchange",
  "mode_change",
  "ratio_change",
  "meter_group",
  "trial_run",
  "shift",
  "customer_number",
  "account_number",
];

/** The sequence of a project's receipts of a year. */
export function receiptSequence(projectId: number, year: string): string {
  return `receipt:${projectId}:${year}`;
}

/**
 * Leaves out the next `by` numbers of everything that people hold in their hands, also of what had none yet: in a project and year between
 * the two days the first receipt may have been given meanwhile. Answers the next number of each.
 */
export async function skipPrintedNumbers(
  tx: Tx,
  skip: { by: number; from: Day; to: Day },
): Promise<Record<string, number>> {
  const projects = await tx.selectFrom("project").select("id").execute();
  const names = [...PRINTED];
  for (let year = Number(skip.from.slice(0, 4)); year <= Number(skip.to.slice(0, 4)); year++) {
    for (const { id } of projects) names.push(receiptSequence(id, String(year)));
  }
  const next: Record<string, number> = {};
  for (const name of names) next[name] = (await nextNumbers(tx, name, skip.by)) + skip.by;
  return next;
}
