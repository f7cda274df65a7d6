import { type Day, dayOf, endOfDay, HOUR_MS, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { ReadingStep } from "#contract/reports.ts";
import { type IndexPoint, runsOn } from "#domain/meter-day.ts";
import { type SlotLine, slotsOfDay } from "#domain/meter-slots.ts";
import type { Scope } from "#domain/permission.ts";
import { usedBetween } from "#domain/settlement.ts";
import type { Tx } from "./db.ts";
import { pointsOfMeters } from "./index-line.ts";
import { dayRowsOf, pageOfMeters, type ReportPage } from "./report-days.ts";
import type { ReportFilter } from "./report-filter.ts";
import type { MeterDayTable } from "./schema-days.ts";

/** The readings of a closed day as they count, from edge to edge of each of its segments, each with what was used since the one before. */
export function stepsOfDay(day: Day, segments: readonly MeterDayTable[], points: readonly IndexPoint[]): ReadingStep[] {
  return segments.flatMap((row) => {
    const own: ReadingStep[] = [];
    if (row.open_wh !== null && row.open_at !== null) {
      own.push({ at: row.open_at, indexWh: row.open_wh, role: "open", segment: row.segment, usageWh: null });
    }
    for (const point of points) {
      const last = own.at(-1);
      const inside = point.at > (row.open_at ?? startOfDay(day)) && point.at < (row.close_at ?? endOfDay(day));
      const onLine =
        (last === undefined || runsOn(last.indexWh, point.indexWh)) &&
        (row.close_wh === null || runsOn(point.indexWh, row.close_wh));
      if (!inside || !onLine) continue;
      own.push({ at: point.at, indexWh: point.indexWh, role: "reading", segment: row.segment, usageWh: null });
    }
    if (row.close_wh !== null && row.close_at !== null) {
      own.push({ at: row.close_at, indexWh: row.close_wh, role: "close", segment: row.segment, usageWh: null });
    }
    own.forEach((step, i) => {
      const last = own[i - 1];
      if (last !== undefined) step.usageWh = usedBetween(last.indexWh, step.indexWh) * row.ratio;
    });
    return own;
  });
}

/**
 * One slot (时段) of a meter: the reading at its end, and what was used since the last reading at the end of a slot before it, × ratio. Null:
 * there was none. See {@link slotsOfDay}.
 */
export type SlotRow = {
  label: string;
  number: string;
  areaName: string;
  customer: string | null;
  /** A master meter counts in no sum. */
  isMaster: boolean;
  from: number;
  to: number;
  readAt: number | null;
  indexWh: number | null;
  ratio: number | null;
  usageWh: number | null;
};

/** Meters × days whose readings are held at once: some thousand readings, a few milliseconds of unpacking. */
const METER_DAYS_AT_ONCE = 60;

type SlotFilter = ReportFilter & ReportPage & { days: readonly Day[]; minutes: number };

/**
 * Some meters with every slot of some days, by meter and time. The slots of a day add up to the usage of its report: where nobody read the end
 * of a slot, its usage stands in the next one whose end was read.
 */
export async function slotRows(
  tx: Tx,
  scope: Scope,
  filter: SlotFilter,
): Promise<{ items: SlotRow[]; next: number | null }> {
  const { days, minutes } = filter;
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return { items: [], next: null };
  const limit = Math.max(1, Math.floor(METER_DAYS_AT_ONCE / days.length));
  const { meters, next } = await pageOfMeters(tx, scope, { ...filter, limit });
  const ids = meters.map((meter) => meter.id);
  const byMeter = Map.groupBy(await dayRowsOf(tx, ids, { from: first, to: last }), (row) => row.meter_id);
  const points = await pointsOfMeters(tx, ids, startOfDay(first), endOfDay(last));
  const items = meters.flatMap((meter) => {
    const named = {
      ...{ label: meter.label, number: meter.number, areaName: meter.area_name, customer: meter.customer_name },
      isMaster: meter.isMaster,
    };
    const segments = Map.groupBy(byMeter.get(meter.id) ?? [], (row) => row.day as Day);
    const read = Map.groupBy(points.get(meter.id) ?? [], (point) => dayOf(point.at));
    return days.flatMap((day) =>
      slotsOf(day, minutes, segments.get(day) ?? [], read.get(day) ?? []).map((slot) => ({ ...named, ...slot })),
    );
  });
  return { items, next };
}

/** How many slots a day has. */
export function slotsPerDay(minutes: number): number {
  return (24 * HOUR_MS) / (minutes * MINUTE_MS);
}

type Slot = Omit<SlotRow, "label" | "number" | "areaName" | "customer" | "isMaster">;

/** The lines of indexes of a closed day with the readings on each of them. */
export function linesOfDay(day: Day, rows: readonly MeterDayTable[], points: readonly IndexPoint[]): SlotLine[] {
  const steps = stepsOfDay(day, rows, points);
  return rows.map((row) => ({
    segment: row.segment,
    ratio: row.ratio,
    open: edge(row.open_wh, row.open_at, row.open_source),
    close: edge(row.close_wh, row.close_at, row.close_source),
    points: steps
      .filter((step) => step.role === "reading" && step.segment === row.segment)
      .map((step) => ({ at: instant(step.at), indexWh: step.indexWh })),
  }));
}

function edge(indexWh: number | null, at: number | null, source: MeterDayTable["open_source"]) {
  return indexWh === null || at === null || source === null ? null : { indexWh, at: instant(at), source };
}

/** Every slot of a day in a row of its own: what several of them used together stands in the last of these. */
function slotsOf(day: Day, minutes: number, rows: readonly MeterDayTable[], points: readonly IndexPoint[]): Slot[] {
  const [start, length] = [startOfDay(day), minutes * MINUTE_MS];
  const slots = Array.from({ length: slotsPerDay(minutes) }, (_, i): Slot => {
    const [from, to] = [instant(start + i * length), instant(start + (i + 1) * length)];
    return { from, to, readAt: null, indexWh: null, ratio: null, usageWh: null };
  });
  for (const part of slotsOfDay(day, minutes, linesOfDay(day, rows, points))) {
    const slot = slots[Math.ceil((part.to - start) / length) - 1];
    if (slot === undefined || part.close === null) continue;
    slot.readAt = part.close.at;
    slot.indexWh = part.close.indexWh;
    slot.ratio = part.ratio;
    if (part.usageWh !== null) slot.usageWh = (slot.usageWh ?? 0) + part.usageWh;
  }
  return slots;
}
