import type { Instant } from "#base/time.ts";
import { judgeKey, type KeyShown } from "#domain/meter-key.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { meterKeyRow } from "#store/keys.ts";
import { claimMeterState } from "#store/meters.ts";
import { updatedRows } from "#store/portable.ts";
import type { ClaimedCommand } from "./claimed-command.ts";
import type { Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { setMeterKey } from "./meter-keys.ts";

/**
 * Takes the right to send a change of key: in the transaction that marks it sent. Not while a top-up of this meter is between "sent"
 * and its end, because its bytes were made under the present key. From here until the meter is asked no top-up is made for it.
 */
export async function takeKeyChange(tx: Tx, claimed: ClaimedCommand): Promise<boolean> {
  const state = await claimMeterState(tx, claimed.meterId);
  if (state.top_up_open !== null) return false;
  const result = await tx
    .updateTable("meter_key")
    .set({ next_version: claimed.keyVersionTo })
    .where("meter_id", "=", claimed.meterId)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/**
 * Takes the right to send a top-up that was made under a version of the key: in the transaction that marks it sent. False when the
 * meter may have been given another key meanwhile.
 */
export async function takeKeyForTopUp(tx: Tx, meterId: number, version: number, now: Instant): Promise<boolean> {
  const result = await tx
    .updateTable("meter_key")
    .set({ asked_at: now })
    .where("meter_id", "=", meterId)
    .where("version", "=", version)
    .where("next_version", "is", null)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** What the meter showed when it was asked for its key: it has the new one, the change may be sent, or it contradicts the books. */
export async function settleKeyShown(ctx: FlowContext, tx: Tx, at: Settling, shown: KeyShown) {
  const verdict = judgeKey(shown, at.claimed.keyVersionTo ?? 0);
  if (verdict === "contradiction") return verdict;
  const row = await meterKeyRow(tx, at.claimed.meterId);
  const before = row?.version ?? shown.version;
  const why = shown.version === before || verdict === "has_it" ? "changed" : "found";
  await setMeterKey(ctx, tx, { meterId: at.claimed.meterId, version: shown.version, before, at: at.now, why });
  return verdict;
}

/** The meter does not take the key: history says so, and its top-ups go on under whatever it shows when it is asked. */
export async function refuseKeyChange(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  const { claimed, now } = at;
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: claimed.meterId,
      at: now,
      kind: "key_change_refused",
      severity: "alarm",
      detail: { command: claimed.id, keyVersion: claimed.keyVersionTo, reason },
    },
  ]);
}
