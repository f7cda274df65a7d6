import { type RawBuilder, sql } from "kysely";
import { addDays, type Day, type Month } from "#base/time.ts";
import type { RankingReport, RankingRow } from "#contract/ranking.ts";
import { partBp } from "#domain/loss.ts";
import type { Scope } from "#domain/permission.ts";
import { partsOfSpan, type RankedBy, ranked, type Span, spanBefore } from "#domain/ranking.ts";
import { lastClosedDay } from "./days.ts";
import type { Tx } from "./db.ts";
import { expectedDays } from "./loss-days.ts";
import { DAY_COLUMNS } from "./month-days.ts";
import { sumKnown } from "./report-days.ts";
import { bareReportMeters, countMastersToo, countsInSums, type ReportFilter, reportMeters } from "./report-filter.ts";
import type { MeterKind } from "./schema-archive.ts";

/** Which ranking: of which days, of one kind, by what, and what it is narrowed to. */
export type RankingAsked = ReportFilter & Span & { kind: MeterKind; by: RankedBy; order: "most" | "least" };
type Page = { after: number; limit: number };
/** What is known of a meter over some days: usage in Wh or litres, and of how many days. */
type Known = { usageWh: number | null; days: number };
type Meter = Awaited<ReturnType<typeof rankedMeters>>[number];

/**
 * Who used most or least (用量排行) over some closed days, by meters, or by the rooms, customers or areas that they belong to as the archive is now.
 * Master meters are left out. Whole months come from the meters' months, other days from the days that stand side by side.
 */
export async function rankingReport(tx: Tx, scope: Scope, asked: RankingAsked & Page): Promise<RankingReport> {
  const before = spanBefore(asked);
  const closedUpTo = await lastClosedDay(tx);
  const meters = await rankedMeters(tx, scope, asked);
  const [now, then] = [await usagesOf(tx, scope, asked, asked), await usagesOf(tx, scope, asked, before)];
  const closed = closedDays(asked, closedUpTo);
  const groups = [...Map.groupBy(meters, (meter) => keyOf(meter, asked.by))];
  const rows = groups.map(([id, own]) => ({
    ...namesOf(own[0] as Meter, asked.by, id),
    meters: own.length,
    usageWh: sumKnown(own.map((meter) => now.get(meter.id)?.usageWh ?? null)),
    missing: own.reduce((sum, meter) => sum + missingOf(meter, now.get(meter.id), closed), 0),
    beforeWh: sumKnown(own.map((meter) => then.get(meter.id)?.usageWh ?? null)),
  }));
  const usageWh = sumKnown(rows.map((row) => row.usageWh));
  const items = ranked(rows, asked.order).map((row): RankingRow => {
    const both = row.usageWh !== null && row.beforeWh !== null && row.beforeWh > 0;
    return {
      ...row,
      shareBp: row.usageWh === null || !usageWh ? null : partBp(row.usageWh, usageWh),
      changeBp: both ? partBp((row.usageWh ?? 0) - (row.beforeWh ?? 0), row.beforeWh ?? 0) : null,
    };
  });
  const last = asked.after + asked.limit;
  return {
    ...{ from: asked.from, to: asked.to, before, kind: asked.kind, by: asked.by, closedUpTo },
    items: items.slice(asked.after, last),
    next: items.length > last ? last : null,
    total: items.length,
    masters: (await countMastersToo(tx, scope, asked)).masters,
    usageWh,
    beforeWh: sumKnown(rows.map((row) => row.beforeWh)),
  };
}

function rankedMeters(tx: Tx, scope: Scope, asked: RankingAsked) {
  return reportMeters(tx, scope, asked)
    .leftJoin("room", "room.id", "meter.room_id")
    .where(countsInSums)
    .select(["meter.id", "meter.label", "meter.number", "meter.room_id", "meter.area_id", "account.customer_id"])
    .select(["meter.created_at", "meter.retired_at", "area.name as area_name", "room.name as room_name"])
    .select(["customer.name as customer_name", "customer.number as customer_number"])
    .orderBy("meter.id")
    .execute();
}

function keyOf(meter: Meter, by: RankedBy): number | null {
  return { meter: meter.id, room: meter.room_id, customer: meter.customer_id, area: meter.area_id }[by];
}

function namesOf(meter: Meter, by: RankedBy, id: number | null): Pick<RankingRow, "id" | "name" | "detail"> {
  if (id === null) return { id, name: null, detail: "" };
  return {
    meter: { id, name: meter.label, detail: meter.number },
    room: { id, name: meter.room_name, detail: meter.area_name },
    customer: { id, name: meter.customer_name, detail: meter.customer_number ?? "" },
    area: { id, name: meter.area_name, detail: "" },
  }[by];
}

/** What each meter of the filter used over some days; a meter of which no day is known is not in it, or has null. */
async function usagesOf(tx: Tx, scope: Scope, asked: RankingAsked, span: Span): Promise<Map<number, Known>> {
  const { months, rest } = partsOfSpan(span);
  const known = new Map<number, Known>();
  const add = (id: number, usageWh: unknown, days: unknown): void => {
    const so = known.get(id) ?? { usageWh: null, days: 0 };
    const more = usageWh === null ? null : Number(usageWh);
    known.set(id, { usageWh: sumKnown([so.usageWh, more]), days: so.days + Number(days ?? 0) });
  };
  if (months.length > 0) for (const row of await monthSums(tx, scope, asked, months)) add(row.id, row.usage, row.days);
  for (const part of rest)
    for (const row of await daySums(tx, scope, asked, part))
      add(row.id, Number(row.days) === 0 ? null : row.usage, row.days);
  return known;
}

function monthSums(tx: Tx, scope: Scope, asked: RankingAsked, months: readonly Month[]) {
  const [first = "" as Month, last = first] = [months[0], months.at(-1)];
  return bareReportMeters(tx, scope, asked)
    .innerJoin("meter_month", "meter_month.meter_id", "meter.id")
    .$call((query) =>
      first === last
        ? query.where("meter_month.month", "=", first)
        : query.where("meter_month.month", ">=", first).where("meter_month.month", "<=", last),
    )
    .where(countsInSums)
    .groupBy("meter.id")
    .select((eb) => [
      "meter.id",
      eb.fn.sum<number | null>("meter_month.usage_wh").as("usage"),
      eb.fn.sum<number | null>(eb("meter_month.days", "-", eb.ref("meter_month.days_missing"))).as("days"),
    ])
    .execute();
}

/** The sum over some days of one month, which stand side by side in one row a meter. */
function daySums(tx: Tx, scope: Scope, asked: RankingAsked, { month, days }: { month: Month; days: readonly Day[] }) {
  const columns = days.map((day) => sql.ref(`month_days.${DAY_COLUMNS[Number(day.slice(8)) - 1] ?? ""}`));
  const sum = (parts: readonly RawBuilder<unknown>[]) => sql<number>`${sql.join(parts, sql` + `)}`;
  return bareReportMeters(tx, scope, asked)
    .innerJoin("month_days", "month_days.meter_id", "meter.id")
    .where("month_days.month", "=", month)
    .where(countsInSums)
    .select([
      "meter.id",
      sum(columns.map((column) => sql`coalesce(${column}, 0)`)).as("usage"),
      sum(columns.map((column) => sql`(${column} is not null)`)).as("days"),
    ])
    .execute();
}

/** The days of the span that are closed. */
function closedDays({ from, to }: Span, closedUpTo: Day | null): Day[] {
  const days: Day[] = [];
  if (closedUpTo === null) return days;
  for (let day = from; day <= to && day <= closedUpTo; day = addDays(day, 1)) days.push(day);
  return days;
}

function missingOf(meter: Meter, known: Known | undefined, closed: readonly Day[]): number {
  const of = { id: meter.id, createdAt: meter.created_at, retiredAt: meter.retired_at };
  const [first, last] = expectedDays(of, closed);
  return Math.max(0, Math.max(0, last - first + 1) - (known?.days ?? 0));
}
