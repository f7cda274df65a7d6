import { type Instant, instant } from "#base/time.ts";
import { type Money, negate, PER_UNIT, type Price, price, wholeUnits } from "#base/units.ts";
import { isLowCredit } from "#domain/low-credit.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId, type NewMeterEvent } from "#store/events.ts";
import type { Flag } from "#store/flag.ts";
import { membershipsOf } from "#store/groups.ts";
import { balanceOf } from "#store/ledger.ts";
import { changeMeterState } from "#store/meters.ts";

/**
 * Shows the balance of an account on each of its meters as remaining units, with the low-credit alarm that goes with it: after a
 * payment. (Settlement does the same for many at once.) `at` is as of when the balance holds.
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
  const groups = await membershipsOf(
    tx,
    meters.map((meter) => meter.id),
  );
  const shown = meters.map((meter) => creditShown(meter, balance, input.at));
  for (const [n, meter] of meters.entries()) {
    const change = { ...shown[n]?.change, changed_at: input.now };
    await changeMeterState(tx, { meterId: meter.id, version: meter.version, change });
  }
  await addEvents(tx, toldOnce(shown, groups));
  return balance;
}

type Shows = { id: number; mode: MeterMode; price_e4: number; low_credit_wh: number; low_credit: Flag };

/** What a meter shows of a balance, and what it showed before. */
export type CreditShown = {
  readonly meterId: number;
  readonly limitWh: number;
  readonly lowBefore: Flag;
  readonly change: { readonly remaining_wh: number; readonly remaining_at: Instant; readonly low_credit: Flag };
};

/** What a balance is worth on a meter at its price of now, as of `at`. */
export function creditShown(meter: Shows, balance: Money, at: Instant): CreditShown {
  const remainingWh = unitsFor(balance, price(meter.price_e4));
  const limitWh = meter.low_credit_wh;
  const low = isLowCredit({ mode: meter.mode, remainingWh, limitWh }) ? 1 : 0;
  const change = { remaining_wh: remainingWh, remaining_at: at, low_credit: low as Flag };
  return { meterId: meter.id, limitWh, lowBefore: meter.low_credit, change };
}

/** The events of some meters; the credit of a group (合并账户) is told of once, at its main meter. */
export function toldOnce(
  shown: readonly CreditShown[],
  groups: ReadonlyMap<number, { isMain: boolean }>,
): NewMeterEvent[] {
  return shown.filter(({ meterId }) => groups.get(meterId)?.isMain !== false).flatMap(creditEvent);
}

/** The event that tells of credit becoming low, or enough again; none while it stays what it was. */
function creditEvent({ meterId, limitWh, lowBefore, change }: CreditShown): NewMeterEvent[] {
  if (change.low_credit === lowBefore) return [];
  const kind = change.low_credit === 1 ? "low_credit" : "credit_restored";
  return [
    {
      id: eventId(meterId, kind, change.remaining_at),
      meterId,
      at: instant(change.remaining_at),
      kind,
      severity: change.low_credit === 1 ? "warning" : "info",
      detail: { remainingWh: change.remaining_wh, limitWh },
    },
  ];
}

/** What a balance is worth in whole units, as Wh; negative when it is overdrawn. */
function unitsFor(balance: Money, at: Price): number {
  const whole = balance >= 0 ? wholeUnits(balance, at) : -wholeUnits(negate(balance), at);
  return whole * PER_UNIT;
}
