import { addDays, type Day, dayOf, endOfDay, HOUR_MS, type Instant, instant, monthOf, startOfDay } from "#base/time.ts";
import { CLOSE_AFTER_MS } from "#domain/meter-day.ts";
import {
  addDays as addDayRows,
  firstMeterAt,
  lastClosedDay,
  type MeterToClose,
  markDaysClosed,
  metersToClose,
  sumMonth,
} from "#store/days.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { dayRows } from "./day-rows.ts";
import { decide } from "./decide.ts";

/** A meter whose usage is not yet charged up to the day's end is waited for, but no longer than this after the end. */
const SETTLEMENT_WAIT_MS = 6 * HOUR_MS;
/** Rows of one transaction: what every engine takes easily. */
const ROWS_MAX = 5_000;
/** Meters of one transaction, when few days are closed. */
const METERS_MAX = 500;

/** What one call did: rows made, and whether more days wait that can be closed now. */
export type Closing = { closed: number; more: boolean };

/**
 * Closes the days (日结) that have ended and were not closed yet, for every meter: nightly one, after a pause all of them, a month at a
 * time. By state: a meter and day that has its row is left alone, so closing may stop anywhere, repeat, and run twice at once.
 */
export async function closeDueDays(ctx: FlowContext): Promise<Closing> {
  const due = await dueDays(ctx);
  const [first] = due;
  if (first === undefined) return { closed: 0, more: false };
  const days = due.filter((day) => monthOf(day) === monthOf(first));
  const limit = Math.max(1, Math.min(METERS_MAX, Math.floor(ROWS_MAX / days.length)));
  let closed = 0;
  let meters = 0;
  let isWaiting = false;
  for (let after = 0; ; ) {
    const batch = await metersToClose(ctx.db.read, { after, limit, retiredAfter: startOfDay(first) });
    const last = batch.at(-1);
    if (last === undefined) break;
    after = last.id;
    meters += batch.length;
    const ready = batch.filter((meter) => !isUnsettled(meter, days, ctx.clock()));
    isWaiting ||= ready.length < batch.length;
    closed += await closeMeters(ctx, ready, days);
  }
  if (!isWaiting) await ctx.db.transact((tx) => markDaysClosed(tx, days, meters, ctx.clock()));
  if (closed > 0) ctx.log.info({ from: first, to: days.at(-1), rows: closed, isWaiting }, "days closed");
  return { closed, more: !isWaiting && days.length < due.length };
}

/** The days that have ended long enough ago and were not closed for every meter, in order. */
async function dueDays(ctx: FlowContext): Promise<Day[]> {
  const last = await lastClosedDay(ctx.db.read);
  const begin = last === null ? await firstMeterAt(ctx.db.read) : null;
  if (last === null && begin === null) return [];
  const days: Day[] = [];
  const now = ctx.clock();
  for (let day = last === null ? dayOf(instant(begin ?? 0)) : addDays(last, 1); ; day = addDays(day, 1)) {
    if (endOfDay(day) + CLOSE_AFTER_MS > now) return days;
    days.push(day);
  }
}

function isUnsettled(meter: MeterToClose, days: readonly Day[], now: Instant): boolean {
  const end = endOfDay(days.at(-1) as Day);
  return meter.charged && meter.indexAt > meter.settledAt && meter.settledAt < end && now < end + SETTLEMENT_WAIT_MS;
}

async function closeMeters(ctx: FlowContext, meters: readonly MeterToClose[], days: readonly Day[]): Promise<number> {
  const [from] = days;
  const to = days.at(-1);
  if (meters.length === 0 || from === undefined || to === undefined) return 0;
  const closed = await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const rows = await dayRows(tx, meters, { from, to }, { rev: 0, cause: "close", now });
    const fresh = await addDayRows(tx, rows);
    if (fresh > 0) {
      const ids = meters.map((meter) => meter.id);
      await sumMonth(tx, ids, monthOf(from), { days, at: now });
    }
    faultPoint("close-days:before-commit");
    return fresh;
  });
  faultPoint("close-days:after-commit");
  return closed;
}
