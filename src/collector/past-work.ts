import {
  DAY_MS,
  dayOf,
  HOUR_MS,
  type Instant,
  instant,
  later,
  MINUTE_MS,
  minuteOfDay,
  startOfDay,
} from "#base/time.ts";
import { EDGE_TOLERANCE_MS } from "#domain/meter-day.ts";
import { lastStep, midnightsAfter } from "#domain/past.ts";
import { beginMeterMemories, clockOfMemory } from "#flows/begin-memories.ts";
import type { FlowContext } from "#flows/context.ts";
import type { PastVisit } from "#flows/record-past.ts";
import { freezesSettled, knownTimes, type MeterWithPast, metersWithPast, recordsComplete } from "#store/past.ts";
import type { MeterMemoryTable } from "#store/schema-past.ts";
import type { FreezeWay, RecordWay } from "./drivers/driver.ts";
import { driverNamed } from "./drivers/drivers.ts";

/** What one visit to a meter is to fetch. */
export type PastTask = {
  meter: MeterWithPast;
  /** Its clock has not been read today. */
  clock: boolean;
  /** How far its clock was off when it was last read; null when nobody knows. */
  offsetMs: number | null;
  /** Midnights whose freeze is missing, newest first. */
  midnights: readonly Instant[];
  /** The first step of time without an index, and the last that is asked for. */
  records: { from: Instant; to: Instant } | null;
  /** It is about a freeze that has been waiting for long: asked in the ranks of scheduled reads. */
  isLate: boolean;
};

/** A freeze is asked for so long after its midnight: clocks of meters are a little slow. */
export const FREEZE_SETTLED_MS = 2 * MINUTE_MS;
/** Around midnight a clock tells one date with the time of the other: it is read later. */
const MIDNIGHT_MINUTES = 5;
/** One visit fetches so many freezes: the next meter's newest comes before this one's oldest. */
const MIDNIGHTS_A_VISIT = 8;
/** The last freeze is three questions a day to a meter: after so long a busy bus makes room for them. */
const LATE_MS = 2 * HOUR_MS;
const RECORDS_A_VISIT = 12;

/**
 * What is missing of the past of the meters behind a concentrator, newest first: it follows from the readings that are there, so whoever
 * looks next finds the same. Only meters that answer; those that did not tell their past are left alone for a while.
 */
export async function pastTasks(ctx: FlowContext, concentratorId: number): Promise<PastTask[]> {
  const { db } = ctx;
  const now = ctx.clock();
  const meters = (await metersWithPast(db.read, concentratorId)).filter((meter) => driverNamed(meter.profile) !== null);
  const begun = new Map((await beginMeterMemories(ctx, meters)).map((row) => [row.meter_id, row]));
  const open = meters.flatMap((meter) => {
    const memory = begun.get(meter.meterId) ?? meter.memory;
    return memory === null || memory.next_at > now ? [] : [{ meter, memory }];
  });
  const freezes = await missingFreezes(ctx, open, now);
  const records = await missingRecords(ctx, open, now);
  const tasks = open.map(({ meter, memory }): PastTask => {
    const midnights = freezes.get(meter.meterId) ?? [];
    const known = clockOfMemory(memory);
    return {
      meter,
      clock: isClockDue(meter, known.readAt, now),
      offsetMs: known.offsetMs,
      midnights: midnights.slice(0, MIDNIGHTS_A_VISIT),
      records: records.get(meter.meterId) ?? null,
      isLate: midnights[0] !== undefined && midnights[0] > now - DAY_MS && midnights[0] < now - LATE_MS,
    };
  });
  return tasks
    .filter((task) => task.clock || task.midnights.length > 0 || task.records !== null)
    .toSorted((a, b) => newestOf(b) - newestOf(a));
}

type Open = { meter: MeterWithPast; memory: MeterMemoryTable };

/** Yesterday's freeze of every meter comes before anything older of any; clocks first of all, records last. */
function newestOf({ clock, midnights, records }: PastTask): number {
  return midnights[0] ?? (clock ? Number.MAX_SAFE_INTEGER : (records?.from ?? 0) - DAY_MS);
}

function isClockDue({ profile }: MeterWithPast, readAt: number, now: Instant): boolean {
  const minute = minuteOfDay(now);
  if (driverNamed(profile)?.clock === null || minute < MIDNIGHT_MINUTES || minute >= 1440 - MIDNIGHT_MINUTES)
    return false;
  return readAt < startOfDay(dayOf(now)) || readAt > now + HOUR_MS;
}

async function missingFreezes(ctx: FlowContext, open: readonly Open[], now: Instant): Promise<Map<number, Instant[]>> {
  const spans = open.flatMap(({ meter, memory }) => {
    const way: FreezeWay | null = driverNamed(meter.profile)?.freezes ?? null;
    if (way === null) return [];
    const from = Math.max(memory.frozen_to, now - way.kept * DAY_MS);
    const midnights = midnightsAfter(instant(from), later(now, -FREEZE_SETTLED_MS));
    return midnights.length === 0 ? [] : [{ meterId: meter.meterId, midnights }];
  });
  const all = spans.flatMap(({ midnights }) => midnights);
  const settled = await freezesSettled(
    ctx.db.read,
    spans.map(({ meterId }) => meterId),
    spanOf(all),
  );
  return new Map(
    spans.map(({ meterId, midnights }) => [
      meterId,
      midnights.filter((midnight) => !settled.has(`${meterId}:${midnight}`)).reverse(),
    ]),
  );
}

/** Meters that have an index at every step are noted at once; of the others the first gap, and where it is to end. */
async function missingRecords(ctx: FlowContext, open: readonly Open[], now: Instant) {
  const spans = open.flatMap(({ meter, memory }) => {
    const way: RecordWay | null = driverNamed(meter.profile)?.records ?? null;
    if (way === null) return [];
    const to = lastStep(later(now, -EDGE_TOLERANCE_MS), way.everyMs);
    const from =
      Math.max(lastStep(instant(memory.recorded_to), way.everyMs), now - way.kept * way.everyMs) + way.everyMs;
    const first = lastStep(instant(from), way.everyMs);
    return first > to ? [] : [{ meterId: meter.meterId, everyMs: way.everyMs, from: first, to }];
  });
  const found = new Map<number, { from: Instant; to: Instant }>();
  if (spans.length === 0) return found;
  const known = await knownTimes(
    ctx.db.read,
    spans.map(({ meterId }) => meterId),
    spanOf(spans.flatMap(({ from, to }) => [from, to])),
  );
  const whole = new Map<Instant, number[]>();
  for (const { meterId, everyMs, from, to } of spans) {
    const steps = stepsWithout(known.get(meterId) ?? [], { from, to, everyMs });
    const [first] = steps;
    const last = steps.slice(0, RECORDS_A_VISIT).at(-1);
    if (first === undefined || last === undefined) whole.set(to, [...(whole.get(to) ?? []), meterId]);
    else found.set(meterId, { from: first, to: last });
  }
  for (const [to, ids] of whole) await ctx.db.transact((tx) => recordsComplete(tx, ids, to));
  return found;
}

/** Steps of time that have no index near them. */
function stepsWithout(known: readonly number[], span: { from: Instant; to: Instant; everyMs: number }): Instant[] {
  const times = known.toSorted((a, b) => a - b);
  const missing: Instant[] = [];
  let i = 0;
  for (let step: number = span.from; step <= span.to; step += span.everyMs) {
    while ((times[i] ?? Number.POSITIVE_INFINITY) < step - EDGE_TOLERANCE_MS) i++;
    if ((times[i] ?? Number.POSITIVE_INFINITY) > step + EDGE_TOLERANCE_MS) missing.push(instant(step));
  }
  return missing;
}

function spanOf(times: readonly Instant[]): { from: Instant; to: Instant } {
  const sorted = times.toSorted((a, b) => a - b);
  return { from: sorted[0] ?? instant(0), to: sorted.at(-1) ?? instant(0) };
}

/** A visit that has told nothing yet. */
export function emptyVisit({ meter: { meterId, installation } }: PastTask): PastVisit {
  return {
    meterId,
    installation,
    clock: null,
    frozen: [],
    none: [],
    records: [],
    recordedTo: null,
    trouble: null,
  };
}
