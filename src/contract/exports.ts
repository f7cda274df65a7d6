import { z } from "zod";
import { type ExportReport, exportReports } from "./export-kinds.ts";

const reportNames = Object.keys(exportReports) as ExportReport[];

/** Life of a job: `waiting` → `running` → `done` → `expired`; or `failed`, or `cancelled` by whoever asked. */
export const exportStates = ["waiting", "running", "done", "failed", "cancelled", "expired"] as const;
export type ExportState = (typeof exportStates)[number];

const whole = z.number().int();
const at = z.number().int();

/** POST /api/exports. `key` identifies this one wish for ever; `filter` is the query of the report as it stands in its address. */
export const exportRequest = z.object({
  key: z.string().regex(/^[\w-]{8,64}$/),
  report: z.enum(reportNames as [ExportReport, ...ExportReport[]]),
  filter: z
    .record(z.string().max(32), z.string().max(200))
    .refine((filter) => Object.keys(filter).length <= 20, "too many filters"),
  language: z.enum(["zh-CN", "en"]).default("zh-CN"),
});
export type ExportRequest = z.infer<typeof exportRequest>;

/** One job as the person sees who asked for it. */
export const exportJob = z.object({
  exportId: z.string(),
  report: z.enum(reportNames as [ExportReport, ...ExportReport[]]),
  /** What stands in the file's first lines: its title and its filter, in the language of the file. */
  title: z.string(),
  filterText: z.string(),
  state: z.enum(exportStates),
  rowsDone: whole,
  /** How many there were when it was begun; the file holds what was there when it was read. */
  rowsOf: whole,
  bytes: whole.nullable(),
  /** Why it failed: a code of the refusals. */
  problem: z.object({ code: z.string(), details: z.record(z.string(), z.union([z.string(), whole])) }).nullable(),
  askedAt: at,
  startedAt: at.nullable(),
  endedAt: at.nullable(),
  /** When the file is removed; null while there is none. */
  expiresAt: at.nullable(),
});
export type ExportJob = z.infer<typeof exportJob>;

/** GET /api/exports: one's own jobs, the newest first. */
export const exportJobs = z.object({ items: z.array(exportJob) });
export type ExportJobs = z.infer<typeof exportJobs>;
