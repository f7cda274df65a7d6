import { addMonths, type Month } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { MeterPart, MeterReport, PeriodChild, PeriodReport } from "#contract/reports.ts";
import { isMasterMeter } from "#domain/loss.ts";
import type { Scope } from "#domain/permission.ts";
import { lastClosedDay } from "./days.ts";
import type { Tx } from "./db.ts";
import { dayRowsOf, figuresOf, segmentOf, sumKnown } from "./report-days.ts";
import { areaPath, bareReportMeters, countsInSums, mastersOf, reportMeters } from "./report-filter.ts";
import type { MeterKind } from "./schema-archive.ts";

type Asked = { period: string; kind: MeterKind; areaId?: number | undefined };

/** What a month or year of everything below an area consists of, master meters in no sum; null when there is no such area within the scope. */
export async function periodReport(tx: Tx, scope: Scope, asked: Asked): Promise<PeriodReport | null> {
  const path = asked.areaId === undefined ? [] : await areaPath(tx, asked.areaId);
  if (asked.areaId !== undefined && path.length === 0) return null;
  const byArea = await sumsByArea(tx, scope, asked);
  if (asked.areaId !== undefined && byArea.length === 0) return null;
  const children = [...(await childAreas(tx, asked, byArea)), ...(await ownMeters(tx, scope, asked))];
  const before = previousPeriod(asked.period);
  const previous = await monthSums(tx, scope, { ...asked, period: before })
    .where(countsInSums)
    .executeTakeFirst();
  return {
    period: asked.period,
    kind: asked.kind,
    path,
    closedUpTo: await lastClosedDay(tx),
    children,
    meters: children.reduce((sum, child) => sum + child.meters, 0),
    masters: children.reduce((sum, child) => sum + child.masters, 0),
    ...figuresOf(together(byArea)),
    previous: { period: before, ...figuresOf(previous) },
  };
}

/** The months of `2026` or of `2026-08`. */
function monthsOf(period: string): { from: string; to: string } {
  return period.length === 7 ? { from: period, to: period } : { from: `${period}-01`, to: `${period}-12` };
}

function previousPeriod(period: string): string {
  return period.length === 7 ? addMonths(period as Month, -1) : String(Number(period) - 1);
}

type Sums = { usage: number | null; cost: number | null; missing: number | null; estimated: number | null };
type AreaSums = Sums & { area_id: number; meters: number; masters: number };

/** Sums of the meter months that lie in the period. */
function monthSums(tx: Tx, scope: Scope, { period, kind, areaId }: Asked) {
  const { from, to } = monthsOf(period);
  return bareReportMeters(tx, scope, { kind, areaId, search: "" })
    .innerJoin("meter_month", "meter_month.meter_id", "meter.id")
    .$call((query) =>
      from === to
        ? query.where("meter_month.month", "=", from)
        : query.where("meter_month.month", ">=", from).where("meter_month.month", "<=", to),
    )
    .select((eb) => [
      eb.fn.sum<number | null>("meter_month.usage_wh").as("usage"),
      eb.fn.sum<number | null>("meter_month.cost_e4").as("cost"),
      eb.fn.sum<number | null>("meter_month.days_missing").as("missing"),
      eb.fn.sum<number | null>("meter_month.days_estimated").as("estimated"),
    ]);
}

const NOTHING: Sums = { usage: null, cost: null, missing: null, estimated: null };

function numbers(row: { [K in keyof Sums]: unknown }): Sums {
  const number = (value: unknown) => (value === null ? null : Number(value));
  return {
    usage: number(row.usage),
    cost: number(row.cost),
    missing: number(row.missing),
    estimated: number(row.estimated),
  };
}

function together(rows: readonly Sums[]): Sums {
  return {
    usage: sumKnown(rows.map((row) => row.usage)),
    cost: sumKnown(rows.map((row) => row.cost)),
    missing: sumKnown(rows.map((row) => row.missing)),
    estimated: sumKnown(rows.map((row) => row.estimated)),
  };
}

/** Every area in which meters of the filter hang, with or without figures. */
async function sumsByArea(tx: Tx, scope: Scope, asked: Asked): Promise<AreaSums[]> {
  const areas = await bareReportMeters(tx, scope, { kind: asked.kind, areaId: asked.areaId, search: "" })
    .select((eb) => ["meter.area_id", eb.fn.countAll<number>().as("meters"), mastersOf(eb).as("masters")])
    .groupBy("meter.area_id")
    .execute();
  const sums = await monthSums(tx, scope, asked)
    .where(countsInSums)
    .select("meter.area_id")
    .groupBy("meter.area_id")
    .execute();
  const known = new Map(sums.map((row) => [row.area_id, numbers(row)]));
  return areas.map(({ area_id, meters, masters }) => ({
    ...(known.get(area_id) ?? NOTHING),
    area_id,
    meters: Number(meters),
    masters: Number(masters ?? 0),
  }));
}

/** The areas right below, each with all below it. */
async function childAreas(tx: Tx, { areaId }: Asked, byArea: readonly AreaSums[]): Promise<PeriodChild[]> {
  if (byArea.length === 0) return [];
  const known = new Map(byArea.map((row) => [row.area_id, row]));
  const under = await tx
    .selectFrom("area")
    .innerJoin("area_ancestor", "area_ancestor.ancestor_id", "area.id")
    .where("area_ancestor.area_id", "in", [...known.keys()])
    .where("area.parent_id", areaId === undefined ? "is" : "=", areaId ?? null)
    .select(["area.id", "area.name", "area_ancestor.area_id"])
    .orderBy("area.sort")
    .orderBy("area.id")
    .execute();
  return [...Map.groupBy(under, (row) => row.id)].map(([id, rows]) => {
    const own = rows.map((row) => known.get(row.area_id)).filter((row) => row !== undefined);
    return {
      type: "area",
      id,
      name: rows[0]?.name ?? "",
      number: null,
      customer: null,
      meters: own.reduce((sum, row) => sum + row.meters, 0),
      masters: own.reduce((sum, row) => sum + row.masters, 0),
      ...figuresOf(together(own)),
    };
  });
}

/** The meters that hang in the area itself. */
async function ownMeters(tx: Tx, scope: Scope, asked: Asked): Promise<PeriodChild[]> {
  const { kind, areaId } = asked;
  if (areaId === undefined) return [];
  const meters = await reportMeters(tx, scope, { kind, search: "" })
    .where("meter.area_id", "=", areaId)
    .select(["meter.id", "meter.label", "meter.number", "customer.name as customer_name"])
    .select(["meter.master_of", "meter.box_id"])
    .orderBy("meter.label")
    .orderBy("meter.id")
    .execute();
  const sums = await monthSums(tx, scope, { ...asked, areaId: undefined })
    .where("meter.area_id", "=", areaId)
    .select("meter.id")
    .groupBy("meter.id")
    .execute();
  const known = new Map(sums.map((row) => [row.id, row]));
  return meters.map((row) => ({
    type: "meter" as const,
    id: row.id,
    name: row.label,
    number: row.number,
    customer: row.customer_name,
    meters: 1,
    masters: isMasterMeter({ masterOf: row.master_of, boxId: row.box_id }) ? 1 : 0,
    ...figuresOf(known.get(row.id)),
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
