import { isDatabaseAway } from "#base/errors.ts";
import { dayOf, type Instant, instant } from "#base/time.ts";
import { money, NO_MONEY } from "#base/units.ts";
import { type LedgerAccount, postedTransfer, type Transfer } from "#domain/ledger.ts";
import { tellsOfClosedDay } from "#domain/meter-day.ts";
import { addCharges } from "#store/charges.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { dueMeterIds, type MeterToSettle, metersToSettle, saveSettled, withSiblings } from "#store/due-meters.ts";
import { addEvents } from "#store/events.ts";
import { type Membership, membershipsOf } from "#store/groups.ts";
import { balancesOf, bookPostedTransfers } from "#store/ledger.ts";
import { addOveruse, saveMeterLots } from "#store/lots.ts";
import { claimMeterStates } from "#store/meters.ts";
import type { MeterStateTable } from "#store/schema-readings.ts";
import type { TierCountTable, UsageChargeTable } from "#store/schema-tariff.ts";
import { Stale } from "#store/stale.ts";
import { saveTierCounts } from "#store/tariffs.ts";
import { faultPoint } from "#system/fault-point.ts";
import { chargesOf, type MeterCharge } from "./charge-meters.ts";
import type { FlowContext } from "./context.ts";
import { cutOffIfInArrears } from "./cut-off.ts";
import { decide } from "./decide.ts";
import { isAccountInArrears, sweepDarkMeter } from "./reconnect.ts";
import { type CreditShown, creditShown, toldOnce } from "./server-credit.ts";

/**
 * Charges what meters have used since they were charged last. By state, not by event: a meter is due when its latest good
 * index is newer than the settled one, so the job may stop or repeat anywhere and nothing is charged twice. Looks at `limit` due
 * meters after the one with id `after`; `next` is where to go on, null when all were seen. They are charged in one transaction; where
 * that fails each is charged alone, so that one meter's mistake stops no other.
 */
export async function settleDueMeters(
  ctx: FlowContext,
  input: { limit: number; after: number },
): Promise<{ settled: number; next: number | null }> {
  const due = await dueMeterIds(ctx.db.read, input);
  const next = due.length === input.limit ? (due.at(-1) ?? null) : null;
  if (due.length === 0) return { settled: 0, next };
  try {
    return { settled: await settleMeters(ctx, due), next };
  } catch (error) {
    if (isAway(error)) throw error;
    if (due.length > 1) ctx.log.warn({ meters: due.length, error: String(error) }, "meters are settled one by one");
  }
  let settled = 0;
  for (const meterId of due) {
    try {
      settled += await settleMeters(ctx, [meterId]);
    } catch (error) {
      if (isAway(error)) throw error;
      ctx.log.error({ meter: meterId, error: String(error) }, "meter could not be settled");
    }
  }
  return { settled, next };
}

function isAway(error: unknown): boolean {
  return isDatabaseAway(error);
}

/** Charges some meters up to their latest good index, in one transaction; answers how many were still due. */
async function settleMeters(ctx: FlowContext, meterIds: readonly number[]): Promise<number> {
  const settled = await decide(ctx.db, (tx) => settleWithin(ctx, tx, meterIds));
  faultPoint("settle-usage:after-commit");
  return settled;
}

/**
 * Charges some meters up to their latest good index, within a transaction of the caller: who changes by what a meter is charged (its ratio, its
 * mode, the device itself) charges first what was used until then. Answers how many were still due.
 * One that is leaving a group waits: what it uses meanwhile is its own account's.
 */
export async function settleWithin(ctx: FlowContext, tx: Tx, meterIds: readonly number[]): Promise<number> {
  const touched = await withSiblings(tx, meterIds);
  // Taken before they are read: whoever else decides about these meters waits, or runs again.
  await claimMeterStates(tx, touched);
  const meters = await metersToSettle(tx, touched);
  const groups = await membershipsOf(tx, touched);
  const asked = new Set(meterIds);
  const due = meters.filter(
    (meter) =>
      asked.has(meter.id) &&
      meter.index_wh !== null &&
      meter.index_at > meter.settled_at &&
      groups.get(meter.id)?.leavesByMeter !== true,
  );
  const charges = await chargesOf(tx, due);
  await book(ctx, tx, charges);
  const balances = await balancesOf(tx, "balance", accountsOf(charges));
  await showAndSave(tx, { meters, groups, charges, balances, now: ctx.clock() });
  await switchSupply(ctx, tx, charges, balances);
  return due.length;
}

function accountsOf(charges: readonly MeterCharge[]): number[] {
  return [...new Set(charges.flatMap((each) => (each.payer === "balance" ? [each.accountId] : [])))];
}

/** Transfers, lots and lines of charges. */
async function book(ctx: FlowContext, tx: Tx, charges: readonly MeterCharge[]): Promise<void> {
  const transfers = charges.flatMap((charge) => {
    const transfer = transferOf(charge);
    return transfer === null ? [] : [{ transfer, at: charge.indexAt }];
  });
  // Somebody settled one of these readings since it was loaded.
  if (!(await bookPostedTransfers(tx, transfers))) throw new Stale("a usage");
  await saveMeterLots(
    tx,
    charges.flatMap((charge) => (charge.payer === "lots" ? charge.taken.changed : [])),
  );
  for (const charge of charges) {
    if (charge.payer !== "lots" || charge.taken.overuseWh === 0) continue;
    const { overuseWh: wh, overuseCost: e4 } = charge.taken;
    await addOveruse(tx, { id: ctx.newId(charge.indexAt), meterId: charge.meter.id, wh, e4, at: charge.indexAt });
  }
  const now = ctx.clock();
  await addCharges(
    tx,
    charges.flatMap((charge) => linesOf(charge, now)),
  );
  await saveTierCounts(tx, charges.flatMap(tierCountsAfter));
  // Charged after its day may have been closed: its cost is looked at again.
  const late = charges.filter(({ indexAt }) => tellsOfClosedDay(indexAt, now));
  await askRecheck(
    tx,
    late.map(({ meter, indexAt }) => ({ meterId: meter.id, day: dayOf(indexAt) })),
    "late",
    now,
  );
}

/** The cause of a usage transfer: one meter, one reading. */
function usageTransferId(charge: MeterCharge): string {
  return `usage:${charge.meter.id}:${charge.indexAt}`;
}

function transferOf(charge: MeterCharge): Transfer | null {
  if (charge.payer === "nobody") return null;
  const amount = charge.payer === "balance" ? charge.amount : charge.taken.value;
  if (amount === 0) return null;
  const from: LedgerAccount =
    charge.payer === "balance"
      ? { kind: "balance", ref: charge.accountId }
      : { kind: "meter_credit", ref: charge.meter.id };
  return postedTransfer({
    id: usageTransferId(charge),
    kind: "usage",
    from,
    to: { kind: "revenue", ref: charge.meter.project_id },
    amount,
    actor: "settlement",
    meterId: charge.meter.id,
    memo: `${charge.usedWh} Wh`,
  });
}

/** A charge as rows from which every figure of it can be computed again. */
function linesOf(charge: MeterCharge, now: Instant): UsageChargeTable[] {
  if (charge.payer === "nobody" || charge.usedWh === 0) return [];
  const { meter } = charge;
  const common = {
    meter_id: meter.id,
    reading_at: charge.indexAt,
    rev: 0,
    account_id: charge.accountId,
    from_reading_at: meter.settled_at,
    from_index_wh: meter.settled_index_wh ?? charge.indexWh,
    index_wh: charge.indexWh,
    ratio: meter.ratio,
    transfer_id: transferOf(charge) === null ? null : usageTransferId(charge),
    booked_at: now,
  };
  if (charge.payer === "lots") {
    return [
      {
        ...common,
        line: 0,
        source: "lots",
        from_at: meter.settled_at,
        to_at: charge.indexAt,
        tariff_id: null,
        version_id: null,
        rate: null,
        tier: null,
        period_at: null,
        period_wh: null,
        usage_wh: charge.usedWh,
        price_e4: null,
        amount_e4: charge.taken.value,
        residue_before: 0,
        residue: 0,
        estimated: 0,
      },
    ];
  }
  return charge.lines.map((each, line) => ({
    ...common,
    line,
    source: "balance",
    from_at: each.from,
    to_at: each.to,
    tariff_id: each.tariffId,
    version_id: each.versionId,
    rate: each.rate,
    tier: each.tier,
    period_at: each.periodAt,
    period_wh: each.periodWh,
    usage_wh: each.usageWh,
    price_e4: each.price,
    amount_e4: each.amount,
    residue_before: charge.lines[line - 1]?.residue ?? meter.settled_residue,
    residue: each.residue,
    estimated: each.estimated ? 1 : 0,
  }));
}

/** Where each tariff in steps stands after a charge. */
function tierCountsAfter(charge: MeterCharge): TierCountTable[] {
  if (charge.payer !== "balance") return [];
  const last = new Map<number, TierCountTable>();
  for (const line of charge.lines) {
    if (line.tariffId === null || line.periodAt === null || line.periodWh === null) continue;
    last.set(line.tariffId, {
      meter_id: charge.meter.id,
      tariff_id: line.tariffId,
      period_at: line.periodAt,
      account_id: charge.accountId,
      used_wh: line.periodWh,
    });
  }
  return [...last.values()];
}

type Showing = {
  meters: readonly MeterToSettle[];
  groups: ReadonlyMap<number, Membership>;
  charges: readonly MeterCharge[];
  balances: ReadonlyMap<number, number>;
  now: Instant;
};

/** What is settled now, and what the balances are worth on every meter of their accounts. */
async function showAndSave(tx: Tx, { meters, groups, charges, balances, now }: Showing): Promise<void> {
  const chargeOf = new Map(charges.map((charge) => [charge.meter.id, charge]));
  const asOf = new Map<number, Instant>();
  for (const charge of charges) {
    if (charge.payer !== "balance") continue;
    asOf.set(charge.accountId, instant(Math.max(asOf.get(charge.accountId) ?? 0, charge.indexAt)));
  }
  const rows: MeterStateTable[] = [];
  const shown: CreditShown[] = [];
  for (const meter of meters) {
    const charge = chargeOf.get(meter.id);
    const row: MeterStateTable = { ...stateOf(meter) };
    if (charge !== undefined) {
      row.settled_index_wh = charge.indexWh;
      row.settled_at = charge.indexAt;
      if (charge.payer === "balance") row.settled_residue = charge.residue;
    }
    const at = meter.credit_at === "server" && meter.account_id !== null ? asOf.get(meter.account_id) : undefined;
    if (at !== undefined) {
      const credit = creditShown(meter, money(balances.get(meter.account_id ?? 0) ?? NO_MONEY), at);
      shown.push(credit);
      Object.assign(row, { ...credit.change, changed_at: now });
    }
    if (charge !== undefined || at !== undefined) rows.push(row);
  }
  await saveSettled(tx, rows);
  await addEvents(tx, toldOnce(shown, groups));
}

/** The columns of `meter_state` alone; the computed one is the database's. */
function stateOf(meter: MeterToSettle): MeterStateTable {
  const {
    id,
    project_id,
    account_id,
    mode,
    price_e4,
    ratio,
    closes_by,
    low_credit_wh,
    credit_at,
    overdraft_e4,
    arrears_evaluations,
    arrears_reading_at,
    account_version,
    ...state
  } = meter;
  const { settle_due: _, ...row } = state as MeterStateTable & { settle_due?: number };
  return row;
}

/** Arrears may cut an account off, once for all its meters; one that has credit again must not stay dark. */
async function switchSupply(
  ctx: FlowContext,
  tx: Tx,
  charges: readonly MeterCharge[],
  balances: ReadonlyMap<number, number>,
): Promise<void> {
  const newest = new Map<number, MeterToSettle>();
  for (const charge of charges) {
    if (charge.payer !== "balance" || charge.meter.mode !== "prepaid") continue;
    const seen = newest.get(charge.accountId);
    if (seen === undefined || seen.index_at < charge.meter.index_at) newest.set(charge.accountId, charge.meter);
  }
  for (const [accountId, meter] of newest) {
    await cutOffIfInArrears(ctx, tx, { meter, accountId, balance: money(balances.get(accountId) ?? 0) });
  }
  for (const { meter, payer } of charges) {
    if (payer === "nobody" || meter.relay === "closed" || meter.off_cause !== "arrears") continue;
    if (!(await hasCredit(tx, meter))) continue;
    await sweepDarkMeter(ctx, tx, { meterId: meter.id, closesBy: meter.closes_by, now: ctx.clock() });
  }
}

/** Whether the meter may be on: its own counter above zero, or an account out of arrears. */
async function hasCredit(tx: Tx, meter: MeterToSettle): Promise<boolean> {
  if (meter.mode !== "prepaid") return true; // may go below zero
  if (meter.credit_at === "meter") return (meter.remaining_wh ?? 0) > 0;
  return meter.account_id !== null && !(await isAccountInArrears(tx, meter.account_id));
}
