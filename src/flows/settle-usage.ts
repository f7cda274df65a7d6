import { AppError } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { type Money, price } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { consume } from "#domain/lots.ts";
import { charge, usedBetween } from "#domain/settlement.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { addOveruse, openLots, saveLots } from "#store/lots.ts";
import { changeMeterState } from "#store/meters.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { cutOffIfInArrears } from "./cut-off.ts";
import { decide } from "./decide.ts";
import { isAccountInArrears, sweepDarkMeter } from "./reconnect.ts";
import { showServerCredit } from "./server-credit.ts";

/**
 * Charges what meters have used since they were charged last. By state, not by event: a meter is due when its latest good
 * index is newer than the settled one, so the job may stop or repeat anywhere and nothing is charged twice. Looks at `limit` due
 * meters after the one with id `after`; `next` is where to go on, null when all were seen. One meter's mistake stops no other.
 */
export async function settleDueMeters(
  ctx: FlowContext,
  input: { limit: number; after: number },
): Promise<{ settled: number; next: number | null }> {
  const due = await ctx.db.read
    .selectFrom("meter_state")
    .select("meter_id")
    .whereRef("index_at", ">", "settled_at")
    .where("meter_id", ">", input.after)
    .orderBy("meter_id")
    .limit(input.limit)
    .execute();
  let settled = 0;
  for (const { meter_id } of due) {
    try {
      if (await settleMeter(ctx, meter_id)) settled++;
    } catch (error) {
      if (error instanceof AppError && error.code === "database_unavailable") throw error;
      ctx.log.error({ meter: meter_id, error: String(error) }, "meter could not be settled");
    }
  }
  return { settled, next: due.length === input.limit ? (due.at(-1)?.meter_id ?? null) : null };
}

/** Charges one meter up to its latest good index; false when it was not due any more. */
async function settleMeter(ctx: FlowContext, meterId: number): Promise<boolean> {
  const settled = await decide(ctx.db, async (tx) => {
    const meter = await loadMeter(tx, meterId);
    if (!meter || meter.index_wh === null || meter.index_at <= meter.settled_at) return false;
    const used =
      meter.settled_index_wh === null ? 0 : usedBetween(meter.settled_index_wh, meter.index_wh) * meter.ratio;
    const charged = charge(used, price(meter.price_e4), meter.settled_residue);
    const onServer = meter.credit_at === "server" && meter.mode !== "public";
    await changeMeterState(tx, {
      meterId,
      version: meter.version,
      change: {
        settled_index_wh: meter.index_wh,
        settled_at: meter.index_at,
        ...(onServer ? { settled_residue: charged.residue } : {}),
      },
    });
    if (meter.account_id === null || meter.mode === "public") return true;
    if (onServer)
      await chargeBalance(ctx, tx, { meter, accountId: meter.account_id, charged: charged.charge, usedWh: used });
    else await chargeLots(ctx, tx, meter, used);
    if (meter.relay !== "closed" && meter.off_cause === "arrears" && (await hasCredit(tx, meter))) {
      await sweepDarkMeter(ctx, tx, { meterId, closesBy: meter.closes_by, now: ctx.clock() });
    }
    return true;
  });
  faultPoint("settle-usage:after-commit");
  return settled;
}

type Meter = NonNullable<Awaited<ReturnType<typeof loadMeter>>>;

function loadMeter(tx: Tx, meterId: number) {
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter.id", "=", meterId)
    .select([
      "meter.id",
      "meter.project_id",
      "meter.account_id",
      "meter.mode",
      "meter.price_e4",
      "meter.ratio",
      "meter.closes_by",
      "meter_state.relay",
      "meter_state.off_cause",
      "meter_state.remaining_wh",
      "meter.low_credit_wh",
      "meter_state.index_wh",
      "meter_state.index_at",
      "meter_state.settled_index_wh",
      "meter_state.settled_at",
      "meter_state.settled_residue",
      "meter_state.low_credit",
      "meter_state.version",
      "account.credit_at",
      "account.overdraft_e4",
      "account.arrears_evaluations",
      "account.arrears_reading_at",
      "account.version as account_version",
    ])
    .executeTakeFirst();
}

/** The cause of a usage transfer: one meter, one reading. */
function usageTransferId(meter: Meter): string {
  return `usage:${meter.id}:${meter.index_at}`;
}

/** Credit in the meter: what was used is taken from its lots, first in first out, and becomes revenue. */
async function chargeLots(ctx: FlowContext, tx: Tx, meter: Meter, usedWh: number): Promise<void> {
  if (usedWh === 0) return;
  const at = instant(meter.index_at);
  const used = consume(await openLots(tx, meter.id), usedWh, price(meter.price_e4));
  await saveLots(tx, used.changed);
  if (used.overuseWh > 0) {
    await addOveruse(tx, { id: ctx.newId(at), meterId: meter.id, wh: used.overuseWh, e4: used.overuseCost, at });
  }
  if (used.value > 0) await bookUsage(tx, meter, { kind: "meter_credit", ref: meter.id }, used.value, usedWh);
}

/** Whether the meter may be on: its own counter above zero, or an account out of arrears. */
async function hasCredit(tx: Tx, meter: Meter): Promise<boolean> {
  if (meter.credit_at === "meter") return (meter.remaining_wh ?? 0) > 0;
  return meter.account_id !== null && !(await isAccountInArrears(tx, meter.account_id));
}

type Charging = { meter: Meter; accountId: number; charged: Money; usedWh: number };

/** Credit on the server: what was used is charged to the account's balance, and arrears may cut it off. */
async function chargeBalance(ctx: FlowContext, tx: Tx, { meter, accountId, charged, usedWh }: Charging): Promise<void> {
  const account: LedgerAccount = { kind: "balance", ref: accountId };
  if (charged > 0) await bookUsage(tx, meter, account, charged, usedWh);
  const balance = await showServerCredit(tx, { accountId, at: instant(meter.index_at), now: ctx.clock() });
  if (meter.mode === "prepaid") await cutOffIfInArrears(ctx, tx, { meter, accountId, balance });
}

async function bookUsage(tx: Tx, meter: Meter, from: LedgerAccount, amount: Money, usedWh: number) {
  await openLedgerAccounts(tx, [from]);
  const booked = await bookTransfer(
    tx,
    postedTransfer({
      id: usageTransferId(meter),
      kind: "usage",
      from,
      to: { kind: "revenue", ref: meter.project_id },
      amount,
      actor: "settlement",
      meterId: meter.id,
      memo: `${usedWh} Wh`,
    }),
    instant(meter.index_at),
  );
  if (!booked) throw new Stale(usageTransferId(meter)); // somebody settled this reading since it was loaded
}
