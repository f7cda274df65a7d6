import { assert } from "#base/errors.ts";
import { dayOf, type Instant, instant } from "#base/time.ts";
import { money, price } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { giveBack, uncharge } from "#domain/uncharge.ts";
import { addCharges, newestCharges } from "#store/charges.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { saveLots, usedLots } from "#store/lots.ts";
import type { UsageChargeTable } from "#store/schema-tariff.ts";
import { saveTierCounts, tierCountsOf } from "#store/tariffs.ts";
import { showServerCredit } from "./server-credit.ts";

/** A meter whose settled index turned out too high. */
export type Overcharged = {
  id: number;
  project_id: number;
  account_id: number;
  credit_at: "meter" | "server";
  settled_residue: number;
  ratio: number;
};

type TakingBack = {
  meter: Overcharged;
  /** How much too much, after the ratio. */
  usageWh: number;
  indexWh: number;
  cause: string;
  actor: string;
  now: Instant;
};

/**
 * Books back what a meter was charged too much (冲减): a transfer against the ones of before, and lines with negative usage beside theirs;
 * for credit in the meter the units go back into their lots. Answers the rest of rounding that the meter's state keeps from now on.
 * What was charged before the present account had the meter stays: somebody else has paid for it.
 */
export async function takeBackUsage(tx: Tx, back: TakingBack): Promise<number> {
  const { meter } = back;
  assert(back.usageWh > 0, "something was too much");
  return meter.credit_at === "server" ? takeBackBalance(tx, back) : takeBackLots(tx, back);
}

async function takeBackBalance(tx: Tx, back: TakingBack): Promise<number> {
  const { meter, now } = back;
  const lines = await newestCharges(tx, { meterId: meter.id, accountId: meter.account_id, usageWh: back.usageWh });
  const undone = uncharge(
    lines
      .filter((row) => row.price_e4 !== null)
      .map((row) => ({ row, usageWh: row.usage_wh, price: price(row.price_e4 ?? 1) })),
    back.usageWh,
    meter.settled_residue,
  );
  const account: LedgerAccount = { kind: "balance", ref: meter.account_id };
  const transferId = await bookBack(tx, back, account, -undone.amount);
  const rows = undone.taken.map(({ line: { row }, ...each }) => ({
    ...chargeRow(row, transferId, now),
    usage_wh: each.usageWh,
    amount_e4: each.amount,
    residue_before: each.residueBefore,
    residue: each.residue,
  }));
  await addCharges(tx, rows);
  await recheck(tx, meter.id, rows, now);
  const counts = await tierCountsOf(tx, [meter.id]);
  const lowered = (counts.get(meter.id) ?? []).map((count) => ({
    ...count,
    used_wh: undone.taken
      .filter(({ line: { row } }) => row.tariff_id === count.tariff_id && row.period_at === count.period_at)
      .reduce((used, each) => Math.max(0, used + each.usageWh), count.used_wh),
  }));
  await saveTierCounts(tx, lowered);
  await showServerCredit(tx, { accountId: meter.account_id, at: now, now });
  return undone.residue;
}

async function takeBackLots(tx: Tx, back: TakingBack): Promise<number> {
  const { meter, now } = back;
  const given = giveBack(await usedLots(tx, meter.id), back.usageWh);
  await saveLots(tx, given.changed);
  const transferId = await bookBack(tx, back, { kind: "meter_credit", ref: meter.id }, given.value);
  let left = back.usageWh - given.leftWh;
  let value: number = given.value;
  const lines = await newestCharges(tx, { meterId: meter.id, accountId: meter.account_id, usageWh: left });
  const rows: UsageChargeTable[] = [];
  for (const row of lines) {
    if (left === 0) break;
    const usage = Math.min(left, row.usage_wh);
    left -= usage;
    // The lots say what it was worth; the lines share it, the last of them the rest.
    const amount = left === 0 ? value : Math.min(value, row.amount_e4);
    value -= amount;
    rows.push({
      ...chargeRow(row, transferId, now),
      usage_wh: -usage,
      amount_e4: -amount,
      residue_before: 0,
      residue: 0,
    });
  }
  await addCharges(tx, rows);
  await recheck(tx, meter.id, rows, now);
  return meter.settled_residue;
}

/** The days of the readings that were charged: what they cost has changed. */
function recheck(tx: Tx, meterId: number, rows: readonly UsageChargeTable[], now: Instant): Promise<void> {
  const days = new Set(rows.map((row) => dayOf(instant(row.reading_at - 1))));
  return askRecheck(
    tx,
    [...days].map((day) => ({ meterId, day })),
    "correction",
    now,
  );
}

/** The line that stands beside an earlier one, without its figures. */
function chargeRow({ revs, ...row }: UsageChargeTable & { revs: number }, transferId: string | null, now: Instant) {
  return { ...row, rev: revs, transfer_id: transferId, booked_at: now };
}

async function bookBack(tx: Tx, back: TakingBack, to: LedgerAccount, e4: number): Promise<string | null> {
  if (e4 === 0) return null;
  const id = `correction:${back.cause}`;
  await openLedgerAccounts(tx, [to]);
  const booked = await bookTransfer(
    tx,
    postedTransfer({
      id,
      kind: "correction",
      from: { kind: "revenue", ref: back.meter.project_id },
      to,
      amount: money(e4),
      actor: back.actor,
      meterId: back.meter.id,
      memo: `-${back.usageWh} Wh`,
    }),
    instant(back.now),
  );
  assert(booked, `${id} was not booked before`);
  return id;
}
