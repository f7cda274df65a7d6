import type { Db } from "#store/db.ts";
import type { SwitchBatchMeterTable, SwitchBatchTable } from "#store/schema-batches.ts";
import type { KnownMeter } from "#store/switch-batches.ts";
import { systemClock } from "#system/clock.ts";

/** The id of the batch that {@link batched} makes of a meter. */
export const batchIdOf = (meterId: number): string => `batch${String(meterId).padStart(15, "0")}`;

/** A batch of one meter that is being sent, asked for by nobody of these tests. */
export async function batched(db: Db, meterIds: readonly number[]): Promise<void> {
  const now = systemClock();
  const known: KnownMeter = {
    ...{ label: "1-11", number: "E11", areaName: "1 号街", kind: "electricity", state: "normal", relay: "closed" },
    ...{ offCause: null, guarded: false, customerId: null, customer: null },
    ...{ remainingWh: null, remainingYuan: null, remainingAt: 0 },
  };
  await db.transact(async (tx) => {
    for (const meterId of meterIds) {
      const id = batchIdOf(meterId);
      await tx.deleteFrom("switch_batch_meter").where("batch_id", "=", id).execute();
      await tx.deleteFrom("switch_batch").where("id", "=", id).execute();
      const batch: SwitchBatchTable = {
        ...{ id, idem_key: `0:${id}`, request_hash: "", kind: "trip", reason: "检修", state: "running", meters: 1 },
        ...{ list_hash: "", again_of: null, approval_id: null, requested_by: "nobody", requested_by_id: 0 },
        ...{ requested_at: now, approved_by: "boss", started_at: now, send_until: now + 3_600_000, hold: null },
        ...{ cancelled_by: null, ended_at: null, updated_at: now, version: 0 },
      };
      const row: SwitchBatchMeterTable = {
        ...{ batch_id: id, meter_id: meterId, position: 0, state: "waiting", why: "", command_id: null },
        ...{ known: JSON.stringify(known), changed_at: now },
      };
      await tx.insertInto("switch_batch").values(batch).execute();
      await tx.insertInto("switch_batch_meter").values(row).execute();
    }
  });
}

/** Sees to it that a route about batches has something to do. */
export async function prepareBatch(db: Db, path: string): Promise<void> {
  if (!path.startsWith("/api/switch-batches")) return;
  await batched(db, [11, 21]);
  await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 0 }).where("id", "=", 11).execute());
}

/** Bodies of requests about batches. */
export const batchBodies = (of: { meter: number }): Record<string, object> => ({
  "/api/switch-batches/preview": { kind: "trip", meterIds: [of.meter], names: ["E99"] },
  "/api/switch-batches": {
    ...{ key: `key-${of.meter}-matrix`, kind: "trip", meterIds: [of.meter], typed: 1, reason: "检修" },
  },
  "/api/switch-batches/:id/cancel": { reason: "弄错了" },
});
