import { type Instant, instant } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import { isInArrears } from "#domain/arrears.ts";
import { endOfNoCut } from "#domain/no-cut.ts";
import { loadCalendar } from "#store/calendar.ts";
import type { Tx } from "#store/db.ts";
import { endEmergency, openEmergency } from "#store/emergency.ts";
import { balanceOf } from "#store/ledger.ts";
import { noCutWindowsOf } from "#store/no-cut.ts";
import { Stale } from "#store/stale.ts";

/** How an account with credit on the server stands: its balance, and how far below zero it may go. Money in 1/10000 yuan. */
export type Standing = { readonly balance: Money; readonly overdraftE4: number; readonly inArrears: boolean };

/** An account as it stands now; an emergency credit (应急电量) that is open lets it go so much further below zero. */
export async function standingOf(tx: Tx, accountId: number): Promise<Standing> {
  const account = await tx
    .selectFrom("account")
    .select("overdraft_e4")
    .where("id", "=", accountId)
    .executeTakeFirstOrThrow();
  const balance = (await balanceOf(tx, { kind: "balance", ref: accountId })).posted;
  return standingAt(tx, { accountId, balance, overdraftE4: account.overdraft_e4 });
}

/** The same where balance and overdraft were loaded already; asks for an emergency credit only when it matters. */
export async function standingAt(
  tx: Tx,
  account: { accountId: number; balance: Money; overdraftE4: number },
): Promise<Standing> {
  const { balance, overdraftE4 } = account;
  if (!isInArrears({ balanceE4: balance, overdraftE4 })) return { balance, overdraftE4, inArrears: false };
  const emergency = await openEmergency(tx, account.accountId);
  const floor = overdraftE4 + (emergency?.amount_e4 ?? 0);
  return { balance, overdraftE4: floor, inArrears: isInArrears({ balanceE4: balance, overdraftE4: floor }) };
}

/** After a payment: an emergency credit is repaid once the account would stand without it. Money that comes in repays it first. */
export async function repayEmergency(tx: Tx, input: { accountId: number; now: Instant }): Promise<void> {
  const emergency = await openEmergency(tx, input.accountId);
  if (emergency === null) return;
  const account = await tx
    .selectFrom("account")
    .select("overdraft_e4")
    .where("id", "=", input.accountId)
    .executeTakeFirstOrThrow();
  const { posted } = await balanceOf(tx, { kind: "balance", ref: input.accountId });
  if (isInArrears({ balanceE4: money(posted), overdraftE4: account.overdraft_e4 })) return;
  if (!(await endEmergency(tx, { id: emergency.id, at: input.now }))) throw new Stale(`emergency ${emergency.id}`);
}

/** Until when nobody may be cut off, by meter: null when one may be now. */
export async function noCutUntil(
  tx: Tx,
  meterIds: readonly number[],
  now: Instant,
): Promise<Map<number, Instant | null>> {
  const windows = await noCutWindowsOf(tx, meterIds);
  const isAny = [...windows.values()].some((each) => each.length > 0);
  const calendar = isAny ? await loadCalendar(tx) : new Map();
  return new Map(meterIds.map((id) => [id, endOfNoCut(windows.get(id) ?? [], calendar, instant(now))]));
}
