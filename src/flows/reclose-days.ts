import { addDays, type Day, dayOf, HOUR_MS, later, monthOf } from "#base/time.ts";
import {
  askedRechecks,
  dayLookedAt,
  latestDays,
  metersToClose,
  sumMonth,
  supersedeDay,
  takeRechecks,
  unknownDays,
} from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { goodAround } from "#store/index-line.ts";
import type { DayCause, MeterDayTable } from "#store/schema-days.ts";
import type { FlowContext } from "./context.ts";
import { dayRows, isSameDay } from "./day-rows.ts";
import { decide } from "./decide.ts";

/** Days of one meter that are looked at together; a gap that is longer is closed again in parts. */
const DAYS_MAX = 366;
/** How long a day that stays unknown is left alone. */
const LOOK_AGAIN_MS = HOUR_MS;

/**
 * Looks again at closed days (重新日结) for which a reading or a charge came late or was corrected, and at days that could not be known
 * when they were closed. Where something else comes out, it becomes the next revision of the day, beside the old one, and month and
 * shares follow. Says how many days were corrected, and whether more wait.
 */
export async function recloseDays(ctx: FlowContext, limit: number): Promise<{ corrected: number; more: boolean }> {
  const asked = await askedRechecks(ctx.db.read, limit);
  const now = ctx.clock();
  const unknown = await unknownDays(ctx.db.read, { lookedBefore: later(now, -LOOK_AGAIN_MS), limit });
  let corrected = 0;
  for (const [meterId, rows] of Map.groupBy(asked, (row) => row.meter_id)) {
    const days = rows.map((row) => row.day as Day);
    corrected += await recloseMeter(ctx, { meterId, days, cause: rows.at(-1)?.cause ?? "late", isAsked: true });
  }
  for (const { meterId, days } of unknown) {
    corrected += await recloseMeter(ctx, { meterId, days, cause: "gap", isAsked: false });
  }
  return { corrected, more: asked.length === limit };
}

type Again = { meterId: number; days: readonly Day[]; cause: DayCause; isAsked: boolean };

async function recloseMeter(ctx: FlowContext, again: Again): Promise<number> {
  const corrected = await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    if (again.isAsked) await takeRechecks(tx, again.meterId, again.days);
    const [meter] = await metersToClose(tx, { after: 0, limit: 1, only: [again.meterId] });
    if (!meter) return [];
    const span = await touchedDays(tx, again);
    const old = Map.groupBy(await latestDays(tx, [meter.id], span), (row) => row.day);
    const fresh = Map.groupBy(await dayRows(tx, [meter], span, { rev: 0, cause: again.cause, now }), (row) => row.day);
    const changed: string[] = [];
    for (const [day, before] of old) {
      const after = fresh.get(day) ?? [];
      if (after.length === 0 || isSameDay(before, after)) continue;
      await supersede(tx, before, after);
      changed.push(day);
    }
    await dayLookedAt(tx, meter.id, again.days, now);
    const months = new Set(changed.map((day) => monthOf(day as Day)));
    for (const month of months) await sumMonth(tx, [meter.id], month, { days: changed, at: now });
    return changed;
  });
  if (corrected.length > 0) {
    ctx.log.info({ meter: again.meterId, days: corrected.length, cause: again.cause }, "days closed again");
  }
  return corrected.length;
}

async function supersede(tx: Tx, before: readonly MeterDayTable[], after: readonly MeterDayTable[]): Promise<void> {
  const [seen] = before;
  if (seen === undefined) return;
  await supersedeDay(
    tx,
    { meterId: seen.meter_id, day: seen.day, rev: seen.rev, segments: before.length },
    after.map((row) => ({ ...row, rev: seen.rev + 1 })),
  );
}

/** The days whose edges may rest on readings of the days asked for: from the last good reading before to the first after. */
async function touchedDays(tx: Tx, again: Again): Promise<{ from: Day; to: Day }> {
  const first = again.days.reduce((a, b) => (a < b ? a : b));
  const last = again.days.reduce((a, b) => (a > b ? a : b));
  const { before } = await goodAround(tx, again.meterId, first);
  const { after } = await goodAround(tx, again.meterId, last);
  // The edge between two days belongs to both, however near the next reading lies.
  const from = [addDays(first, -1), ...(before === null ? [] : [dayOf(before)])].sort()[0] ?? first;
  const to = [addDays(last, 1), ...(after === null ? [] : [dayOf(after)])].sort().at(-1) ?? last;
  return {
    from: from < addDays(first, -DAYS_MAX) ? addDays(first, -DAYS_MAX) : from,
    to: to > addDays(last, DAYS_MAX) ? addDays(last, DAYS_MAX) : to,
  };
}
