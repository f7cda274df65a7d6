import { performance } from "node:perf_hooks";
import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { type MeterToRead, metersToRead } from "#store/meters.ts";
import { type Bell, createBell } from "./bell.ts";
import { type Bus, PRIORITY } from "./bus.ts";
import { driverNamed } from "./drivers/drivers.ts";
import type { Ingest } from "./ingest.ts";
import { readMeter } from "./meter-readings.ts";
import { createReadPlan, type ReadPlan } from "./read-plan.ts";

/** With one answer in twenty lost, one reading in 160 000 is missed; the first tries of a meter that is not there are short. */
const ROUND_TRIES = 4;
/** How often the archive is looked at for meters that were added, moved or taken away. */
const ARCHIVE_MS = 30 * SECOND_MS;
/** Concentrators look at their archives in so many rhythms, up to half as long again. */
const ARCHIVE_SPREAD = 64;
/** After the archive could not be read. */
const ARCHIVE_RETRY_MS = 2 * SECOND_MS;
/**
 * Two rounds are under way on each bus, the older one first: while a silent meter pauses between tries the other one
 * talks, and the bus never waits for our own thinking.
 */
const ROUNDS_AT_ONCE = 2;

/** Reads the meters behind one concentrator for as long as the signal allows; resolves when all rounds have ended. */
export async function readOnSchedule(options: {
  ctx: FlowContext;
  concentratorId: number;
  bus(number: number): Bus;
  ingest: Ingest;
  intervalMs: number;
  /** Rung when the archive of this concentrator has changed: it is looked at at once. */
  archive: Bell;
  /** Filled with the speeds that channels name. */
  bauds: Map<number, number>;
  signal: AbortSignal;
  /** Told how each round of a meter ended. */
  round(result: "answered" | "silent" | "closed"): void;
}): Promise<void> {
  const { ctx, concentratorId, ingest, signal } = options;
  const lines = new Map<number, { plan: ReadPlan; bell: Bell }>();
  const running: Promise<void>[] = [];
  const unspoken = new Set<string>();
  // A fleet that came back at once must not look at its archives at once for ever.
  const archiveMs = ARCHIVE_MS * (1 + (concentratorId % ARCHIVE_SPREAD) / ARCHIVE_SPREAD / 2);
  let rounds = 0;

  while (!signal.aborted) {
    const meters = await load();
    if (meters && !signal.aborted) spread(meters);
    await options.archive.wait(meters ? archiveMs : ARCHIVE_RETRY_MS, signal);
  }
  await Promise.all(running);

  async function load(): Promise<MeterToRead[] | null> {
    try {
      return await metersToRead(ctx.db.read, concentratorId);
    } catch (error) {
      ctx.log.warn({ concentratorId, error: String(error) }, "the meters to read could not be loaded");
      return null;
    }
  }

  function spread(meters: readonly MeterToRead[]): void {
    for (const { bus, baud } of meters) {
      if (baud === null) options.bauds.delete(bus);
      else options.bauds.set(bus, baud);
    }
    const spoken = meters.filter((meter) => meter.onSchedule && speaks(meter));
    const numbers = new Set([...spoken.map((meter) => meter.bus), ...lines.keys()]);
    for (const number of numbers) {
      const line = lines.get(number) ?? start(number);
      const own = spoken.filter((meter) => meter.bus === number);
      line.plan.update(own, { monotonicMs: performance.now(), clockMs: ctx.clock() });
      line.bell.ring();
    }
  }

  function speaks(meter: MeterToRead): boolean {
    if (driverNamed(meter.profile)) return true;
    if (!unspoken.has(meter.profile)) {
      ctx.log.warn({ meter: meter.meterId, profile: meter.profile }, "meters of an unknown profile are not read");
    }
    unspoken.add(meter.profile);
    return false;
  }

  function start(number: number): { plan: ReadPlan; bell: Bell } {
    const line = { plan: createReadPlan(options.intervalMs), bell: createBell() };
    lines.set(number, line);
    const bus = options.bus(number);
    for (let i = 0; i < ROUNDS_AT_ONCE; i++) running.push(readRounds(bus, line.plan, line.bell));
    return line;
  }

  async function readRounds(bus: Bus, plan: ReadPlan, bell: Bell): Promise<void> {
    while (!signal.aborted) {
      await ingest.room(signal);
      const next = plan.next(performance.now());
      if (next.kind === "nothing") {
        await bell.wait(next.waitMs, signal);
        continue;
      }
      const { meter, items, probe } = next.round;
      const asking = { priority: PRIORITY.scheduled, order: rounds++, tries: probe ? 1 : ROUND_TRIES, commandId: null };
      const { meterId, installation } = meter;
      const told = await readMeter(bus, meter, items, asking);
      plan.done(meter.meterId, told.kind, performance.now());
      options.round(told.kind);
      if (told.kind === "closed") return;
      if (told.kind === "silent") ingest.silence({ meterId, installation, at: ctx.clock() });
      else ingest.report({ meterId, installation, measuredAt: told.at, values: told.values });
    }
  }
}
