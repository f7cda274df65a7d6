import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import type { Tx } from "#store/db.ts";
import { payingAccount } from "#store/groups.ts";
import { balanceOf, bookTransfer, claimBalance, openLedgerAccounts, takeBalance } from "#store/ledger.ts";
import type { ShareLineTable, ShareRunTable } from "#store/schema-shares.ts";
import { Stale } from "#store/stale.ts";
import { showServerCredit } from "./server-credit.ts";

type Charging = {
  run: ShareRunTable;
  lines: readonly ShareLineTable[];
  source: { id: number; projectId: number };
  actor: string;
  now: Instant;
};

/**
 * Books what each line of a run charges: from the balance of an account with credit on the server, or as a debt of the customer. A
 * correction downwards goes back the same way; of a debt that was paid meanwhile, into the wallet.
 */
export async function chargeShares(tx: Tx, charging: Charging): Promise<void> {
  const shown = new Set<number>();
  for (const line of charging.lines) {
    const amount = money(line.cost_e4 - line.before_e4);
    if (amount === 0 || line.charged_to === "property") continue;
    assert(line.account_id !== null && line.customer_id !== null, "somebody pays this line");
    // Merged since, or taken out again: whoever pays for the meter today.
    const payer = line.charged_to === "balance" ? await payerNow(tx, line.account_id) : null;
    if (payer?.creditAt === "server") {
      await move(tx, charging, line, { kind: "balance", ref: payer.id }, amount, "");
      shown.add(payer.id);
    } else await moveDebt(tx, charging, line, line.customer_id, amount);
  }
  for (const accountId of [...shown].sort((a, b) => a - b)) {
    await showServerCredit(tx, { accountId, at: charging.now, now: charging.now });
  }
}

/** Taken first: a meter that joins a group this moment takes its balance along before this, or is seen to have joined. */
async function payerNow(tx: Tx, accountId: number) {
  await takeBalance(tx, { kind: "balance", ref: accountId });
  return payingAccount(tx, accountId);
}

async function moveDebt(tx: Tx, charging: Charging, line: ShareLineTable, customerId: number, amount: Money) {
  const debt: LedgerAccount = { kind: "debt", ref: customerId };
  if (amount > 0) return move(tx, charging, line, debt, amount, "");
  const wallet: LedgerAccount = { kind: "wallet", ref: customerId };
  await openLedgerAccounts(tx, [debt, wallet]);
  const seen = await balanceOf(tx, debt);
  await claimBalance(tx, debt, seen);
  const owed = Math.max(0, -seen.posted);
  const off = Math.min(owed, -amount);
  if (off > 0) await move(tx, charging, line, debt, money(-off), "");
  if (-amount > off) await move(tx, charging, line, wallet, money(amount + off), ":wallet");
}

/** A positive amount from the account to the revenue of the project, a negative one back. */
async function move(
  tx: Tx,
  { run, source, actor, now }: Charging,
  line: ShareLineTable,
  account: LedgerAccount,
  amount: Money,
  suffix: string,
): Promise<void> {
  const revenue: LedgerAccount = { kind: "revenue", ref: source.projectId };
  await openLedgerAccounts(tx, [account]);
  const id = `share:${source.id}:${run.period}:${run.rev}:${line.line}${suffix}`;
  const booked = await bookTransfer(
    tx,
    postedTransfer({
      id,
      kind: "share",
      from: amount > 0 ? account : revenue,
      to: amount > 0 ? revenue : account,
      amount: money(Math.abs(amount)),
      actor,
      ...(line.meter_id === null ? {} : { meterId: line.meter_id }),
      memo: `${line.share_wh - line.before_wh} Wh`,
    }),
    now,
  );
  if (!booked) throw new Stale(id);
}
