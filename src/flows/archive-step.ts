import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addArchiveChange, archiveChangeByKey, concentratorToManage } from "#store/archive.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import type { ConcentratorTable } from "#store/schema-archive.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";

/** A concentrator that the actor may change, as it stands now. */
export async function concentratorSeen(
  tx: Tx,
  actor: Actor,
  input: { id: number; version?: number },
): Promise<ConcentratorTable> {
  const row = await concentratorToManage(tx, actor.scope, input.id);
  if (!row) throw new AppError("concentrator_not_found");
  if (row.retired_at !== null) throw new AppError("concentrator_retired");
  if (input.version !== undefined && row.version !== input.version)
    throw new AppError("archive_changed", { what: row.name });
  return row;
}

/** One line in the audit for a change of archives or settings. */
export async function auditArchive(
  ctx: FlowContext,
  tx: Tx,
  entry: {
    actor: string;
    action: AuditAction;
    object: string;
    before: object | null;
    after: object | null;
    reason: string;
    ip: string;
    at: Instant;
  },
): Promise<void> {
  await addAudit(tx, { id: ctx.newId(entry.at), ...entry });
}

/**
 * Whether a request was carried out before under this key: the id of what came of it, or null. The same key for something else is
 * refused.
 */
export async function repeatedChange(tx: Tx, input: { key: string; request: object }): Promise<number | null> {
  const earlier = await archiveChangeByKey(tx, input.key);
  if (earlier === null) return null;
  if (earlier.requestHash !== hashOf(input.request)) throw new AppError("archive_key_conflict");
  return earlier.objectId;
}

/** Keeps a key with what came of it, in the transaction of the change. */
export async function keepChange(
  tx: Tx,
  input: { key: string; request: object; objectId: number; at: Instant },
): Promise<void> {
  const { key, request, objectId, at } = input;
  const isNew = await addArchiveChange(tx, { key, requestHash: hashOf(request), objectId, at });
  if (!isNew) throw new AppError("archive_key_conflict");
}

function hashOf(request: object): string {
  return sha256Hex(JSON.stringify(request));
}
