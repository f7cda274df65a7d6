import { z } from "zod";
import { verdicts } from "#domain/reading.ts";

const at = z.number().int();
const wh = z.number().int();

/** What a person can decide about a reading. */
export const readingDecisions = ["accept", "reject", "correct", "restart"] as const;
export type ReadingDecision = (typeof readingDecisions)[number];

/** One reading of a total index as it is stored, and what was decided about it. Times are epoch ms, indexes Wh or litres. */
export const readingRow = z.object({
  measuredAt: at,
  receivedAt: at,
  valueWh: wh,
  frozen: z.boolean(),
  verdict: z.enum(verdicts),
  decision: z.enum(readingDecisions).nullable(),
  /** What counts; null when the reading counts for nothing. */
  countsWh: wh.nullable(),
  reason: z.string().nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: at.nullable(),
});
export type ReadingRow = z.infer<typeof readingRow>;

/** A meter whose last reading is doubted, as a row of the page 存疑读数. */
export const doubtRow = z.object({
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  kind: z.enum(["electricity", "water"]),
  areaName: z.string(),
  customer: z.string().nullable(),
  /** The last good index. */
  goodWh: wh.nullable(),
  goodAt: at,
  suspectWh: wh,
  suspectAt: at,
  verdict: z.enum(["jump", "backwards"]),
  /** Since when, and how many readings wait. */
  since: at,
  waiting: z.number().int(),
});
export type DoubtRow = z.infer<typeof doubtRow>;
/** GET /api/doubts: every doubted meter in my scope, the longest waiting first. */
export const doubts = z.object({ items: z.array(doubtRow) });

/** GET /api/doubts/:id: the evidence for one meter: good readings of before, and everything since. */
export const doubtEvidence = z.object({
  doubt: doubtRow.nullable(),
  label: z.string(),
  number: z.string(),
  kind: z.enum(["electricity", "water"]),
  ratio: z.number().int(),
  /** The most that it can draw in an hour. */
  hourMaxWh: wh,
  settledWh: wh.nullable(),
  readings: z.array(readingRow),
});
export type DoubtEvidence = z.infer<typeof doubtEvidence>;

/**
 * POST /api/meters/:id/corrections. `value` in units with up to three places: for `correct` what it should have been (also where there was
 * no reading at that time), for the others left out.
 */
export const correctionRequest = z.object({
  key: z.string().regex(/^[\w-]{8,64}$/),
  measuredAt: at,
  decision: z.enum(readingDecisions),
  value: z.string().max(20).nullable().default(null),
  reason: z.string().trim().min(1).max(200),
});
export type CorrectionRequest = z.infer<typeof correctionRequest>;
/** What it came to: the index that counts now, and how much too much had been charged (booked back). */
export const correctionAnswer = z.object({ indexWh: wh.nullable(), takenBackWh: wh });
