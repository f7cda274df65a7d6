import type { Tx } from "#store/db.ts";
import {
  ledgerTotals,
  neverOpened,
  unbalancedTransfers,
  wrongAccounts,
  wrongLots,
  wrongPurchaseNumbers,
} from "#store/ledger-checks.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { lookAgain } from "./look-again.ts";
import { ledgerBook } from "./seal-books.ts";
import { type SealCheck, type SealHead, type SealReport, verifySeals } from "./verify-seals.ts";

/** What checking the books found; `ok` when there are no problems and all transfers sum to zero. The first problem is the first bad row. */
export type LedgerReport = {
  ok: boolean;
  sumE4: number;
  transfers: number;
  accounts: number;
  seals: Omit<SealReport, "problems">;
  problems: string[];
};

/** Problems told at most: the first ones say what is wrong. */
const PROBLEMS_MAX = 50;

/**
 * Checks the books: every row is as it was sealed, every transfer sums to zero, all of them together too, every kept balance is the sum of its posted entries,
 * every reserve the sum of what is pending, no account is below its floor, what is left of a meter's lots is its credit, and purchase
 * numbers run without gaps. The database does the adding, a page of accounts at a time, so books of many years need no memory. What
 * changes while it looks may seem wrong, so only what is seen in several looks is told. `sealer`: null leaves the seals' signatures out. `head`: a seal that was written down elsewhere and must still be in the chain.
 */
export async function verifyLedger(
  ctx: FlowContext,
  sealer: Sealer | null = null,
  head: SealHead | null = null,
): Promise<LedgerReport> {
  const against = { book: ledgerBook, sealer, head };
  const isWell = ({ problems, sumE4 }: Omit<LedgerReport, "ok">) => problems.length === 0 && sumE4 === 0;
  const report = await lookAgain(() => look(ctx.db.read, against), isWell);
  return { ok: isWell(report), ...report, problems: report.problems.slice(0, PROBLEMS_MAX) };
}

async function look(read: Tx, against: SealCheck): Promise<Omit<LedgerReport, "ok">> {
  const { problems: sealProblems, ...seals } = await verifySeals(read, against, PROBLEMS_MAX);
  const { sumE4, transfers } = await ledgerTotals(read);
  const accounts = await wrongAccounts(read, PROBLEMS_MAX);
  const problems = [
    ...sealProblems,
    ...(await unbalancedTransfers(read, PROBLEMS_MAX)),
    ...accounts.problems,
    ...(await neverOpened(read)),
    ...(await wrongLots(read)),
    ...(await wrongPurchaseNumbers(read)),
  ];
  return { sumE4, transfers, accounts: accounts.count, seals, problems };
}
