import { assert } from "#base/errors.ts";
import {
  DAY_MS,
  type Day,
  daysOfMonth,
  endOfDay,
  HOUR_MS,
  type Instant,
  instant,
  MINUTE_MS,
  type Month,
  startOfDay,
} from "#base/time.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { closeDueDays } from "#flows/close-days.ts";
import type { FlowContext } from "#flows/context.ts";
import type { Db } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import type { BenchLine } from "./line-format.ts";
import { onDatabases } from "./on-databases.ts";
import { type Recorded, recording, replay } from "./recorded.ts";
import { buildSettleTown, METERS } from "./settle-town.ts";

/** How long the end of a month may take for all meters. */
const TARGET_MS = 60_000;
/** How much more than its bare statements closing may take. */
const RATIO_TARGET = 2;
const MONTH = "2026-03" as Month;
const DAYS = daysOfMonth(MONTH);
const METERS_AT_ONCE = 500;
const QUARTERS_A_DAY = 96;
/** Long enough after the day that nothing is waited for any more. */
const AFTER_MS = 8 * HOUR_MS;

/**
 * The end of a month for 10 000 meters. First what happens in a night: the last day, read every quarter of an hour, is closed beside thirty
 * days that are closed already, and the month is summed up; against the very same statements through the bare driver. Then what happens
 * after a long pause: all 31 days at once, from one reading a day.
 */
export async function bench(): Promise<BenchLine[]> {
  return onDatabases(async (name, fresh) => measure(name, await fresh(), await fresh()));
}

async function measure(name: string, ours: TestDatabase, theirs: TestDatabase): Promise<BenchLine[]> {
  const [first, last] = [DAYS[0] as Day, DAYS.at(-1) as Day];
  const begin = startOfDay(first);
  for (const db of [ours, theirs]) {
    await buildSettleTown(db, endOfDay(last));
    await db.transact((tx) => tx.updateTable("meter").set({ created_at: begin }).execute());
    await readMidnights(db, begin);
  }
  const start = performance.now();
  await closeAll(ours, endOfDay(last));
  const wholeMs = performance.now() - start;

  for (const db of [ours, theirs]) {
    await readQuarters(db, last);
    if (db === theirs) await closeAll(db, startOfDay(last));
    else await forgetDay(db, last);
  }
  const log: Recorded[] = [];
  const lastDay = performance.now();
  await closeAll(ours, endOfDay(last));
  const dayMs = performance.now() - lastDay;
  await forgetDay(ours, last);
  await closeAll(recording(ours, log), endOfDay(last));
  const bareMs = await replay(theirs.url, log);
  const time = (what: string, ms: number): BenchLine => ({
    bench: "close-month",
    case: `${what}, ${METERS} meters on ${name}`,
    value: Math.round(ms),
    unit: "ms",
    floor: `${TARGET_MS} ms on two cores`,
    ratio: ms / TARGET_MS,
    target: 1,
    met: ms <= TARGET_MS,
  });
  const ratio = dayMs / bareMs;
  return [
    time("last day of a month and its sums", dayMs),
    {
      bench: "close-month",
      case: `last day of a month, ${METERS} meters on ${name}`,
      value: Math.round(dayMs),
      unit: "ms",
      floor: `the same statements through the bare driver: ${Math.round(bareMs)} ms`,
      ratio,
      target: RATIO_TARGET,
      met: ratio <= RATIO_TARGET,
    },
    time(`all ${DAYS.length} days at once`, wholeMs),
  ];
}

async function closeAll(db: Db, until: Instant): Promise<void> {
  const ctx: FlowContext = { db, clock: () => instant(until + AFTER_MS), newId, log: silentLog };
  let closed = 0;
  for (let more = true; more; ) {
    const done = await closeDueDays(ctx);
    closed += done.closed;
    more = done.more;
  }
  assert(closed > 0 && closed % METERS === 0, `every meter was closed: ${closed}`);
}

/** Takes the last day back, as if it had not been closed yet. */
async function forgetDay(db: Db, day: Day): Promise<void> {
  await db.transact(async (tx) => {
    await tx.deleteFrom("meter_day").where("day", "=", day).execute();
    await tx.deleteFrom("day_close").where("day", "=", day).execute();
  });
}

/** One reading at each midnight of the month. */
function readMidnights(db: Db, begin: Instant): Promise<void> {
  return read(db, { begin, stepMs: DAY_MS, count: DAYS.length + 1 });
}

/** A reading every quarter of an hour within a day; those of its midnights are there. */
function readQuarters(db: Db, day: Day): Promise<void> {
  const stepMs = 15 * MINUTE_MS;
  return read(db, { begin: instant(startOfDay(day) + stepMs), stepMs, count: QUARTERS_A_DAY - 1 });
}

async function read(db: Db, { begin, stepMs, count }: { begin: Instant; stepMs: number; count: number }) {
  const origin = startOfDay(DAYS[0] as Day);
  for (let firstId = 1; firstId <= METERS; firstId += METERS_AT_ONCE) {
    const rows = Array.from({ length: METERS_AT_ONCE * count }, (_, i) => {
      const meter_id = firstId + Math.floor(i / count);
      const measured_at = begin + (i % count) * stepMs;
      // A steady use, another for each meter, so that quarters lie on the line of the midnights.
      const value = 1_000_000 + ((measured_at - origin) / (15 * MINUTE_MS)) * (40 + (meter_id % 97));
      const known = { meter_id, register: registers.energyTotal, measured_at, value };
      return { ...known, verdict: verdictCode("ok"), received_at: measured_at };
    });
    await db.transact((tx) => insertRows(tx, "reading", rows));
  }
}
