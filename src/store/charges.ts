import type { Tx } from "./db.ts";
import { insertRows } from "./portable.ts";
import type { UsageChargeTable } from "./schema-tariff.ts";

/** Adds lines of settlements; their keys are new, or the settlement was booked before and this is a mistake. */
export async function addCharges(tx: Tx, rows: readonly UsageChargeTable[]): Promise<void> {
  await insertRows(tx, "usage_charge", rows);
}

/** A line of a settlement as it stands: what was taken back of it already is off. */
export type StandingCharge = UsageChargeTable & { readonly revs: number };

/**
 * The lines that the customer of an account was charged for a meter, the newest first, until they cover a usage: also those that another
 * account of his paid, before the meter was merged with others or taken out again.
 */
export async function newestCharges(
  tx: Tx,
  input: { meterId: number; accountId: number; usageWh: number },
): Promise<StandingCharge[]> {
  const found: StandingCharge[] = [];
  const accounts = await accountsOfPayer(tx, input.accountId);
  let covered = 0;
  for (let before = Number.MAX_SAFE_INTEGER; covered < input.usageWh; ) {
    const rows = await tx
      .selectFrom("usage_charge")
      .selectAll()
      .where("meter_id", "=", input.meterId)
      .where("account_id", "in", accounts)
      .where("reading_at", "<", before)
      .orderBy("reading_at", "desc")
      .orderBy("line", "desc")
      .orderBy("rev")
      .limit(ROWS_AT_ONCE)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) break;
    // The oldest reading of a full page may go on in the next one.
    const whole = rows.length < ROWS_AT_ONCE ? rows : rows.filter((row) => row.reading_at > last.reading_at);
    before = whole.at(-1)?.reading_at ?? 0;
    for (const revs of Map.groupBy(whole, (row) => `${row.reading_at}:${row.line}`).values()) {
      const [first] = revs;
      if (first === undefined) continue;
      const usage = revs.reduce((sum, row) => sum + row.usage_wh, 0);
      if (usage <= 0) continue;
      found.push({ ...first, usage_wh: usage, revs: revs.length });
      covered += usage;
    }
  }
  return found;
}

/** Lines of one settlement stay well below this. */
const ROWS_AT_ONCE = 500;

async function accountsOfPayer(tx: Tx, accountId: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("account")
    .innerJoin("account as his", "his.customer_id", "account.customer_id")
    .where("account.id", "=", accountId)
    .select("his.id")
    .execute();
  return rows.map((row) => row.id);
}
