import type { ExpressionBuilder } from "kysely";
import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import { type LedgerAccount, type LedgerKind, ledgerAccountId, ledgerKinds, type Transfer } from "#domain/ledger.ts";
import type { Tx } from "./db.ts";
import { addToColumns, insertIgnore, insertRows, updatedRows } from "./portable.ts";
import type { Schema } from "./schema.ts";
import type { LedgerEntryTable, LedgerTransferTable } from "./schema-ledger.ts";
import { addUnsealed, sealItem } from "./seals.ts";
import { shaped } from "./shaped.ts";
import { Stale } from "./stale.ts";

/** Makes sure that the accounts have rows; a balance that nobody opened cannot be guarded by a condition. */
export async function openLedgerAccounts(tx: Tx, accounts: readonly LedgerAccount[]): Promise<void> {
  const rows = accounts
    .filter((account) => ledgerKinds[account.kind].materialised)
    .map((account) => ({
      id: ledgerAccountId(account),
      kind: account.kind,
      ref_id: account.ref,
      balance_e4: 0,
      reserved_e4: 0,
      floor_e4: ledgerKinds[account.kind].floor,
      version: 0,
    }));
  if (rows.length === 0) return;
  const ids = rows.map((row) => row.id);
  const there = await tx.selectFrom("ledger_account").select("id").where("id", "in", ids).execute();
  // Asked first: inserting what is there would take a lock that others then wait for in a ring.
  const missing = rows.filter((row) => !there.some((each) => each.id === row.id));
  if (missing.length > 0) await insertIgnore(tx, "ledger_account", missing, ["id"]);
}

export type Balance = { readonly posted: Money; readonly reserved: Money; readonly version: number };

/** Balance of one materialised account; zero when it was never opened. */
export async function balanceOf(tx: Tx, account: LedgerAccount): Promise<Balance> {
  assert(ledgerKinds[account.kind].materialised, `${account.kind} has no materialised balance`);
  const row = await tx
    .selectFrom("ledger_account")
    .select(["balance_e4", "reserved_e4", "version"])
    .where("id", "=", ledgerAccountId(account))
    .executeTakeFirst();
  return { posted: money(row?.balance_e4 ?? 0), reserved: money(row?.reserved_e4 ?? 0), version: row?.version ?? 0 };
}

/** The balance of an account, taken before it is read: whoever else decides upon it waits until this transaction has ended. */
export async function takeBalance(tx: Tx, account: LedgerAccount): Promise<Balance> {
  const take = () =>
    tx
      .updateTable("ledger_account")
      .set((eb) => ({ version: eb("version", "+", 1) }))
      .where("id", "=", ledgerAccountId(account))
      .executeTakeFirst();
  if (updatedRows(await take()) === 0) {
    await openLedgerAccounts(tx, [account]);
    await take();
  }
  return balanceOf(tx, account);
}

/** Bumps the version of an account whose balance was decided upon; {@link Stale} when it is no longer the one that was read. */
export async function claimBalance(tx: Tx, account: LedgerAccount, seen: Balance): Promise<void> {
  const result = await tx
    .updateTable("ledger_account")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("id", "=", ledgerAccountId(account))
    .where("version", "=", seen.version)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(ledgerAccountId(account));
}

/**
 * Books a transfer. False when this cause was booked before: nothing is changed then, so repeating a flow is safe.
 * Throws {@link Stale} when an account would fall below its floor (somebody else took the money first).
 */
export async function bookTransfer(tx: Tx, transfer: Transfer, at: Instant): Promise<boolean> {
  const total = transfer.entries.reduce((sum, entry) => sum + entry.amount, 0);
  assert(total === 0, `transfer ${transfer.id} does not balance: ${total}`);
  const fresh = await insertIgnore(tx, "ledger_transfer", [transferRow(transfer, at)], ["id"]);
  if (fresh === 0) return false;
  await addUnsealed(tx, "ledger", [sealItem.transfer(transfer.id)]);
  await insertRows(tx, "ledger_entry", entryRows(transfer));
  for (const { account, amount } of inAccountOrder(transfer.entries)) {
    if (!ledgerKinds[account.kind].materialised) continue;
    const id = ledgerAccountId(account);
    if (!transfer.pending) await moveBalance(tx, id, amount);
    else if (amount < 0) await reserve(tx, id, -amount);
  }
  return true;
}

/**
 * Books many transfers at once, of which none is pending and none takes from an account with a floor: usage is charged whatever is
 * left. Accounts are opened as they are met. False when one of the causes was booked before: then nothing was meant to be here,
 * and the caller must let the transaction end without a trace.
 */
export async function bookPostedTransfers(
  tx: Tx,
  transfers: readonly { transfer: Transfer; at: Instant }[],
): Promise<boolean> {
  if (transfers.length === 0) return true;
  const moved = new Map<string, { account: LedgerAccount; amount: number }>();
  for (const { transfer } of transfers) {
    const total = transfer.entries.reduce((sum, entry) => sum + entry.amount, 0);
    assert(total === 0 && !transfer.pending, `transfer ${transfer.id} is posted and balances`);
    for (const { account, amount } of transfer.entries) {
      if (!ledgerKinds[account.kind].materialised) continue;
      assert(ledgerKinds[account.kind].floor === null, `${account.kind} has a floor to be kept`);
      const id = ledgerAccountId(account);
      moved.set(id, { account, amount: (moved.get(id)?.amount ?? 0) + amount });
    }
  }
  const rows = transfers.map(({ transfer, at }) => transferRow(transfer, at));
  if ((await insertIgnore(tx, "ledger_transfer", rows, ["id"])) !== rows.length) return false;
  await addUnsealed(
    tx,
    "ledger",
    rows.map((row) => sealItem.transfer(row.id)),
  );
  await insertRows(
    tx,
    "ledger_entry",
    transfers.flatMap(({ transfer }) => entryRows(transfer)),
  );
  await addToColumns(
    tx,
    "ledger_account",
    [...moved]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { account, amount }]) => ({
        id,
        kind: account.kind,
        ref_id: account.ref,
        balance_e4: amount,
        reserved_e4: 0,
        floor_e4: null,
        version: 1,
      })),
    ["id"],
    ["balance_e4", "version"],
  );
  return true;
}

/** Posted balances of many accounts of one kind, by what they belong to; zero when one was never opened. */
export async function balancesOf(tx: Tx, kind: LedgerKind, refs: readonly number[]): Promise<Map<number, Money>> {
  assert(ledgerKinds[kind].materialised, `${kind} has no materialised balance`);
  const found = new Map<number, Money>(refs.map((ref) => [ref, money(0)]));
  if (refs.length === 0) return found;
  const ids = refs.map((ref) => ledgerAccountId({ kind, ref }));
  const rows = await tx.selectFrom("ledger_account").select(["ref_id", "balance_e4"]).where("id", "in", ids).execute();
  for (const row of rows) found.set(row.ref_id, money(row.balance_e4));
  return found;
}

function transferRow(transfer: Transfer, at: Instant): LedgerTransferTable {
  return {
    id: transfer.id,
    kind: transfer.kind,
    pending: transfer.pending ? 1 : 0,
    at,
    actor: transfer.actor,
    order_no: transfer.orderNo,
    meter_id: transfer.meterId,
    memo: transfer.memo,
  };
}

function entryRows(transfer: Transfer): LedgerEntryTable[] {
  return transfer.entries.map((entry, line) => ({
    transfer_id: transfer.id,
    line,
    account_id: ledgerAccountId(entry.account),
    amount_e4: entry.amount,
  }));
}

/** Ends a pending transfer, once. False when it had ended before. */
export async function resolveTransfer(
  tx: Tx,
  input: { transferId: string; outcome: "posted" | "voided"; at: Instant; actor: string },
): Promise<boolean> {
  const fresh = await insertIgnore(
    tx,
    "ledger_resolution",
    [{ transfer_id: input.transferId, outcome: input.outcome, at: input.at, actor: input.actor }],
    ["transfer_id"],
  );
  if (fresh === 0) return false;
  const transfer = await tx
    .selectFrom("ledger_transfer")
    .select("pending")
    .where("id", "=", input.transferId)
    .executeTakeFirst();
  assert(transfer?.pending === 1, `${input.transferId} is not a pending transfer`);
  await addUnsealed(tx, "ledger", [sealItem.resolution(input.transferId)]);
  const entries = await tx
    .selectFrom("ledger_entry")
    .select(["account_id", "amount_e4"])
    .where("transfer_id", "=", input.transferId)
    .orderBy("account_id")
    .execute();
  for (const entry of entries) {
    const kind = entry.account_id.slice(0, entry.account_id.indexOf(":")) as LedgerKind;
    if (!ledgerKinds[kind].materialised) continue;
    if (entry.amount_e4 < 0) await release(tx, entry.account_id, -entry.amount_e4);
    if (input.outcome === "posted") await moveBalance(tx, entry.account_id, entry.amount_e4);
  }
  return true;
}

function inAccountOrder(entries: Transfer["entries"]): Transfer["entries"] {
  return [...entries].sort((a, b) => (ledgerAccountId(a.account) < ledgerAccountId(b.account) ? -1 : 1));
}

const lift = shaped<{ id: string; amount: number }>((tx, { id, amount }) =>
  tx
    .updateTable("ledger_account")
    .set((eb) => ({ balance_e4: eb("balance_e4", "+", amount), version: eb("version", "+", 1) }))
    .where("id", "=", id),
);

const lower = shaped<{ id: string; amount: number; least: number }>((tx, { id, amount, least }) =>
  tx
    .updateTable("ledger_account")
    .set((eb) => ({ balance_e4: eb("balance_e4", "+", amount), version: eb("version", "+", 1) }))
    .where("id", "=", id)
    .where(staysAboveFloor(least)),
);

async function moveBalance(tx: Tx, id: string, amount: number): Promise<void> {
  const result = amount < 0 ? await lower(tx, { id, amount, least: -amount }) : await lift(tx, { id, amount });
  if ((result.numAffectedRows ?? 0n) === 0n) throw new Stale(id);
}

async function reserve(tx: Tx, id: string, amount: number): Promise<void> {
  const result = await tx
    .updateTable("ledger_account")
    .set((eb) => ({ reserved_e4: eb("reserved_e4", "+", amount), version: eb("version", "+", 1) }))
    .where("id", "=", id)
    .where(staysAboveFloor(amount))
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(id);
}

async function release(tx: Tx, id: string, amount: number): Promise<void> {
  const result = await tx
    .updateTable("ledger_account")
    .set((eb) => ({ reserved_e4: eb("reserved_e4", "-", amount), version: eb("version", "+", 1) }))
    .where("id", "=", id)
    .where("reserved_e4", ">=", amount)
    .executeTakeFirst();
  assert(updatedRows(result) === 1, `${id} has less reserved than ${amount}`);
}

/** Posted minus reserved minus `amount` must not fall below the floor, where there is one. */
function staysAboveFloor(amount: number) {
  return (eb: ExpressionBuilder<Schema, "ledger_account">) =>
    eb.or([
      eb("floor_e4", "is", null),
      eb(eb(eb("balance_e4", "-", eb.ref("reserved_e4")), "-", eb.ref("floor_e4")), ">=", amount),
    ]);
}
