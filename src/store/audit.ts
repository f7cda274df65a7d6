import type { Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Tx } from "./db.ts";
import { addUnsealed } from "./seals.ts";

export type AuditEntry = {
  id: string;
  at: Instant;
  /** Login name of a person, or the name of a job. */
  actor: string;
  action: AuditAction;
  /** What it was done to: `meter:12`, `order:R20260801000001`. */
  object: string;
  before: object | null;
  after: object | null;
  reason: string;
  ip: string;
};

/**
 * Appends one line to the audit, in the transaction of the change that it tells of. Never put a secret in it. A job seals it afterwards, so
 * that nobody who writes waits for the chain.
 */
export async function addAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  await tx
    .insertInto("audit")
    .values({
      ...entry,
      before: entry.before === null ? null : JSON.stringify(entry.before),
      after: entry.after === null ? null : JSON.stringify(entry.after),
    })
    .execute();
  await addUnsealed(tx, "audit", [entry.id]);
}
