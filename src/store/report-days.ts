import { type Day, daysOfMonth, type Month } from "#base/time.ts";
import { formatMoney, money, PER_UNIT, price, proportion } from "#base/units.ts";
import type { CurrentReport, CurrentRow, DayReport, DayRow, MatrixReport, MatrixRow } from "#contract/reports.ts";
import { isMasterMeter } from "#domain/loss.ts";
import type { Scope } from "#domain/permission.ts";
import { tileState } from "#domain/tile.ts";
import { waits } from "./alarms.ts";
import { factsOf } from "./board.ts";
import { lastClosedDay } from "./days.ts";
import type { Tx } from "./db.ts";
import { DAY_COLUMNS } from "./month-days.ts";
import {
  bareReportMeters,
  countMastersToo,
  countReportMeters,
  countsInSums,
  type ReportFilter,
  reportMeters,
} from "./report-filter.ts";
import type { MeterDayTable } from "./schema-days.ts";

/** Which rows of a list: those after a meter. */
export type ReportPage = { after: number; limit: number };

/** Twice the reading period that collectors start with: older than this a reading is told to be old. */
const STALE_AFTER_MS = 30 * 60_000;

/** What each meter shows now, in the order of the meters. */
export async function currentReport(tx: Tx, scope: Scope, filter: CurrentFilter): Promise<CurrentReport> {
  return {
    asOf: filter.now,
    ...(await currentRows(tx, scope, filter)),
    total: await countReportMeters(tx, scope, filter),
  };
}

type CurrentFilter = ReportFilter & ReportPage & { staleOnly: boolean; now: number };
/** Some rows of a list; `next`: the last meter of them when more follow. */
type Rows<Row> = { items: Row[]; next: number | null };

/** One page of {@link currentReport} by itself. */
export async function currentRows(tx: Tx, scope: Scope, filter: CurrentFilter): Promise<Rows<CurrentRow>> {
  const rows = await reportMeters(tx, scope, filter)
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("ledger_account as balance", (join) =>
      join.on("balance.kind", "=", "balance").onRef("balance.ref_id", "=", "account.id"),
    )
    .where("meter.id", ">", filter.after)
    .$if(filter.staleOnly, (query) => query.where("meter_state.index_at", "<", filter.now - STALE_AFTER_MS))
    .selectAll("meter_state")
    .select([
      "meter.id",
      "meter.label",
      "meter.number",
      "meter.kind",
      "meter.mode",
      "meter.price_e4",
      "meter.ratio",
      "area.name as area_name",
      "customer.name as customer_name",
      "account.credit_at",
      "balance.balance_e4",
      "concentrator.online",
    ])
    .select((eb) => waits(eb, "static"))
    .orderBy("meter.id")
    .limit(filter.limit + 1)
    .execute();
  const shown = rows.slice(0, filter.limit);
  return {
    items: shown.map((row): CurrentRow => {
      const { state, reasons } = tileState(factsOf(row));
      return {
        meterId: row.id,
        label: row.label,
        number: row.number,
        kind: row.kind,
        mode: row.mode,
        areaName: row.area_name,
        customer: row.customer_name,
        indexWh: row.index_wh,
        indexAt: row.index_at,
        remainingWh: row.remaining_wh,
        remainingYuan: remainingYuan(row),
        remainingAt: row.remaining_at,
        price: formatMoney(price(row.price_e4)),
        ratio: row.ratio,
        relay: row.relay,
        state,
        reasons,
        voltageMv: row.voltage_mv,
        currentMa: row.current_ma,
        powerW: row.power_w,
        stale: row.index_at < filter.now - STALE_AFTER_MS,
      };
    }),
    next: rows.length > filter.limit ? (shown.at(-1)?.id ?? null) : null,
  };
}

type Worth = { credit_at: string | null; balance_e4: number | null; remaining_wh: number | null; price_e4: number };

/** Money on the server is exact; credit in a meter is shown at today's price. */
function remainingYuan(row: Worth): string | null {
  if (row.credit_at === "server") return formatMoney(money(row.balance_e4 ?? 0));
  if (row.remaining_wh === null) return null;
  return formatMoney(proportion(money(price(row.price_e4)), row.remaining_wh, PER_UNIT));
}

/** Some meters of a report as its lists name them, and whether more follow. */
export async function pageOfMeters(tx: Tx, scope: Scope, filter: ReportFilter & ReportPage) {
  const rows = await reportMeters(tx, scope, filter)
    .where("meter.id", ">", filter.after)
    .select(["meter.id", "meter.label", "meter.number", "area.name as area_name", "customer.name as customer_name"])
    .select(["meter.master_of", "meter.box_id"])
    .orderBy("meter.id")
    .limit(filter.limit + 1)
    .execute();
  const meters = rows.slice(0, filter.limit).map(({ master_of, box_id, ...meter }) => {
    return { ...meter, isMaster: isMasterMeter({ masterOf: master_of, boxId: box_id }) };
  });
  return { meters, next: rows.length > filter.limit ? (meters.at(-1)?.id ?? null) : null };
}

/** The rows that count of some meters between two days. */
export async function dayRowsOf(
  tx: Tx,
  meterIds: readonly number[],
  days: { from: string; to: string },
): Promise<MeterDayTable[]> {
  if (meterIds.length === 0) return [];
  return tx
    .selectFrom("meter_day")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .where("day", ">=", days.from)
    .where("day", "<=", days.to)
    .where("latest", "=", 1)
    .orderBy("meter_id")
    .orderBy("day")
    .orderBy("segment")
    .execute();
}

type MatrixFilter = ReportFilter & ReportPage & { month: Month };

/** Usage of each meter on each day of a month; the sums are over all meters of the filter but the master meters. */
export async function matrixReport(tx: Tx, scope: Scope, filter: MatrixFilter): Promise<MatrixReport> {
  const days = daysOfMonth(filter.month);
  const sums = await bareReportMeters(tx, scope, filter)
    .innerJoin("month_days", "month_days.meter_id", "meter.id")
    .where("month_days.month", "=", filter.month)
    .where(countsInSums)
    .select((eb) => DAY_COLUMNS.map((column) => eb.fn.sum<number | null>(`month_days.${column}`).as(column)))
    .executeTakeFirst();
  const daySums = DAY_COLUMNS.slice(0, days.length).map((column) => {
    const sum = sums?.[column] ?? null;
    return sum === null ? null : Number(sum);
  });
  return {
    month: filter.month,
    days,
    closedUpTo: await lastClosedDay(tx),
    ...(await matrixRows(tx, scope, filter)),
    ...(await countMastersToo(tx, scope, filter)),
    daySums,
    sumWh: sumKnown(daySums),
  };
}

/** One page of {@link matrixReport} by itself. */
export async function matrixRows(tx: Tx, scope: Scope, filter: MatrixFilter): Promise<Rows<MatrixRow>> {
  const days = daysOfMonth(filter.month);
  const { meters, next } = await pageOfMeters(tx, scope, filter);
  const rows = await dayRowsOf(
    tx,
    meters.map((meter) => meter.id),
    { from: days[0] ?? "", to: days.at(-1) ?? "" },
  );
  const byMeter = Map.groupBy(rows, (row) => row.meter_id);
  return {
    items: meters.map((meter): MatrixRow => {
      const own = Map.groupBy(byMeter.get(meter.id) ?? [], (row) => row.day as Day);
      const usages = days.map((day) => usageOf(own.get(day)));
      return {
        meterId: meter.id,
        label: meter.label,
        number: meter.number,
        areaName: meter.area_name,
        customer: meter.customer_name,
        isMaster: meter.isMaster,
        days: usages,
        estimated: days.flatMap((day, i) => (own.get(day)?.some((row) => row.quality === "estimated") ? [i] : [])),
        sumWh: sumKnown(usages),
      };
    }),
    next,
  };
}

/** A day's segments together; what is known of one counts even where the other is not, as in every sum. */
function usageOf(rows: readonly MeterDayTable[] | undefined): number | null {
  return sumKnown((rows ?? []).map((row) => row.usage_wh));
}

/** The sum of what is known; null when nothing is. */
export function sumKnown(list: readonly (number | null)[]): number | null {
  const known = list.filter((each) => each !== null);
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
}

type DayFilter = ReportFilter & ReportPage & { day: Day };

/** One page of {@link dayReport} by itself. */
export async function dayRows(tx: Tx, scope: Scope, filter: DayFilter): Promise<Rows<DayRow>> {
  const { meters, next } = await pageOfMeters(tx, scope, filter);
  const named = new Map(meters.map((meter) => [meter.id, meter]));
  const rows = await dayRowsOf(tx, [...named.keys()], { from: filter.day, to: filter.day });
  return {
    items: rows.map((row): DayRow => {
      const meter = named.get(row.meter_id);
      return {
        meterId: row.meter_id,
        label: meter?.label ?? "",
        number: meter?.number ?? "",
        areaName: meter?.area_name ?? "",
        customer: meter?.customer_name ?? null,
        isMaster: meter?.isMaster ?? false,
        ...segmentOf(row),
      };
    }),
    next,
  };
}

/** Indexes, ratio, usage and cost of each meter on one day; the figures are over all meters of the filter but the master meters. */
export async function dayReport(tx: Tx, scope: Scope, filter: DayFilter): Promise<DayReport> {
  const closed = await tx.selectFrom("day_close").select("closed_at").where("day", "=", filter.day).executeTakeFirst();
  const sums = await bareReportMeters(tx, scope, filter)
    .innerJoin("meter_day", "meter_day.meter_id", "meter.id")
    .where("meter_day.latest", "=", 1)
    .where("meter_day.day", "=", filter.day)
    .where(countsInSums)
    .select((eb) => [
      eb.fn.sum<number | null>("meter_day.usage_wh").as("usage"),
      eb.fn.sum<number | null>("meter_day.cost_e4").as("cost"),
      eb.fn.sum<number | null>(eb.case().when("meter_day.quality", "=", "missing").then(1).else(0).end()).as("missing"),
      eb.fn
        .sum<number | null>(eb.case().when("meter_day.quality", "=", "estimated").then(1).else(0).end())
        .as("estimated"),
    ])
    .executeTakeFirst();
  return {
    day: filter.day,
    closedAt: closed?.closed_at ?? null,
    ...(await dayRows(tx, scope, filter)),
    ...(await countMastersToo(tx, scope, filter)),
    ...figuresOf(sums),
  };
}

/** One segment of a day as it goes over the wire. */
export function segmentOf(row: MeterDayTable) {
  return {
    segment: row.segment,
    rev: row.rev,
    openWh: row.open_wh,
    openAt: row.open_at,
    openSource: row.open_source,
    closeWh: row.close_wh,
    closeAt: row.close_at,
    closeSource: row.close_source,
    ratio: row.ratio,
    usageWh: row.usage_wh,
    cost: row.cost_e4 === null ? null : formatMoney(money(row.cost_e4)),
    quality: row.quality,
  };
}

type Sums = { usage: unknown; cost: unknown; missing: unknown; estimated: unknown };

/** Sums of a query as figures of a report: null where nothing is known. */
export function figuresOf(sums: Sums | undefined) {
  const usage = sums?.usage ?? null;
  const cost = sums?.cost ?? null;
  return {
    usageWh: usage === null ? null : Number(usage),
    cost: cost === null ? null : formatMoney(money(Number(cost))),
    missing: Number(sums?.missing ?? 0),
    estimated: Number(sums?.estimated ?? 0),
  };
}
