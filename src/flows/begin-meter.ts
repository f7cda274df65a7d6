import type { Instant } from "#base/time.ts";
import { hasMeterKey } from "#domain/meter-key.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import type { Tx } from "#store/db.ts";
import { activeRootVersion, addMeterKey } from "#store/keys.ts";
import { addReadings } from "#store/readings.ts";

/**
 * What is known of a meter when it is taken into use: the index that was written down is the first point of its line, so its first
 * day begins there; everything else waits until it has answered. `remainingWh` is null where the meter will tell it itself.
 */
export async function beginMeter(
  tx: Tx,
  meter: {
    meterId: number;
    profile: string;
    indexWh: number;
    remainingWh: number | null;
    purchaseCount: number;
    now: Instant;
  },
): Promise<void> {
  const { meterId, indexWh, remainingWh, now } = meter;
  await tx
    .insertInto("meter_state")
    .values({
      meter_id: meterId,
      index_wh: indexWh,
      index_at: now,
      remaining_wh: remainingWh,
      remaining_at: remainingWh === null ? 0 : now,
      purchase_count: meter.purchaseCount,
      purchase_count_read: null,
      purchase_count_read_at: 0,
      relay: null,
      relay_at: 0,
      relay_commanded: null,
      relay_commanded_at: 0,
      relay_commanded_for: null,
      off_cause: null,
      status_word3: null,
      voltage_mv: null,
      current_ma: null,
      power_w: null,
      instant_at: 0,
      last_answer_at: 0,
      silent_rounds: 0,
      silent_at: 0,
      suspect_wh: null,
      suspect_at: 0,
      switch_fault: 0,
      rejected_wh: null,
      rejected_at: 0,
      settled_index_wh: indexWh,
      settled_at: now,
      settled_residue: 0,
      low_credit: 0,
      top_ups_stopped: 0,
      top_up_open: null,
      frame_count: 0,
      changed_at: now,
      version: 0,
    })
    .execute();
  await addReadings(tx, [
    {
      meter_id: meterId,
      register: registers.energyTotal,
      measured_at: now,
      value: indexWh,
      verdict: verdictCode("ok"),
      received_at: now,
    },
  ]);
  const version = hasMeterKey(meter.profile) ? await activeRootVersion(tx) : null;
  if (version !== null) await addMeterKey(tx, { meterId, version, at: now });
}
