import { type Instant, instant, later } from "#base/time.ts";
import { formatMoney, type Money } from "#base/units.ts";
import { decideTrip, EVALUATION_GAP_MIN_MS } from "#domain/arrears.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { provesSwitch } from "#protocol/profiles.ts";
import { addCommand, openSwitches, supersedeSwitches } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { claimMeterState } from "#store/meters.ts";
import { paymentInFlight } from "#store/orders.ts";
import { updatedRows } from "#store/portable.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { linkRefusal } from "./link-risk.ts";
import { noCutUntil, standingAt } from "./standing.ts";

/** The meter whose reading led here, with what its account was seen to be. */
export type ChargedMeter = {
  readonly id: number;
  readonly index_wh: number | null;
  readonly index_at: number;
  readonly overdraft_e4: number | null;
  readonly arrears_evaluations: number | null;
  readonly arrears_reading_at: number | null;
  readonly account_version: number | null;
};

/**
 * Counts consecutive evaluations in arrears, each on a reading well after the last, and cuts every switch of the account off when all the
 * conditions of `decideTrip` hold. Each trip carries its evidence.
 */
export async function cutOffIfInArrears(
  ctx: FlowContext,
  tx: Tx,
  input: { meter: ChargedMeter; accountId: number; balance: Money },
): Promise<void> {
  const { meter, accountId, balance } = input;
  const now = ctx.clock();
  const { overdraftE4, inArrears } = await standingAt(tx, {
    accountId,
    balance,
    overdraftE4: meter.overdraft_e4 ?? 0,
  });
  const seen = meter.arrears_evaluations ?? 0;
  const last = meter.arrears_reading_at ?? 0;
  // A stamp ahead of now was made by a clock that has been put back since.
  const isNewer = last > now || meter.index_at >= last + EVALUATION_GAP_MIN_MS;
  const evaluations = inArrears ? seen + (isNewer ? 1 : 0) : 0;
  if (evaluations !== seen) await countEvaluation(tx, input, evaluations);
  if (!inArrears) return;
  if (seen === 0) {
    await addEvents(tx, [
      {
        id: ctx.newId(now),
        meterId: meter.id,
        at: now,
        kind: "arrears",
        severity: "alarm",
        detail: { balance: formatMoney(balance) },
      },
    ]);
  }
  await tripSwitches(ctx, tx, { meter, accountId, balance, overdraftE4, evaluations, now });
}

async function countEvaluation(
  tx: Tx,
  { meter, accountId }: { meter: ChargedMeter; accountId: number },
  evaluations: number,
): Promise<void> {
  const counted = await tx
    .updateTable("account")
    .set((eb) => ({
      arrears_evaluations: evaluations,
      arrears_reading_at: meter.index_at,
      version: eb("version", "+", 1),
    }))
    .where("id", "=", accountId)
    .where("version", "=", meter.account_version ?? 0)
    .executeTakeFirst();
  if (updatedRows(counted) === 0) throw new Stale(`account ${accountId}`);
}

type Arrears = {
  meter: ChargedMeter;
  accountId: number;
  balance: Money;
  overdraftE4: number;
  evaluations: number;
  now: Instant;
};

async function tripSwitches(ctx: FlowContext, tx: Tx, arrears: Arrears): Promise<void> {
  const { accountId, now } = arrears;
  const inFlight = await paymentInFlight(tx, accountId);
  const switches = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter.account_id", "=", accountId)
    .where("meter.switch_kind", "<>", "none")
    .select([
      "meter.id",
      "meter.mode",
      "meter.supply_guard",
      "meter.concentrator_id",
      "meter.profile",
      "meter_state.relay",
      "meter_state.switch_fault",
      "meter_state.index_wh",
    ])
    .orderBy("meter.id")
    .execute();
  const noCut = await noCutUntil(
    tx,
    switches.map((each) => each.id),
    now,
  );
  for (const each of switches) {
    const decision = decideTrip(
      {
        mode: each.mode,
        supplyGuard: each.supply_guard === 1,
        switchProved: provesSwitch(each.profile) && each.switch_fault === 0,
        balanceE4: arrears.balance,
        overdraftE4: arrears.overdraftE4,
        readingAt: instant(arrears.meter.index_at),
        evaluations: arrears.evaluations,
        paymentInFlight: inFlight,
        noCut: noCut.get(each.id) !== null,
      },
      now,
    );
    if (!decision.trip || each.relay === "open") continue;
    // Over a link without proof nobody is cut off, unless that was allowed.
    if ((await linkRefusal(tx, each.id, "trip")) !== null || (await isSwitchedByOthers(tx, each.id))) continue;
    const commandId = ctx.newId(now);
    const fresh = await addCommand(tx, {
      id: commandId,
      idem_key: `arrears:${accountId}:${arrears.meter.index_at}:${each.id}`,
      meter_id: each.id,
      concentrator_id: each.concentrator_id,
      kind: "trip",
      cause: "arrears",
      priority: priority.trip,
      payload: "{}",
      order_no: null,
      reason: `余额 ${formatMoney(arrears.balance)} 元`,
      requested_by: "settlement",
      expires_at: later(now, expiryMs.trip),
      created_at: now,
    });
    if (!fresh) continue;
    await supersedeSwitches(tx, { meterId: each.id, by: commandId, why: "arrears", at: now });
    await tx
      .insertInto("off_evidence")
      .values({
        command_id: commandId,
        meter_id: each.id,
        balance_e4: arrears.balance,
        floor_e4: -arrears.overdraftE4,
        reading_at: arrears.meter.index_at,
        index_wh: arrears.meter.index_wh ?? 0,
        evaluations: arrears.evaluations,
        decided_at: now,
      })
      .execute();
  }
}

/** A trip is on its way already, or an operator's hand is at the switch: another trip would only blur why the meter is off. */
async function isSwitchedByOthers(tx: Tx, meterId: number): Promise<boolean> {
  await claimMeterState(tx, meterId);
  return (await openSwitches(tx, meterId)).some((command) => command.kind === "trip" || command.cause === "operator");
}
