import { z } from "zod";
import { missingReasons } from "#domain/completeness.ts";
import { reportFilter } from "./reports.ts";

const whole = z.number().int();
const dayText = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

/** GET /api/reports/completeness: how many daily freezes (日冻结) are there, for each of seven days up to `day`, by concentrator. */
export const completenessQuery = reportFilter.extend({ kind: reportFilter.shape.kind, day: dayText });

/** One day: freezes that ought to be there, that are, and of these the ones of a clock that was wrong. */
const dayHeld = z.object({ expected: whole, held: whole, drifted: whole });
export const completenessRow = z.object({
  concentratorId: whole,
  code: z.string(),
  name: z.string(),
  online: z.boolean(),
  /** Meters of models that freeze no days: not expected of them. */
  without: whole,
  days: z.array(dayHeld),
});
export const completenessReport = z.object({
  asOf: whole,
  /** The days of the columns, the latest first. */
  days: z.array(z.string()),
  items: z.array(completenessRow),
  sum: z.array(dayHeld),
});
export type CompletenessReport = z.infer<typeof completenessReport>;
export type CompletenessRow = z.infer<typeof completenessRow>;
export type DayHeld = z.infer<typeof dayHeld>;

/** GET /api/reports/completeness/missing: the meters whose freeze of a day is not there, and why. */
export const missingQuery = completenessQuery.extend({
  concentratorId: z.coerce.number().int().positive().optional(),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const missingRow = z.object({
  meterId: whole,
  label: z.string(),
  number: z.string(),
  areaName: z.string(),
  customer: z.string().nullable(),
  concentrator: z.string(),
  why: z.enum(missingReasons),
  /** When it last answered; 0 never. */
  lastAnswerAt: whole,
  /** When it is asked again at the earliest; 0 as soon as the bus is free. */
  nextAt: whole,
  /** Of the 31 days up to this one: how many ought to be there, and are. */
  expected: whole,
  held: whole,
});
export const missingReport = z.object({
  asOf: whole,
  items: z.array(missingRow),
  next: whole.nullable(),
  total: whole,
});
export type MissingReport = z.infer<typeof missingReport>;
export type MissingRow = z.infer<typeof missingRow>;
