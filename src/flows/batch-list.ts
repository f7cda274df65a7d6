import type { Instant } from "#base/time.ts";
import type { Scope } from "#domain/permission.ts";
import { type BatchKind, type LeftOutReason, whyNotInBatch } from "#domain/switch-batch.ts";
import type { Tx } from "#store/db.ts";
import type { SwitchBatchMeterTable } from "#store/schema-batches.ts";
import { type BatchCandidate, batchCandidates } from "#store/switch-batches.ts";
import { sha256Hex } from "#system/crypto.ts";
import { linkRefusal } from "./link-risk.ts";

/** A meter of a list that is being made; `why` says that it stays out. */
export type ListedMeter = BatchCandidate & { why: LeftOutReason | null };

/** What a batch over these meters would be now: who is switched, who stays out and why. Meters outside the scope are not in it. */
export async function makeList(
  tx: Tx,
  scope: Scope,
  asked: { kind: BatchKind; meterIds: readonly number[] },
): Promise<ListedMeter[]> {
  const listed: ListedMeter[] = [];
  for (const each of await batchCandidates(tx, scope, asked.meterIds)) {
    const { hasSwitch, known } = each;
    const why = whyNotInBatch(asked.kind, { hasSwitch, guarded: known.guarded, offCause: known.offCause });
    listed.push({ ...each, why: why ?? (await linkRefusal(tx, each.meterId, asked.kind)) });
  }
  return listed;
}

/** The rows of a list as they are kept. */
export function frozenRows(batchId: string, list: readonly ListedMeter[], at: Instant): SwitchBatchMeterTable[] {
  return list.map(({ meterId, known, why }, position) => ({
    batch_id: batchId,
    meter_id: meterId,
    position,
    state: why === null ? "waiting" : "left_out",
    why: why ?? "",
    command_id: null,
    known: JSON.stringify(known),
    changed_at: at,
  }));
}

/**
 * What a second person agrees to: kind, reason, and every meter with what was known of it, in the order of the list. Whether a meter is in or
 * out counts as it was frozen, so this holds only while nothing has been sent.
 */
export function listHash(
  of: { id: string; kind: BatchKind; reason: string },
  rows: readonly Pick<SwitchBatchMeterTable, "meter_id" | "position" | "state" | "why" | "known">[],
): string {
  const list = rows.map((row) => [row.position, row.meter_id, row.state, row.why, row.known]);
  return sha256Hex(JSON.stringify([of.id, of.kind, of.reason, list]));
}
