import { addDays, type Day, monthOf, startOfDay } from "#base/time.ts";
import { money, PER_UNIT, price, proportion } from "#base/units.ts";
import { dailyUse, NO_USE, USE_DAYS, type Use } from "#domain/days-left.ts";
import type { Scope } from "#domain/permission.ts";
import { lastClosedDay } from "./days.ts";
import type { Tx } from "./db.ts";
import { DAY_COLUMNS } from "./month-days.ts";
import { inScope } from "./scope.ts";

/** What meters used on the last closed days. `from` and `to` are null while no day was ever closed. */
export type RecentUses = { from: Day | null; to: Day | null; byMeter: ReadonlyMap<number, Use> };

/**
 * What the meters of accounts in the scope (or `only` some of them) used on the last {@link USE_DAYS} days that are closed. Days before a
 * meter was there, or before its tenant moved in, are not his. Of whom no day is known there is no entry.
 */
export async function recentUses(tx: Tx, scope: Scope, only?: readonly number[]): Promise<RecentUses> {
  const to = await lastClosedDay(tx);
  if (to === null || only?.length === 0) return { from: null, to: null, byMeter: new Map() };
  const days = Array.from({ length: USE_DAYS }, (_, i) => addDays(to, i + 1 - USE_DAYS));
  const columnOf = (day: Day) => DAY_COLUMNS[Number(day.slice(8)) - 1] ?? DAY_COLUMNS[0];
  const rows = await tx
    .selectFrom("month_days")
    .innerJoin("meter", "meter.id", "month_days.meter_id")
    .where("month_days.month", "in", [...new Set(days.map(monthOf))])
    .where("meter.account_id", "is not", null)
    .where((eb) => inScope(eb, scope))
    .$if(only !== undefined, (query) => query.where("month_days.meter_id", "in", [...(only ?? [])]))
    .select(["meter.id", "meter.created_at", "month_days.month"])
    .select(days.map((day) => `month_days.${columnOf(day)}` as const))
    .execute();
  const movedIn = await tenantsSince(tx, scope, only);
  const byMeter = new Map<number, Use>();
  for (const row of rows) {
    const since = Math.max(row.created_at, movedIn.get(row.id) ?? 0);
    let { usedWh, days: known } = byMeter.get(row.id) ?? NO_USE;
    for (const day of days) {
      const used = monthOf(day) === row.month && startOfDay(day) >= since ? row[columnOf(day)] : null;
      if (used === null) continue;
      usedWh += Number(used);
      known++;
    }
    if (known > 0) byMeter.set(row.id, { usedWh, days: known });
  }
  return { from: days[0] ?? to, to, byMeter };
}

/** Since when the tenants of meters live there who moved in while the meter was there already. */
async function tenantsSince(tx: Tx, scope: Scope, only?: readonly number[]): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom("tenancy")
    .innerJoin("meter", "meter.id", "tenancy.meter_id")
    .innerJoin("account", (join) =>
      join.onRef("account.id", "=", "meter.account_id").onRef("account.customer_id", "=", "tenancy.customer_id"),
    )
    .where("tenancy.idem_key", "is not", null)
    .where((eb) => inScope(eb as never, scope))
    .$if(only !== undefined, (query) => query.where("tenancy.meter_id", "in", [...(only ?? [])]))
    .groupBy("tenancy.meter_id")
    .select((eb) => ["tenancy.meter_id", eb.fn.max<number>("tenancy.from_at").as("from_at")])
    .execute();
  return new Map(rows.map((row) => [row.meter_id, Number(row.from_at)]));
}

type Priced = { id: number; price_e4: number };

/** What some meters cost a day at their use and price of now, in 1/10000 yuan; null when the use of one is not known. */
export function costPerDay(meters: readonly Priced[], uses: RecentUses["byMeter"]): number | null {
  let sum = 0;
  for (const meter of meters) {
    const perDay = dailyUse(uses.get(meter.id) ?? NO_USE);
    if (perDay === null) return null;
    sum += proportion(money(price(meter.price_e4)), perDay, PER_UNIT);
  }
  return sum;
}

/** How many meters in use hang on each account that has several, in the scope or not. */
export async function metersOfShared(tx: Tx, only?: readonly number[]): Promise<Map<number, number>> {
  if (only?.length === 0) return new Map();
  const rows = await tx
    .selectFrom("meter")
    .where("account_id", "is not", null)
    .where("retired_at", "is", null)
    .$if(only !== undefined, (query) => query.where("account_id", "in", [...(only ?? [])]))
    .groupBy("account_id")
    .having((eb) => eb(eb.fn.countAll(), ">", 1))
    .select((eb) => ["account_id", eb.fn.countAll<number>().as("count")])
    .execute();
  return new Map(rows.map((row) => [row.account_id ?? 0, Number(row.count)]));
}
