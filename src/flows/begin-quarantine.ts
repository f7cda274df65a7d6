import { dayOf, instant } from "#base/time.ts";
import { skippedNumbers } from "#domain/quarantine.ts";
import { addAudit } from "#store/audit.ts";
import { forgetTheMoment, quarantineAllMeters } from "#store/quarantine.ts";
import { skipPrintedNumbers } from "#store/sequences.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/**
 * Puts a restored database into quarantine (隔离): its books end at `snapshotAt`, and meters have lived on since. Until each of them has shown that
 * it stands where the books do, nothing is sent that would change it; trips wait for people besides. Trips and batches of then are gone: whoever
 * asked for them knew another state of things. Numbers that people hold in their hands (receipts, orders) go on well beyond those that may have been
 * given since the backup: none is ever given twice.
 */
export async function beginQuarantine(
  ctx: FlowContext,
  input: { file: string; snapshotAt: number; by: string },
): Promise<{ restoreId: string; meters: number }> {
  const told = await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const restoreId = ctx.newId(now);
    const file = input.file.slice(-128);
    await tx
      .insertInto("restore_run")
      .values({
        id: restoreId,
        file,
        snapshot_at: input.snapshotAt,
        restored_at: now,
        restored_by: input.by,
        trips_released_at: null,
        trips_released_by: null,
      })
      .execute();
    const { trips, batches } = await forgetTheMoment(tx, { at: now, by: input.by });
    const skipped = skippedNumbers(instant(input.snapshotAt), now);
    const numbers = await skipPrintedNumbers(tx, {
      by: skipped,
      from: dayOf(instant(input.snapshotAt)),
      to: dayOf(now),
    });
    const meters = await quarantineAllMeters(tx, { restoreId, at: now });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: input.by,
      action: "restore",
      object: `restore:${restoreId}`,
      before: null,
      after: {
        ...{ file, snapshotAt: input.snapshotAt, meters, tripsCancelled: trips, batchesCancelled: batches },
        ...{ numbersSkipped: skipped, numbers },
      },
      reason: "",
      ip: "",
    });
    return { restoreId, meters };
  });
  ctx.log.warn({ ...told, by: input.by }, "the restored system is in quarantine");
  return told;
}
