import { z } from "zod";
import { parseDay } from "#base/time.ts";

const at = z.number().int();
const count = z.number().int();
const dayText = z.string().refine((text) => parseDay(text) !== null);

/** What narrows the audit (审计日志). */
export const auditFilter = z.object({
  /** Login name, or the name of a job. */
  who: z.string().trim().min(1).max(64).optional(),
  /** What was done: `refund.payout`, or the beginning before a dot: `refund`. */
  action: z.string().trim().min(1).max(64).optional(),
  /** What it was done to: `meter:12`, or a kind of thing: `meter`. */
  object: z.string().trim().min(1).max(128).optional(),
  from: dayText.optional(),
  to: dayText.optional(),
  /** In who, object, reason, address, and in what was before and after. */
  search: z.string().trim().min(1).max(64).optional(),
});
export type AuditFilter = z.infer<typeof auditFilter>;

/** GET /api/audit?who=…&action=…&object=…&from=…&to=…&search=…&before=…: newest first. `before`: `<at>.<id>` of the last row seen. */
export const auditQuery = auditFilter.extend({
  before: z
    .string()
    .regex(/^\d{1,16}\.[\w-]{1,20}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

const figures = z.record(z.string(), z.unknown()).nullable();

/** One line of the audit. */
export const auditRow = z.object({
  id: z.string(),
  at,
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  /** What people call the object; null when it has no other name. */
  objectName: z.string().nullable(),
  before: figures,
  after: figures,
  reason: z.string(),
  ip: z.string(),
});
export type AuditRow = z.infer<typeof auditRow>;
export const auditPage = z.object({ items: z.array(auditRow), more: z.boolean() });
export type AuditPage = z.infer<typeof auditPage>;

/** How the audit's seals are, as of the last check; all null before the first. `waiting`: rows that have no seal yet, now. */
export const auditChain = z.object({
  checkedAt: at.nullable(),
  ok: z.boolean().nullable(),
  sealed: count,
  waiting: count,
  head: z.object({ seq: count, hash: z.string() }).nullable(),
  problems: z.array(z.string()),
});
export type AuditChain = z.infer<typeof auditChain>;

/** GET /api/audit/summary: what can be chosen in the filter, how many rows the filter holds up to a limit, and whether the chain holds. */
export const auditSummary = z.object({
  actors: z.array(z.string()),
  actions: z.array(z.string()),
  kinds: z.array(z.string()),
  chain: auditChain,
});
export type AuditSummary = z.infer<typeof auditSummary>;
