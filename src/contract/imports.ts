import { z } from "zod";
import { importSheets } from "#domain/import-sheets.ts";

const whole = z.number().int();
const id = z.string().regex(/^[0-9A-Za-z]{20}$/);
const sheet = z.enum(importSheets);

/** What an import comes through; `checked` waits for a person. */
export const importStates = [
  "uploaded",
  "checked",
  "accepted",
  "running",
  "done",
  "outdated",
  "stopped",
  "cancelled",
] as const;

/** Something wrong in a cell (`column` is its letter), a row, or a sheet (`row` 0). */
export const importFault = z.object({
  sheet,
  row: whole,
  column: z.string(),
  key: z.string(),
  value: z.string(),
  code: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ImportFaultView = z.infer<typeof importFault>;

/** GET /api/imports/:id. Sheets in the order of the file; counts are null until they are known. */
export const importView = z.object({
  id,
  asOf: whole,
  projectId: whole,
  project: z.string(),
  fileName: z.string(),
  fileBytes: whole,
  fileHash: z.string(),
  state: z.enum(importStates),
  sheets: z.array(
    z.object({
      sheet,
      name: z.string(),
      rows: whole,
      counts: z.object({ add: whole, change: whole, same: whole, wrong: whole }).nullable(),
    }),
  ),
  /** Sheets of the file that are not known and not read. */
  ignored: z.array(z.string()),
  rows: whole,
  faults: whole,
  changes: whole,
  done: whole,
  /** Names what the check told; it is sent back by who accepts it. */
  planHash: z.string().nullable(),
  stoppedBy: importFault.nullable(),
  madeBy: z.string(),
  madeAt: whole,
  acceptedBy: z.string().nullable(),
  acceptedAt: whole.nullable(),
  endedAt: whole.nullable(),
});
export type ImportView = z.infer<typeof importView>;

/** GET /api/imports: the newest ones, and the projects that may be imported into. */
export const importList = z.object({
  asOf: whole,
  items: z.array(importView),
  projects: z.array(z.object({ id: whole, name: z.string() })),
});
export type ImportList = z.infer<typeof importList>;

/** POST /api/imports: the file is the body. */
export const importUpload = z.object({
  projectId: z.coerce.number().int().positive(),
  name: z.string().trim().min(1).max(200),
  language: z.enum(["zh-CN", "en"]).default("zh-CN"),
});

/** GET /api/imports/:id/faults?page=: fifty at a time. */
export const faultQuery = z.object({ page: z.coerce.number().int().min(1).max(100_000).default(1) });
export const importFaults = z.object({ page: whole, pages: whole, total: whole, items: z.array(importFault) });
export type ImportFaults = z.infer<typeof importFaults>;

/** POST /api/imports/:id/accept. */
export const importAccept = z.object({ planHash: z.string().regex(/^[0-9a-f]{64}$/), confirmed: z.literal(true) });
export type ImportAccept = z.infer<typeof importAccept>;
