import type { AuditPage, AuditSummary } from "#contract/audit.ts";
import { get } from "./api.ts";

/** Rows of the audit that a filter holds; `filter` is the query as in the address of the page, `before` the place of the last row seen. */
export function getAudit(filter: string, { before, limit }: { before: string | null; limit: number }) {
  const search = new URLSearchParams(filter);
  search.set("limit", String(limit));
  if (before !== null) search.set("before", before);
  return get<AuditPage>(`/api/audit?${search}`);
}
export const getAuditSummary = () => get<AuditSummary>("/api/audit/summary");

/** Keys of what the pages keep about the audit. */
export const auditKeys = {
  list: (filter: string) => ["audit", "list", filter] as const,
  summary: ["audit", "summary"] as const,
};
