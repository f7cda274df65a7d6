import type { AuditChain } from "#contract/audit.ts";
import type { Tx } from "./db.ts";
import type { AuditCheckTable } from "./schema-seals.ts";
import { unsealedCount } from "./seals.ts";

/** The last check of the audit's seals; null while there was none. */
export async function lastAuditCheck(read: Tx): Promise<AuditCheckTable | null> {
  const row = await read
    .selectFrom("audit_check")
    .selectAll()
    .orderBy("ended_at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Writes down what a check found. */
export async function addAuditCheck(tx: Tx, check: AuditCheckTable): Promise<void> {
  await tx.insertInto("audit_check").values(check).execute();
}

/** The last check as it goes over the wire, and what waits for a seal now. */
export async function auditChainNow(read: Tx): Promise<AuditChain> {
  const last = await lastAuditCheck(read);
  return {
    checkedAt: last?.ended_at ?? null,
    ok: last === null ? null : last.ok === 1,
    sealed: last?.covered ?? 0,
    waiting: await unsealedCount(read, "audit"),
    head:
      last === null || last.head_seq === null || last.head_hash === null
        ? null
        : { seq: last.head_seq, hash: last.head_hash },
    problems: last === null ? [] : (JSON.parse(last.problems) as string[]),
  };
}
