import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, instant, later } from "#base/time.ts";
import type { BreakCause } from "#domain/line-break.ts";
import { runsOn, tellsOfClosedDay } from "#domain/meter-day.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { addLineBreak, lineSince } from "#store/line-breaks.ts";
import { changeMeterState, claimMeterState, type MeterStateChange, meterState } from "#store/meters.ts";
import { addReadings } from "#store/readings.ts";
import type { FlowContext } from "./context.ts";
import { settleWithin } from "./settle-usage.ts";

/** What ends and what begins. Indexes in Wh or litres, before the ratio. */
export type Segment = {
  meterId: number;
  at: Instant;
  closeWh: number;
  openWh: number;
  ratio: number;
  cause: BreakCause;
  reference: string;
  /** What else of the meter's state begins anew. */
  state?: MeterStateChange;
};

/**
 * Ends a meter's line of indexes and begins another (段), at one time: what was used up to `closeWh` is charged first, by the ratio of until then,
 * and nothing of it is ever charged by the new one. The next reading is held against `openWh`, so it is neither a jump nor backwards.
 */
export async function beginSegment(ctx: FlowContext, tx: Tx, segment: Segment): Promise<void> {
  const { meterId, at, closeWh, openWh } = segment;
  const before = await claimMeterState(tx, meterId);
  if ((await lineSince(tx, meterId)) >= at) throw new AppError("segment_needs_reading");
  assert(at >= before.index_at && at >= before.settled_at, "a segment begins after all that is known");
  assert(before.index_wh === null || runsOn(before.index_wh, closeWh), "a line does not end below its last index");
  const isRead = before.index_wh === closeWh && before.index_at === at;
  if (!isRead) {
    await changeMeterState(tx, {
      meterId,
      version: before.version,
      change: { index_wh: closeWh, index_at: at, suspect_wh: null, suspect_at: 0, rejected_wh: null, rejected_at: 0 },
    });
  }
  await settleWithin(ctx, tx, [meterId]);
  const { ratio: ratioBefore, power_max_w: powerMaxW } = await tx
    .selectFrom("meter")
    .select(["ratio", "power_max_w"])
    .where("id", "=", meterId)
    .executeTakeFirstOrThrow();
  const now = ctx.clock();
  await addLineBreak(tx, {
    id: ctx.newId(now),
    meter_id: meterId,
    at,
    cause: segment.cause,
    close_wh: closeWh,
    open_wh: openWh,
    ratio_before: ratioBefore,
    ratio_after: segment.ratio,
    reference: segment.reference,
  });
  // Other transformers, another primary side: what the register can be moved by stays.
  const power_max_w = Math.ceil((powerMaxW * segment.ratio) / ratioBefore);
  await tx.updateTable("meter").set({ ratio: segment.ratio, power_max_w }).where("id", "=", meterId).execute();
  if (!isRead) await addReadings(tx, [firstReading(meterId, at, openWh, now)]);
  const settled = await meterState(tx, meterId);
  await changeMeterState(tx, {
    meterId,
    version: settled.version,
    change: {
      ...segment.state,
      index_wh: openWh,
      index_at: at,
      settled_index_wh: openWh,
      settled_at: at,
      suspect_wh: null,
      suspect_at: 0,
      rejected_wh: null,
      rejected_at: 0,
      changed_at: now,
    },
  });
  if (tellsOfClosedDay(at, now)) await askRecheck(tx, [{ meterId, day: dayOf(at) }], "correction", now);
}

/** The first index of a line stands among the readings, as that of a meter that is taken over. */
function firstReading(meterId: number, at: Instant, value: number, now: Instant) {
  const register = registers.energyTotal;
  return { meter_id: meterId, register, measured_at: at, value, verdict: verdictCode("ok"), received_at: now };
}

/** Now, but after everything that is known of the meter: a clock that ran ahead may have stamped its last reading. */
export function momentFor(state: { index_at: number; settled_at: number }, now: Instant): Instant {
  return instant(Math.max(now, later(instant(Math.max(state.index_at, state.settled_at)), 1)));
}
