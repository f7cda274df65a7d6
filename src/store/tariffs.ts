import { type Instant, instant } from "#base/time.ts";
import { price } from "#base/units.ts";
import { type Assignment, type TariffTerms, type TariffVersion, type TermsFrom, termsOf } from "#domain/tariff.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";
import type { MeterTariffTable, TierCountTable } from "./schema-tariff.ts";

/**
 * The terms of many meters in the order of time, by meter. A meter whose price was never changed has the one that stands in its row;
 * where a history begins later than instant 0, that one holds before it.
 */
export async function termsOfMeters(
  tx: Tx,
  meters: readonly { id: number; price_e4: number }[],
): Promise<Map<number, TermsFrom[]>> {
  const assigned = new Map<number, Assignment[]>();
  const rows = await assignmentRows(
    tx,
    meters.map((meter) => meter.id),
  );
  for (const row of rows) {
    const list = assigned.get(row.meter_id) ?? [];
    list.push(toAssignment(row));
    assigned.set(row.meter_id, list);
  }
  const tariffIds = [...new Set(rows.flatMap((row) => (row.tariff_id === null ? [] : [row.tariff_id])))];
  const versions = await versionsOfTariffs(tx, tariffIds);
  return new Map(
    meters.map((meter) => {
      const own: Assignment = { from: BEGINNING, tariffId: null, price: price(meter.price_e4) };
      const list = assigned.get(meter.id) ?? [];
      const all = list.some((each) => each.from === BEGINNING) ? list : [own, ...list];
      return [meter.id, termsOf(all, (id) => versions.get(id) ?? [])];
    }),
  );
}

/** Where a history of prices begins. */
export const BEGINNING: Instant = instant(0);

async function assignmentRows(tx: Tx, meterIds: readonly number[]): Promise<MeterTariffTable[]> {
  if (meterIds.length === 0) return [];
  return tx
    .selectFrom("meter_tariff")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .orderBy("meter_id")
    .orderBy("from_at")
    .execute();
}

function toAssignment(row: MeterTariffTable): Assignment {
  const from = instant(row.from_at);
  return row.tariff_id === null
    ? { from, tariffId: null, price: price(row.price_e4 ?? 0) }
    : { from, tariffId: row.tariff_id, price: null };
}

/** The approved versions of tariffs, in the order of time. */
export async function versionsOfTariffs(tx: Tx, tariffIds: readonly number[]): Promise<Map<number, TariffVersion[]>> {
  const found = new Map<number, TariffVersion[]>();
  if (tariffIds.length === 0) return found;
  const rows = await tx
    .selectFrom("tariff_version")
    .select(["id", "tariff_id", "from_at", "terms"])
    .where("tariff_id", "in", [...tariffIds])
    .orderBy("tariff_id")
    .orderBy("from_at")
    .execute();
  for (const row of rows) {
    const list = found.get(row.tariff_id) ?? [];
    // Terms were checked before they were approved, and the row is never changed.
    list.push({ id: row.id, from: instant(row.from_at), terms: JSON.parse(row.terms) as TariffTerms });
    found.set(row.tariff_id, list);
  }
  return found;
}

/** How far meters have climbed their steps, by meter. */
export async function tierCountsOf(tx: Tx, meterIds: readonly number[]): Promise<Map<number, TierCountTable[]>> {
  const found = new Map<number, TierCountTable[]>();
  if (meterIds.length === 0) return found;
  const rows = await tx
    .selectFrom("tier_count")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .execute();
  for (const row of rows) found.set(row.meter_id, [...(found.get(row.meter_id) ?? []), row]);
  return found;
}

/** Writes how far meters have climbed now. */
export async function saveTierCounts(tx: Tx, rows: readonly TierCountTable[]): Promise<void> {
  await upsert(tx, "tier_count", rows, ["meter_id", "tariff_id"], ["period_at", "account_id", "used_wh"]);
}
