import { ledgerKinds } from "#domain/ledger.ts";
import type { Tx } from "#store/db.ts";
import { pause } from "#system/clock.ts";
import type { FlowContext } from "./context.ts";

/** What checking the books found; `ok` when there are no problems and all transfers sum to zero. */
export type LedgerReport = { ok: boolean; sumE4: number; transfers: number; problems: string[] };

/** Problems told at most: the first ones say what is wrong. */
const PROBLEMS_MAX = 50;
/** Looks before a problem is believed, and the time between them: longer than any transaction of ours takes. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 300;

/**
 * Checks the books: every transfer sums to zero, all of them together too, every kept balance is the sum of its posted entries,
 * every reserve the sum of what is pending, no account is below its floor, what is left of a meter's lots is its credit, and purchase
 * numbers run without gaps. On MySQL a look is no snapshot: what changes meanwhile may seem wrong, so only what is seen in
 * several looks is told.
 */
export async function verifyLedger(ctx: FlowContext): Promise<LedgerReport> {
  let report = await look(ctx);
  for (let again = 1; again < LOOKS && !report.ok; again++) {
    await pause(BETWEEN_LOOKS_MS);
    const next = await look(ctx);
    const problems = next.problems.filter((problem) => report.problems.includes(problem));
    report = { ...next, problems, ok: problems.length === 0 && next.sumE4 === 0 };
  }
  return { ...report, problems: report.problems.slice(0, PROBLEMS_MAX) };
}

async function look(ctx: FlowContext): Promise<LedgerReport> {
  return ctx.db.transact(async (tx) => {
    const problems: string[] = [];
    const entries = await tx
      .selectFrom("ledger_entry")
      .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
      .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_entry.transfer_id")
      .select([
        "ledger_entry.transfer_id",
        "ledger_entry.account_id",
        "ledger_entry.amount_e4",
        "ledger_transfer.pending",
        "ledger_resolution.outcome",
      ])
      .execute();
    const transfers = new Map<string, number>();
    const posted = new Map<string, number>();
    const reserved = new Map<string, number>();
    let sumE4 = 0;
    for (const entry of entries) {
      sumE4 += entry.amount_e4;
      addTo(transfers, entry.transfer_id, entry.amount_e4);
      const isPosted = entry.pending === 0 || entry.outcome === "posted";
      if (isPosted) addTo(posted, entry.account_id, entry.amount_e4);
      else if (entry.outcome === null && entry.amount_e4 < 0) addTo(reserved, entry.account_id, -entry.amount_e4);
    }
    for (const [id, sum] of transfers) if (sum !== 0) problems.push(`transfer ${id} does not balance: ${sum}`);
    const accounts = await tx.selectFrom("ledger_account").selectAll().execute();
    const known = new Set(accounts.map((account) => account.id));
    for (const account of accounts) {
      const balance = posted.get(account.id) ?? 0;
      const held = reserved.get(account.id) ?? 0;
      if (account.balance_e4 !== balance)
        problems.push(`${account.id} keeps ${account.balance_e4}, its entries say ${balance}`);
      if (account.reserved_e4 !== held)
        problems.push(`${account.id} reserves ${account.reserved_e4}, its entries say ${held}`);
      if (account.floor_e4 !== null && balance - held < account.floor_e4)
        problems.push(`${account.id} is below its floor`);
    }
    for (const id of posted.keys()) {
      const kind = id.slice(0, id.indexOf(":")) as keyof typeof ledgerKinds;
      if (ledgerKinds[kind].materialised && !known.has(id)) problems.push(`${id} has entries but was never opened`);
    }
    problems.push(...(await lotProblems(tx)));
    problems.push(...(await purchaseNumberProblems(tx)));
    return {
      ok: problems.length === 0 && sumE4 === 0,
      sumE4,
      transfers: transfers.size,
      problems,
    };
  });
}

/** Bought minus used, in money: what is left of a meter's lots is what its credit account holds. */
async function lotProblems(tx: Tx): Promise<string[]> {
  const lots = await tx
    .selectFrom("credit_lot")
    .select((eb) => ["meter_id", eb.fn.sum<number>("cost_e4").as("cost"), eb.fn.sum<number>("used_e4").as("used")])
    .groupBy("meter_id")
    .execute();
  const left = new Map(lots.map((lot) => [lot.meter_id, Number(lot.cost) - Number(lot.used)]));
  const credits = await tx
    .selectFrom("ledger_account")
    .select(["ref_id", "balance_e4"])
    .where("kind", "=", "meter_credit")
    .execute();
  return credits
    .filter((credit) => credit.balance_e4 !== (left.get(credit.ref_id) ?? 0))
    .map(
      (credit) =>
        `meter ${credit.ref_id}: credit of ${credit.balance_e4}, its lots leave ${left.get(credit.ref_id) ?? 0}`,
    );
}

async function purchaseNumberProblems(tx: Tx): Promise<string[]> {
  const problems: string[] = [];
  const meters = await tx.selectFrom("meter_state").select(["meter_id", "purchase_count"]).execute();
  const confirmed = await tx
    .selectFrom("command")
    .select(["meter_id", "purchase_number"])
    .where("kind", "=", "top_up")
    .where("state", "=", "confirmed")
    .orderBy("meter_id")
    .orderBy("purchase_number")
    .execute();
  for (const meter of meters) {
    const numbers = confirmed
      .filter((each) => each.meter_id === meter.meter_id)
      .map((each) => each.purchase_number ?? 0);
    const first = meter.purchase_count - numbers.length + 1;
    numbers.forEach((number, i) => {
      if (number !== first + i)
        problems.push(`meter ${meter.meter_id}: purchase number ${number} where ${first + i} was due`);
    });
  }
  return problems;
}

function addTo(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}
