import { z } from "zod";
import { comparisons } from "#domain/compared-period.ts";
import { dayQualities, edgeSources } from "#domain/meter-day.ts";
import { slotQualities } from "#domain/meter-slots.ts";
import { tileReasons, tileStates } from "#domain/tile.ts";
import { slotMinutes } from "./export-kinds.ts";
import { pricedYuan, worthOf } from "./masked.ts";

const whole = z.number().int();
const at = z.number().int();
const optionalId = z.coerce.number().int().positive().optional();
const dayText = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const monthText = z.string().regex(/^\d{4}-\d{2}$/);
/** `2026` or `2026-08`. */
export const reportPeriod = z.string().regex(/^\d{4}(-\d{2})?$/);
export const meterKinds = ["electricity", "water"] as const;

/** What every report can be narrowed to. */
export const reportFilter = z.object({
  kind: z.enum(meterKinds).default("electricity"),
  areaId: optionalId,
  search: z.string().trim().max(64).default(""),
});
const page = {
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
};

/** Usage of a period: `usageWh` null when nothing is known; days that are not known or estimated are counted, never filled with 0. */
const figures = {
  usageWh: whole.nullable(),
  cost: pricedYuan,
  missing: whole,
  estimated: whole,
};

/** A master meter (总表): it stands in its row and counts in no sum, since the meters below it have counted the same. */
const isMaster = z.boolean();
/** Master meters of the filter, which the sums leave out. */
const masters = whole;

/** GET /api/reports/current: what each meter shows now (当前数据). */
export const currentQuery = reportFilter.extend({
  ...page,
  kind: z.enum(meterKinds).optional(),
  stale: z.enum(["true", "false"]).default("false"),
});
export const currentRow = z.object({
  meterId: whole,
  label: z.string(),
  number: z.string(),
  kind: z.enum(meterKinds),
  mode: z.enum(["prepaid", "postpaid", "public"]),
  areaName: z.string(),
  customer: z.string().nullable(),
  indexWh: whole.nullable(),
  indexAt: at,
  remainingWh: whole.nullable(),
  remainingYuan: worthOf("remainingWh"),
  remainingAt: at,
  price: pricedYuan,
  ratio: whole,
  relay: z.enum(["open", "closed"]).nullable(),
  state: z.enum(tileStates),
  reasons: z.array(z.enum(tileReasons)),
  voltageMv: whole.nullable(),
  currentMa: whole.nullable(),
  powerW: whole.nullable(),
  /** The last reading is older than two reading periods. */
  stale: z.boolean(),
});
export type CurrentRow = z.infer<typeof currentRow>;
export const currentReport = z.object({ asOf: at, items: z.array(currentRow), next: whole.nullable(), total: whole });
export type CurrentReport = z.infer<typeof currentReport>;

/** GET /api/reports/matrix: usage of each meter on each day of a month (日用量). Sums are over all meters of the filter. */
export const matrixQuery = reportFilter.extend({ ...page, month: monthText });
export const matrixRow = z.object({
  meterId: whole,
  label: z.string(),
  number: z.string(),
  areaName: z.string(),
  customer: z.string().nullable(),
  isMaster,
  /** One for each day of the month, in order; null: not closed, or not known. */
  days: z.array(whole.nullable()),
  /** Days of `days` that are estimated, by their index. */
  estimated: z.array(whole),
  sumWh: whole.nullable(),
});
export type MatrixRow = z.infer<typeof matrixRow>;
export const matrixReport = z.object({
  month: z.string(),
  days: z.array(z.string()),
  closedUpTo: z.string().nullable(),
  items: z.array(matrixRow),
  next: whole.nullable(),
  total: whole,
  masters,
  daySums: z.array(whole.nullable()),
  sumWh: whole.nullable(),
});
export type MatrixReport = z.infer<typeof matrixReport>;

/** GET /api/reports/day: each meter's indexes, ratio, usage and cost of one day (日报表); two rows where a meter was exchanged. */
export const dayQuery = reportFilter.extend({ ...page, day: dayText });
export const dayRow = z.object({
  meterId: whole,
  label: z.string(),
  number: z.string(),
  areaName: z.string(),
  customer: z.string().nullable(),
  isMaster,
  segment: whole,
  rev: whole,
  openWh: whole.nullable(),
  openAt: at.nullable(),
  openSource: z.enum(edgeSources).nullable(),
  closeWh: whole.nullable(),
  closeAt: at.nullable(),
  closeSource: z.enum(edgeSources).nullable(),
  ratio: whole,
  usageWh: whole.nullable(),
  cost: pricedYuan,
  quality: z.enum(dayQualities),
});
export type DayRow = z.infer<typeof dayRow>;
export const dayReport = z.object({
  day: z.string(),
  closedAt: at.nullable(),
  items: z.array(dayRow),
  next: whole.nullable(),
  total: whole,
  masters,
  ...figures,
});
export type DayReport = z.infer<typeof dayReport>;

/** GET /api/reports/period: a month or year of everything below an area: its own sum, and what it consists of. */
export const periodQuery = z.object({
  period: reportPeriod,
  kind: z.enum(meterKinds).default("electricity"),
  areaId: optionalId,
});
export const periodChild = z.object({
  type: z.enum(["area", "meter"]),
  id: whole,
  name: z.string(),
  number: z.string().nullable(),
  customer: z.string().nullable(),
  meters: whole,
  /** Of `meters`; a master meter has figures of its own and counts in none of those above it. */
  masters,
  ...figures,
});
export type PeriodChild = z.infer<typeof periodChild>;
export const periodReport = z.object({
  period: z.string(),
  kind: z.enum(meterKinds),
  /** From the top down to the area itself; empty for everything. */
  path: z.array(z.object({ areaId: whole, name: z.string() })),
  closedUpTo: z.string().nullable(),
  children: z.array(periodChild),
  meters: whole,
  masters,
  ...figures,
  /** The same period a year or month before; null when nothing is known of it. */
  previous: z.object({ period: z.string(), ...figures }),
});
export type PeriodReport = z.infer<typeof periodReport>;

/** GET /api/reports/meters/:id: one meter's months of a year, or days of a month. */
export const meterPeriodQuery = z.object({ period: reportPeriod });
/** The file of it, with another period beside it when it is compared. */
export const meterPeriodFileQuery = meterPeriodQuery.extend({ compare: z.enum(comparisons).optional() });
export const meterPart = z.object({
  /** `2026-08` or `2026-08-01`. */
  part: z.string(),
  segments: z.array(
    dayRow.omit({ meterId: true, label: true, number: true, areaName: true, customer: true, isMaster: true }),
  ),
  corrected: z.boolean(),
  ...figures,
});
export type MeterPart = z.infer<typeof meterPart>;
export const meterReport = z.object({
  period: z.string(),
  meterId: whole,
  label: z.string(),
  number: z.string(),
  kind: z.enum(meterKinds),
  customer: z.string().nullable(),
  path: z.array(z.object({ areaId: whole, name: z.string() })),
  parts: z.array(meterPart),
  ...figures,
});
export type MeterReport = z.infer<typeof meterReport>;

/** GET /api/reports/readings/export: every slot (时段) of some days of all meters of the filter, as a file. */
export const slotsQuery = reportFilter.extend({
  from: dayText,
  to: dayText,
  minutes: z.enum(slotMinutes).default("60"),
});

/** GET /api/reports/meters/:id/readings?day=…: the readings of a day as they count, each with the usage since the one before. */
export const readingsQuery = z.object({ day: dayText });
export const readingStep = z.object({
  at,
  indexWh: whole,
  /** `open` and `close` are the edges of the day. */
  role: z.enum(["open", "reading", "close"]),
  segment: whole,
  /** Since the row before, × ratio; null for the first of a segment. */
  usageWh: whole.nullable(),
});
export type ReadingStep = z.infer<typeof readingStep>;
export const readingsReport = z.object({
  day: z.string(),
  label: z.string(),
  number: z.string(),
  kind: z.enum(meterKinds),
  ratio: whole,
  steps: z.array(readingStep),
  usageWh: whole.nullable(),
});
export type ReadingsReport = z.infer<typeof readingsReport>;

/** GET /api/reports/meters/:id/slots: one meter's day by the hour or every few minutes (单表时段明细). */
export const meterSlotsQuery = z.object({ day: dayText, minutes: z.enum(slotMinutes).default("60") });
/** The file of it: of the whole day or one hour, with another day beside it when it is compared. */
export const meterSlotsFileQuery = meterSlotsQuery.extend({
  hour: z.coerce.number().int().min(0).max(23).optional(),
  compare: z.enum(comparisons).optional(),
});
export const slotPart = z.object({
  from: at,
  to: at,
  /** Slots that it covers; more than one: nothing was read between them, and the usage is of all of them together. */
  slots: whole,
  segment: whole,
  ratio: whole,
  openWh: whole.nullable(),
  openAt: at.nullable(),
  openSource: z.enum(edgeSources).nullable(),
  closeWh: whole.nullable(),
  closeAt: at.nullable(),
  closeSource: z.enum(edgeSources).nullable(),
  /** Null: not known, never 0 for want of data. */
  usageWh: whole.nullable(),
  /** What was charged for just this usage; null where it was charged in one with another, or nobody is charged. */
  cost: pricedYuan,
  quality: z.enum(slotQualities),
});
export type SlotPartView = z.infer<typeof slotPart>;
export const meterSlots = z.object({
  day: z.string(),
  minutes: whole,
  meterId: whole,
  label: z.string(),
  number: z.string(),
  kind: z.enum(meterKinds),
  customer: z.string().nullable(),
  path: z.array(z.object({ areaId: whole, name: z.string() })),
  /** When the day was closed, or closed again; null: not yet, and there are no parts. */
  madeAt: at.nullable(),
  items: z.array(slotPart),
  usageWh: whole.nullable(),
  cost: pricedYuan,
  /** Slots of which nothing is known by themselves. */
  missing: whole,
});
export type MeterSlots = z.infer<typeof meterSlots>;

/**
 * GET /api/reports/meters/:id/curve: voltage, current and power of one meter on a day, as it showed them (电压/电流/功率). One value each:
 * of the first phase that the meter tells. Null: not told at that time.
 */
export const curveQuery = z.object({ day: dayText });
export const curvePoint = z.object({
  at,
  voltageMv: whole.nullable(),
  currentMa: whole.nullable(),
  powerW: whole.nullable(),
});
export const meterCurve = z.object({ day: z.string(), items: z.array(curvePoint) });
export type MeterCurve = z.infer<typeof meterCurve>;
