import { addDays, DAY_MS, dayOf, type Instant, instant, later, startOfDay } from "#base/time.ts";
import { believedAlong } from "#domain/line-break.ts";
import { tellsOfClosedDay } from "#domain/meter-day.ts";
import { clockRead, isTimeDoubtful, judgePast, midnightsAfter, pastRetryMs, type Shown } from "#domain/past.ts";
import { registerPowerMaxW, registers, type Verdict, verdictCode } from "#domain/reading.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId } from "#store/events.ts";
import { linesOfReadings } from "#store/index-line.ts";
import { lineBreaksOf } from "#store/line-breaks.ts";
import { claimMeterStates } from "#store/meters.ts";
import { changeMemory, freezesSettled, memoriesOf, noteNoFreeze } from "#store/past.ts";
import { addReadings } from "#store/readings.ts";
import type { MeterMemoryTable, PastTrouble } from "#store/schema-past.ts";
import type { ReadingTable } from "#store/schema-readings.ts";
import { faultPoint } from "#system/fault-point.ts";
import { askClockSet } from "./ask-clock-set.ts";
import { clockOfMemory } from "./begin-memories.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** What one visit to a meter has told of its past. Water in litres. */
export type PastVisit = {
  meterId: number;
  installation: number;
  /** How far its clock is ahead of ours; `offsetMs` is null when it showed no time. */
  clock: { offsetMs: number | null; at: Instant } | null;
  frozen: readonly Shown[];
  /** Midnights at which it kept nothing, as it says. */
  none: readonly Instant[];
  records: readonly Shown[];
  /** Load records have been asked for up to here; null when they were not. */
  recordedTo: Instant | null;
  trouble: PastTrouble | null;
};

/**
 * Stores what meters told of their past: each figure with the time at which the meter kept it, judged by the good readings around it, and
 * days that were closed without it are asked to be looked at again. No figure of now changes, so nothing is charged by it. Safe to repeat.
 */
export async function recordPast(ctx: FlowContext, visits: readonly PastVisit[]): Promise<void> {
  if (visits.length === 0) return;
  await decide(ctx.db, async (tx) => {
    const ids = [...new Set(visits.map((visit) => visit.meterId))];
    await claimMeterStates(tx, ids);
    const meters = await metersOf(tx, ids);
    for (const visit of visits) {
      const meter = meters.get(visit.meterId);
      const memory = (await memoriesOf(tx, [visit.meterId])).get(visit.meterId);
      if (!meter || !memory || meter.installation !== visit.installation) continue;
      if (memory.installation !== visit.installation) continue;
      await recordVisit({ ctx, tx, now: ctx.clock() }, { visit, meter, memory });
    }
    faultPoint("record-past:before-commit");
  });
}

type In = { ctx: FlowContext; tx: Tx; now: Instant };
type Meter = { installation: number; powerMaxW: number; suspect: Shown | null };
type Visited = { visit: PastVisit; meter: Meter; memory: MeterMemoryTable };

async function metersOf(tx: Tx, ids: readonly number[]): Promise<Map<number, Meter>> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter.id", "in", [...ids])
    .select([
      "meter.id",
      "meter.installation",
      "meter.power_max_w",
      "meter.ratio",
      "meter_state.suspect_wh",
      "meter_state.suspect_at",
    ])
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        installation: row.installation,
        powerMaxW: registerPowerMaxW({ powerMaxW: row.power_max_w, ratio: row.ratio }),
        suspect: row.suspect_wh === null ? null : { indexWh: row.suspect_wh, at: instant(row.suspect_at) },
      },
    ]),
  );
}

async function recordVisit(on: In, visited: Visited): Promise<void> {
  const { tx, now } = on;
  const { visit, memory } = visited;
  const { meterId } = visit;
  const clock = await takeClock(on, visited);
  await noteNoFreeze(tx, meterId, visit.none, now);
  const rows: ReadingTable[] = [];
  for (const [register, shown] of [
    [registers.energyFrozen, visit.frozen],
    [registers.energyRecorded, visit.records],
  ] as const) {
    for (const each of shown) {
      const verdict = isTimeDoubtful(clock, each.at) ? "drifted" : await verdictOf(tx, visited, each);
      rows.push(reading({ meterId, register, shown: each, verdict, now }));
    }
  }
  await addReadings(tx, rows);
  const closed = rows.filter((row) => isBelieved(row) && tellsOfClosedDay(instant(row.measured_at), now));
  await askRecheck(tx, daysAround(meterId, closed), "late", now);
  const tries = visit.trouble === null ? 0 : memory.tries + 1;
  await changeMemory(tx, memory, {
    frozen_to: await frozenTo(tx, memory, now),
    recorded_to: Math.max(memory.recorded_to, visit.recordedTo ?? 0),
    tries,
    trouble: visit.trouble,
    next_at: visit.trouble === null ? 0 : later(now, pastRetryMs(tries)),
    clock_offset_ms: clock.offsetMs,
    clock_read_at: clock.readAt,
    clock_good_at: clock.goodAt,
    clock_doubt_from: clock.doubtFrom,
    clock_doubt_to: clock.doubtTo,
    clock_asked_at: memory.clock_asked_at,
  });
}

/** What the visit told of the clock; an alarm when it went wrong, and its end when it is right again. */
async function takeClock(on: In, { visit, memory }: Visited) {
  const { tx } = on;
  const before = clockOfMemory(memory);
  if (visit.clock === null) return before;
  const { known, turned } = clockRead(before, visit.clock);
  await askClockSet(on, memory, known.offsetMs);
  if (turned !== null) {
    const kind = turned === "wrong" ? "clock_wrong" : "clock_right";
    const { offsetMs, at } = visit.clock;
    await addEvents(tx, [
      {
        id: eventId(visit.meterId, kind, at),
        meterId: visit.meterId,
        at,
        kind,
        severity: turned === "wrong" ? "alarm" : "info",
        detail: { offsetSeconds: Math.round((offsetMs ?? 0) / 1000) },
      },
    ]);
  }
  return known;
}

/** By the good readings before and after it on its own line of indexes. */
async function verdictOf(tx: Tx, { visit, meter }: Visited, next: Shown): Promise<Verdict> {
  const breaks = (await lineBreaksOf(tx, [visit.meterId])).get(visit.meterId) ?? [];
  const points = believedAlong(await linesOfReadings(tx, visit.meterId, next.at), breaks);
  const isCut = (a: Instant, b: Instant) => breaks.some((each) => each.at > a && each.at <= b);
  const before = points.findLast((point) => point.at < next.at) ?? null;
  const after = points.find((point) => point.at > next.at) ?? null;
  return judgePast(
    {
      before: before === null || isCut(before.at, next.at) ? null : before,
      after: after === null || isCut(next.at, after.at) ? null : after,
      suspect: meter.suspect,
      next,
    },
    meter.powerMaxW,
  );
}

function reading(input: {
  meterId: number;
  register: number;
  shown: Shown;
  verdict: Verdict;
  now: Instant;
}): ReadingTable {
  const { meterId, register, shown, verdict, now } = input;
  return {
    meter_id: meterId,
    register,
    measured_at: shown.at,
    value: shown.indexWh,
    verdict: verdictCode(verdict),
    received_at: now,
  };
}

function isBelieved(row: ReadingTable): boolean {
  return row.verdict === verdictCode("ok") || row.verdict === verdictCode("rollover");
}

/** A midnight ends one day and begins the next. */
function daysAround(meterId: number, rows: readonly ReadingTable[]) {
  const days = rows.flatMap((row) => {
    const day = dayOf(instant(row.measured_at));
    return row.measured_at === startOfDay(day) ? [addDays(day, -1), day] : [day];
  });
  return [...new Set(days)].map((day) => ({ meterId, day }));
}

/** No meter remembers its midnights for longer (62 days in DL/T 645-2007): what is older is open for ever, or settled. */
const REMEMBERED_MS_MAX = 64 * DAY_MS;

/** The last midnight up to which nothing is open any more. */
async function frozenTo(tx: Tx, memory: MeterMemoryTable, now: Instant): Promise<Instant> {
  const open = midnightsAfter(instant(Math.max(memory.frozen_to, now - REMEMBERED_MS_MAX)), now);
  const [from] = open;
  const to = open.at(-1);
  if (from === undefined || to === undefined) return instant(memory.frozen_to);
  const settled = await freezesSettled(tx, [memory.meter_id], { from, to });
  const missing = open.find((midnight) => !settled.has(`${memory.meter_id}:${midnight}`));
  return missing === undefined ? to : later(missing, -DAY_MS);
}
