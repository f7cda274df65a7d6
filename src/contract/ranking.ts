import { z } from "zod";
import { rankedBy } from "#domain/ranking.ts";
import { meterKinds } from "./reports.ts";

const whole = z.number().int();
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

/** GET /api/reports/ranking: who used most from a day to a day, both included (用量排行). */
export const rankingQuery = z.object({
  from: day,
  to: day,
  kind: z.enum(meterKinds).default("electricity"),
  by: z.enum(rankedBy).default("meter"),
  order: z.enum(["most", "least"]).default("most"),
  areaId: z.coerce.number().int().positive().optional(),
  search: z.string().trim().max(64).default(""),
  /** So many rows are left out. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const rankingRow = z.object({
  /** Of the meter, room, customer or area; null: the meters that hang in no room, or belong to nobody. */
  id: whole.nullable(),
  name: z.string().nullable(),
  /** What tells it from others of its name: a meter's number, a customer's, the area of a room. */
  detail: z.string(),
  meters: whole,
  /** From 1, equal ones side by side; null where nothing is known. */
  rank: whole.nullable(),
  /** Wh or litres; null when no day is known. */
  usageWh: whole.nullable(),
  /** 1/100 per cent of all that is known. */
  shareBp: whole.nullable(),
  /** Meter days that are closed and not known; of a day in two segments one may be known, which whole months count as missing. */
  missing: whole,
  beforeWh: whole.nullable(),
  /** Against the days before, 1/100 per cent; null when they are not known, or nothing was used then. */
  changeBp: whole.nullable(),
});
export type RankingRow = z.infer<typeof rankingRow>;

export const rankingReport = z.object({
  from: z.string(),
  to: z.string(),
  /** The days that it is compared with. */
  before: z.object({ from: z.string(), to: z.string() }),
  kind: z.enum(meterKinds),
  by: z.enum(rankedBy),
  closedUpTo: z.string().nullable(),
  items: z.array(rankingRow),
  next: whole.nullable(),
  total: whole,
  /** Master meters of the filter, which are in no row. */
  masters: whole,
  usageWh: whole.nullable(),
  beforeWh: whole.nullable(),
});
export type RankingReport = z.infer<typeof rankingReport>;
