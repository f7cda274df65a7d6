import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { Tx } from "#store/db.ts";
import { claimMeterState } from "#store/meters.ts";
import { updatedRows } from "#store/portable.ts";

/**
 * Lets a stopped command that moves credit be tried again after somebody has been at the meter, and the meter take others: one that was sent
 * is read back first, and only the meter's purchase count decides. Says whether it was sent.
 */
export async function retryStopped(
  tx: Tx,
  input: { commandId: string; meterId: number; at: Instant },
): Promise<{ wasSent: boolean }> {
  const command = await tx
    .selectFrom("command")
    .select("sent_at")
    .where("id", "=", input.commandId)
    .executeTakeFirstOrThrow();
  const wasSent = command.sent_at !== null;
  const reopened = await tx
    .updateTable("command")
    .set({
      state: wasSent ? "unknown" : "waiting",
      state_reason: "recheck",
      not_before: 0,
      done_at: null,
      updated_at: input.at,
    })
    .where("id", "=", input.commandId)
    .where("state", "=", "stopped")
    .executeTakeFirst();
  assert(updatedRows(reopened) === 1, `command ${input.commandId} was stopped`);
  await claimMeterState(tx, input.meterId);
  await tx
    .updateTable("meter_state")
    .set({ top_ups_stopped: 0, changed_at: input.at })
    .where("meter_id", "=", input.meterId)
    .execute();
  return { wasSent };
}
