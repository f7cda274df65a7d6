import { type Instant, instant } from "#base/time.ts";
import { type Money, negate, PER_UNIT, type Price, price, wholeUnits } from "#base/units.ts";
import { isLowCredit } from "#domain/low-credit.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId } from "#store/events.ts";
import { balanceOf } from "#store/ledger.ts";
import { changeMeterState } from "#store/meters.ts";

/**
 * Shows the balance of an account on each of its meters as remaining units, with the low-credit alarm that goes with it: after a
 * usage was charged, and after a payment. `at` is as of when the balance holds.
 */
export async function showServerCredit(
  tx: Tx,
  input: { accountId: number; at: Instant; now: Instant },
): Promise<Money> {
  const balance = (await balanceOf(tx, { kind: "balance", ref: input.accountId })).posted;
  const meters = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter.account_id", "=", input.accountId)
    .select([
      "meter.id",
      "meter.mode",
      "meter.price_e4",
      "meter.low_credit_wh",
      "meter_state.low_credit",
      "meter_state.version",
    ])
    .orderBy("meter.id")
    .execute();
  for (const meter of meters) {
    const remainingWh = unitsFor(balance, price(meter.price_e4));
    const low = isLowCredit({ mode: meter.mode, remainingWh, limitWh: meter.low_credit_wh }) ? 1 : 0;
    await changeMeterState(tx, {
      meterId: meter.id,
      version: meter.version,
      change: { remaining_wh: remainingWh, remaining_at: input.at, low_credit: low, changed_at: input.now },
    });
    if (low === meter.low_credit) continue;
    const kind = low === 1 ? "low_credit" : "credit_restored";
    await addEvents(tx, [
      {
        id: eventId(meter.id, kind, input.at),
        meterId: meter.id,
        at: instant(input.at),
        kind,
        severity: low === 1 ? "warning" : "info",
        detail: { remainingWh, limitWh: meter.low_credit_wh },
      },
    ]);
  }
  return balance;
}

/** What a balance is worth in whole units, as Wh; negative when it is overdrawn. */
function unitsFor(balance: Money, at: Price): number {
  const whole = balance >= 0 ? wholeUnits(balance, at) : -wholeUnits(negate(balance), at);
  return whole * PER_UNIT;
}
