import { sql } from "kysely";
import { addMonths, type Month } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { MeterPart, MeterReport, PeriodChild, PeriodReport } from "#contract/reports.ts";
import type { Scope } from "#domain/permission.ts";
import { lastClosedDay } from "./days.ts";
import type { Tx } from "./db.ts";
import { dayRowsOf, figuresOf, segmentOf, sumKnown } from "./report-days.ts";
import { areaPath, bareReportMeters, reportMeters } from "./report-filter.ts";
import type { MeterKind } from "./schema-archive.ts";

type Asked = { period: string; kind: MeterKind; areaId?: number | undefined };

/** What a month or year of everything below an area consists of; null when there is no such area within the scope. */
export async function periodReport(tx: Tx, scope: Scope, asked: Asked): Promise<PeriodReport | null> {
  const path = asked.areaId === undefined ? [] : await areaPath(tx, asked.areaId);
  if (asked.areaId !== undefined && path.length === 0) return null;
  const byArea = await monthsByArea(tx, scope, asked);
  if (asked.areaId !== undefined && byArea.length === 0) return null;
  const children = [...(await childAreas(tx, asked, byArea)), ...(await ownMeters(tx, scope, asked))];
  const before = previousPeriod(asked.period);
  const previous = figuresOf(await totalOf(tx, scope, { ...asked, period: before }));
  return {
    period: asked.period,
    kind: asked.kind,
    path,
    closedUpTo: await lastClosedDay(tx),
    children,
    meters: children.reduce((sum, child) => sum + child.meters, 0),
    ...figuresOf(await totalOf(tx, scope, asked)),
    previous: { period: before, ...previous },
  };
}

/** The months of `2026` or of `2026-08`. */
function monthsOf(period: string): { from: string; to: string } {
  return period.length === 7 ? { from: period, to: period } : { from: `${period}-01`, to: `${period}-12` };
}

function previousPeriod(period: string): string {
  return period.length === 7 ? addMonths(period as Month, -1) : String(Number(period) - 1);
}

/** Sums of meter months that lie in the period; every meter of the filter has its row, with or without figures. */
function monthSums(tx: Tx, scope: Scope, { period, kind, areaId }: Asked) {
  const { from, to } = monthsOf(period);
  return bareReportMeters(tx, scope, { kind, areaId, search: "" })
    .leftJoin("meter_month", (join) =>
      join
        .onRef("meter_month.meter_id", "=", "meter.id")
        .on("meter_month.month", ">=", from)
        .on("meter_month.month", "<=", to),
    )
    .select((eb) => [
      eb.fn.sum<number | null>("meter_month.usage_wh").as("usage"),
      eb.fn.sum<number | null>("meter_month.cost_e4").as("cost"),
      eb.fn.sum<number | null>("meter_month.days_missing").as("missing"),
      eb.fn.sum<number | null>("meter_month.days_estimated").as("estimated"),
      sql<number>`count(distinct ${eb.ref("meter.id")})`.as("meters"),
    ]);
}

function totalOf(tx: Tx, scope: Scope, asked: Asked) {
  return monthSums(tx, scope, asked).executeTakeFirst();
}

function monthsByArea(tx: Tx, scope: Scope, asked: Asked) {
  return monthSums(tx, scope, asked).select("meter.area_id").groupBy("meter.area_id").execute();
}

/** The areas right below, each with all below it. */
async function childAreas(
  tx: Tx,
  { areaId }: Asked,
  byArea: Awaited<ReturnType<typeof monthsByArea>>,
): Promise<PeriodChild[]> {
  if (byArea.length === 0) return [];
  const under = await tx
    .selectFrom("area")
    .innerJoin("area_ancestor", "area_ancestor.ancestor_id", "area.id")
    .where("area_ancestor.area_id", "in", [...new Set(byArea.map((row) => row.area_id))])
    .where("area.parent_id", areaId === undefined ? "is" : "=", areaId ?? null)
    .select(["area.id", "area.name", "area_ancestor.area_id"])
    .orderBy("area.sort")
    .orderBy("area.id")
    .execute();
  const children: PeriodChild[] = [];
  for (const rows of Map.groupBy(under, (row) => row.id).values()) {
    const [first] = rows;
    if (first === undefined) continue;
    const own = byArea.filter((row) => rows.some((each) => each.area_id === row.area_id));
    const sum = (column: "usage" | "cost" | "missing" | "estimated" | "meters") =>
      sumKnown(own.map((row) => (row[column] === null ? null : Number(row[column]))));
    children.push({
      type: "area",
      id: first.id,
      name: first.name,
      number: null,
      customer: null,
      meters: sum("meters") ?? 0,
      ...figuresOf({ usage: sum("usage"), cost: sum("cost"), missing: sum("missing"), estimated: sum("estimated") }),
    });
  }
  return children;
}

/** The meters that hang in the area itself. */
async function ownMeters(tx: Tx, scope: Scope, asked: Asked): Promise<PeriodChild[]> {
  if (asked.areaId === undefined) return [];
  const rows = await monthSums(tx, scope, asked)
    .where("meter.area_id", "=", asked.areaId)
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .select(["meter.id", "meter.label", "meter.number", "customer.name as customer_name"])
    .groupBy(["meter.id", "meter.label", "meter.number", "customer.name"])
    .orderBy("meter.label")
    .orderBy("meter.id")
    .execute();
  return rows.map((row) => ({
    type: "meter" as const,
    id: row.id,
    name: row.label,
    number: row.number,
    customer: row.customer_name,
    meters: 1,
    ...figuresOf(row),
  }));
}

/** One meter's months of a year, or days of a month; null outside the scope. */
export async function meterReport(tx: Tx, scope: Scope, meterId: number, period: string): Promise<MeterReport | null> {
  const meter = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", meterId)
    .select(["meter.label", "meter.number", "meter.kind", "meter.area_id", "customer.name as customer_name"])
    .executeTakeFirst();
  if (!meter) return null;
  const parts = period.length === 7 ? await daysOf(tx, meterId, period) : await monthsOfYear(tx, meterId, period);
  const cost = sumKnown(parts.map((part) => e4(part.cost)));
  return {
    period,
    meterId,
    label: meter.label,
    number: meter.number,
    kind: meter.kind,
    customer: meter.customer_name,
    path: await areaPath(tx, meter.area_id),
    parts,
    ...figuresOf({
      usage: sumKnown(parts.map((part) => part.usageWh)),
      cost,
      missing: parts.reduce((sum, part) => sum + part.missing, 0),
      estimated: parts.reduce((sum, part) => sum + part.estimated, 0),
    }),
  };
}

/** Yuan of the wire as an integer again. */
function e4(text: string | null): number | null {
  if (text === null) return null;
  return (text.startsWith("-") ? -1 : 1) * (parseMoney(text.replace("-", ""), 4) ?? 0);
}

async function daysOf(tx: Tx, meterId: number, month: string): Promise<MeterPart[]> {
  const rows = await dayRowsOf(tx, [meterId], { from: `${month}-01`, to: `${month}-31` });
  return [...Map.groupBy(rows, (row) => row.day)].map(([part, segments]) => ({
    part,
    segments: segments.map(segmentOf),
    corrected: segments.some((row) => row.rev > 0),
    ...figuresOf({
      usage: sumKnown(segments.map((row) => row.usage_wh)),
      cost: sumKnown(segments.map((row) => row.cost_e4)),
      missing: segments.some((row) => row.quality === "missing") ? 1 : 0,
      estimated: segments.some((row) => row.quality === "estimated") ? 1 : 0,
    }),
  }));
}

async function monthsOfYear(tx: Tx, meterId: number, year: string): Promise<MeterPart[]> {
  const rows = await tx
    .selectFrom("meter_month")
    .selectAll()
    .where("meter_id", "=", meterId)
    .where("month", ">=", `${year}-01`)
    .where("month", "<=", `${year}-12`)
    .orderBy("month")
    .execute();
  return rows.map((row) => ({
    part: row.month,
    segments: [],
    corrected: false,
    ...figuresOf({
      usage: row.usage_wh,
      cost: row.cost_e4,
      missing: row.days_missing,
      estimated: row.days_estimated,
    }),
  }));
}
