import type { ExpressionBuilder } from "kysely";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { mentions } from "./mentions.ts";
import type { Schema } from "./schema.ts";
import type { MeterKind } from "./schema-archive.ts";
import { inScope } from "./scope.ts";

/** What a report is narrowed to. */
export type ReportFilter = { kind?: MeterKind | undefined; areaId?: number | undefined; search: string };

/** The meters of a report: in the scope, of one kind, below an area, whose room, number or customer holds a text. */
export function reportMeters(tx: Tx, scope: Scope, filter: ReportFilter) {
  return tx
    .selectFrom("meter")
    .innerJoin("area", "area.id", "meter.area_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where((eb) => inScope(eb, scope))
    .$if(filter.kind !== undefined, (query) => query.where("meter.kind", "=", filter.kind as MeterKind))
    .$if(filter.areaId !== undefined, (query) => query.where((eb) => isBelow(eb, filter.areaId ?? 0)))
    .$if(filter.search !== "", (query) =>
      query.where((eb) => mentions(eb, ["meter.label", "meter.number", "customer.name"], filter.search)),
    );
}

/**
 * The same meters without anything to be shown of them: for counts and sums, which would pay for every join ten thousand times. Customers are
 * looked at only when a text is searched for.
 */
export function bareReportMeters(tx: Tx, scope: Scope, filter: ReportFilter) {
  if (filter.search !== "") return reportMeters(tx, scope, filter) as unknown as ReturnType<typeof allMeters>;
  return allMeters(tx)
    .where((eb) => inScope(eb, scope))
    .$if(filter.kind !== undefined, (query) => query.where("meter.kind", "=", filter.kind as MeterKind))
    .$if(filter.areaId !== undefined, (query) => query.where((eb) => isBelow(eb, filter.areaId ?? 0)));
}

function allMeters(tx: Tx) {
  return tx.selectFrom("meter");
}

/** The meter's area lies in or below another. */
export function isBelow(eb: ExpressionBuilder<Schema, "meter">, areaId: number) {
  return eb.exists(
    eb
      .selectFrom("area_ancestor")
      .select("area_ancestor.area_id")
      .whereRef("area_ancestor.area_id", "=", "meter.area_id")
      .where("area_ancestor.ancestor_id", "=", areaId),
  );
}

/**
 * A meter counts in sums over several: it is not the master meter of a place ({@link isMasterMeter}), which measures once more what the
 * meters below it measure.
 */
export function countsInSums(eb: ExpressionBuilder<Schema, "meter">) {
  return eb.or([
    eb("meter.master_of", "is", null),
    eb.and([eb("meter.master_of", "=", "box"), eb("meter.box_id", "is", null)]),
  ]);
}

/** How many meters a report is about. */
export async function countReportMeters(tx: Tx, scope: Scope, filter: ReportFilter): Promise<number> {
  return (await countMastersToo(tx, scope, filter)).total;
}

/** How many meters a report is about, and how many of them are master meters, which its sums leave out. */
export async function countMastersToo(
  tx: Tx,
  scope: Scope,
  filter: ReportFilter,
): Promise<{ total: number; masters: number }> {
  const row = await bareReportMeters(tx, scope, filter)
    .select((eb) => [eb.fn.countAll<number>().as("total"), mastersOf(eb).as("masters")])
    .executeTakeFirstOrThrow();
  return { total: Number(row.total), masters: Number(row.masters ?? 0) };
}

/** How many of some meters are master meters. */
export function mastersOf(eb: ExpressionBuilder<Schema, "meter">) {
  return eb.fn.sum<number | null>(eb.case().when(countsInSums(eb)).then(0).else(1).end());
}

/** An area with all above it, from the top down; empty when there is no such area. */
export async function areaPath(tx: Tx, areaId: number): Promise<{ areaId: number; name: string }[]> {
  const path: { areaId: number; name: string }[] = [];
  for (let next: number | null = areaId; next !== null; ) {
    const row: { id: number; parent_id: number | null; name: string } | undefined = await tx
      .selectFrom("area")
      .select(["id", "parent_id", "name"])
      .where("id", "=", next)
      .executeTakeFirst();
    if (row === undefined) return [];
    path.unshift({ areaId: row.id, name: row.name });
    next = row.parent_id;
  }
  return path;
}
