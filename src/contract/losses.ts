import { z } from "zod";
import { masterPlaces } from "#domain/loss.ts";
import { meterKinds } from "./reports.ts";

const whole = z.number().int();

/** `2026`, `2026-08` or `2026-08-01`. */
export const lossPeriod = z.string().regex(/^\d{4}(-\d{2}(-\d{2})?)?$/);
const asked = { period: lossPeriod, kind: z.enum(meterKinds).default("electricity") };

/** GET /api/reports/losses: master − Σ sub of every box and area with a master meter (线损), the worst first. */
export const lossQuery = z.object({
  ...asked,
  areaId: z.coerce.number().int().positive().optional(),
  search: z.string().trim().max(64).default(""),
  sort: z.enum(["percent", "wh"]).default("percent"),
  /** `negative`: more came out than went in. `incomplete`: some day is not known of every meter. */
  only: z.enum(["all", "negative", "incomplete"]).default("all"),
  /** So many rows are left out. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** Over the days on which every meter has a value; null when there is none. `lossBp`: 1/100 per cent of what came in. */
const figures = {
  days: whole,
  daysIncomplete: whole,
  masterWh: whole.nullable(),
  subsWh: whole.nullable(),
  lossWh: whole.nullable(),
  lossBp: whole.nullable(),
};
export const lossRow = z.object({
  type: z.enum(masterPlaces),
  id: whole,
  name: z.string(),
  /** The areas above it, from the top down, by name. */
  path: z.array(z.string()),
  masters: whole,
  subs: whole,
  /** Meters of which a day is missing. */
  metersMissing: whole,
  ...figures,
});
export type LossRow = z.infer<typeof lossRow>;
export const lossReport = z.object({
  period: z.string(),
  kind: z.enum(meterKinds),
  closedUpTo: z.string().nullable(),
  items: z.array(lossRow),
  next: whole.nullable(),
  total: whole,
  /** Of all rows of the filter. Each place tells of its own stretch of line, so losses add up. */
  lossWh: whole.nullable(),
  negative: whole,
  incomplete: whole,
  unknown: whole,
  /** Places with a master meter that one sees, of which not every meter is one's own to see: nothing is told of them. */
  hidden: whole,
});
export type LossReport = z.infer<typeof lossReport>;

/** GET /api/reports/losses/:type/:id: one place, its meters, and the difference by part of the period. */
export const lossPlaceQuery = z.object(asked);
export const lossPlaceParams = z.object({ type: z.enum(masterPlaces), id: z.coerce.number().int().positive() });
export const lossMeter = z.object({
  meterId: whole,
  label: z.string(),
  number: z.string(),
  role: z.enum(["master", "sub"]),
  /** A sub meter that is itself the master meter of a place. */
  opens: z.object({ type: z.enum(masterPlaces), id: whole }).nullable(),
  /** Over the same days as the difference. */
  usageWh: whole.nullable(),
  /** Days of the period that are not known of it. */
  missing: z.array(z.string()),
});
export type LossMeterLine = z.infer<typeof lossMeter>;
export const lossPart = z.object({ part: z.string(), ...figures });
export type LossPart = z.infer<typeof lossPart>;
export const lossPlace = lossRow.extend({
  period: z.string(),
  kind: z.enum(meterKinds),
  closedUpTo: z.string().nullable(),
  meters: z.array(lossMeter),
  /** Days of a day or month, months of a year. */
  parts: z.array(lossPart),
});
export type LossPlace = z.infer<typeof lossPlace>;
