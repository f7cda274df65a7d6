import { z } from "zod";
import { differenceKinds } from "#domain/difference.ts";

const at = z.number().int();

/** One difference (差异). `expected` and `actual` are counts, Wh or 1/10000 yuan, as `unit` says; `value` is what it is worth in yuan. */
export const difference = z.object({
  id: z.string(),
  kind: z.enum(differenceKinds),
  object: z.string(),
  meterId: z.number().int().nullable(),
  label: z.string().nullable(),
  number: z.string().nullable(),
  unit: z.enum(["none", "times", "wh", "yuan"]),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  value: z.string(),
  cause: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number()])),
  state: z.enum(["open", "gone", "explained", "corrected"]),
  correctable: z.boolean(),
  foundAt: at,
  seenAt: at,
  endedAt: at.nullable(),
  endedBy: z.string().nullable(),
  reason: z.string(),
  version: z.number().int(),
});
export type Difference = z.infer<typeof difference>;

/** What checking the ledger found the last time. `head` is to be written down elsewhere. */
export const ledgerCheck = z.object({
  ok: z.boolean(),
  sum: z.string(),
  transfers: z.number().int(),
  accounts: z.number().int(),
  sealed: z.number().int(),
  waiting: z.number().int(),
  head: z.object({ seq: z.number().int(), hash: z.string() }).nullable(),
  problems: z.array(z.string()),
});
export type LedgerCheck = z.infer<typeof ledgerCheck>;

/** The latest reconciliation; null where none was carried out yet. */
export const reconciliation = z.object({ at, by: z.string(), found: z.number().int(), ledger: ledgerCheck });
export type Reconciliation = z.infer<typeof reconciliation>;

/** GET /api/reconciliation. `total` counts the open differences in the scope, however many are shown. */
export const reconcileQuery = z.object({
  state: z.enum(["open", "ended"]).default("open"),
  kind: z.enum(differenceKinds).optional(),
});
export const reconcilePage = z.object({
  last: reconciliation.nullable(),
  open: z.array(z.object({ kind: z.enum(differenceKinds), count: z.number().int() })),
  items: z.array(difference),
  more: z.boolean(),
});
export type ReconcilePage = z.infer<typeof reconcilePage>;

/** POST /api/differences/:id/explain and …/correct */
export const endDifferenceRequest = z.object({
  version: z.number().int(),
  reason: z.string().trim().min(1).max(500),
});
export type EndDifferenceRequest = z.infer<typeof endDifferenceRequest>;
