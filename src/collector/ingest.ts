import { performance } from "node:perf_hooks";
import { isDatabaseAway } from "#base/errors.ts";
import type { FrameRecord, MeterReport, SilenceReport } from "#flows/record-readings.ts";
import type { Log } from "#system/log.ts";
import { type Bell, createBell } from "./bell.ts";

/** What one transaction records. */
export type Batch = { reports: MeterReport[]; silences: SilenceReport[]; frames: FrameRecord[] };

/** The way of readings to the database: gathered, bounded, and patient when the database is away. */
export type Ingest = {
  report(report: MeterReport): void;
  silence(silence: SilenceReport): void;
  frame(frame: FrameRecord): void;
  /** Resolves when there is room for more. While it does not, reading pauses: memory is not a database. */
  room(signal: AbortSignal): Promise<void>;
  /** Records at once; true when everything handed in before is in the database, false when that did not work. */
  flush(): Promise<boolean>;
  /** How much waits, how many rounds pause for it, how many frames were dropped for lack of room, how many reports the database refused. */
  state(): { waiting: number; paused: number; framesDropped: number; refused: number };
  /** A last flush, then the end. What the database does not take within `ms` is lost: it will be read again. */
  close(ms: number): Promise<void>;
};

/** So many reports make a batch full: what waits goes at once, and up to so many in one transaction when the database is behind … */
const BATCH_REPORTS = 200;
const BATCH_REPORTS_MAX = 1_000;
/** … and so long the first one waits for company: a page still turns within a second. */
const BATCH_MS = 500;
/** Frames are small and many; one batch must still be one quick transaction. */
const BATCH_FRAMES = 2_000;
/**
 * Batches beside each other, each with meters of its own: while the database carries one out, the next is prepared, and a server with
 * several cores carries out both. Readings of one meter stay in order.
 */
export const INGEST_LANES = 2;
/** Per lane; together some 10 minutes of a collector with a thousand busy buses. */
const REPORTS_MAX = 20_000 / INGEST_LANES;
/** Frames are for looking at: the oldest go first. */
const FRAMES_MAX = 10_000 / INGEST_LANES;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 10_000;
/** A report that fails alone so often, while the database answers, is refused for good: one bad row must not stop all. */
const REFUSALS_MAX = 3;

type IngestOptions = {
  record(batch: Batch): Promise<void>;
  probe(): Promise<unknown>;
  log: Log;
  /** Told of every try to record a batch. */
  recorded?(batch: { isGood: boolean; tookMs: number; reports: number; silences: number; frames: number }): void;
};

/** Starts the way to the database. `record` is one transaction; `probe` tells whether the database answers at all. */
export function createIngest(options: IngestOptions): Ingest {
  const lanes = Array.from({ length: INGEST_LANES }, () => createLane(options));
  const laneOf = (meterId: number) => lanes[meterId % INGEST_LANES]!;
  const sum = (of: (lane: Ingest) => number) => lanes.reduce((total, lane) => total + of(lane), 0);
  return {
    report: (report) => laneOf(report.meterId).report(report),
    silence: (silence) => laneOf(silence.meterId).silence(silence),
    frame: (frame) => laneOf(frame.meterId).frame(frame),
    async room(signal) {
      for (const lane of lanes) await lane.room(signal);
    },
    flush: async () => (await Promise.all(lanes.map((lane) => lane.flush()))).every(Boolean),
    state: () => ({
      waiting: sum((lane) => lane.state().waiting),
      paused: sum((lane) => lane.state().paused),
      framesDropped: sum((lane) => lane.state().framesDropped),
      refused: sum((lane) => lane.state().refused),
    }),
    async close(ms) {
      await Promise.all(lanes.map((lane) => lane.close(ms)));
    },
  };
}

function createLane(options: IngestOptions): Ingest {
  const { log } = options;
  const reports: MeterReport[] = [];
  const silences: SilenceReport[] = [];
  const frames: FrameRecord[] = [];
  const work = createBell();
  const roomBell = createBell();
  const end = new AbortController();
  let flushes: ((done: boolean) => void)[] = [];
  let outage: { since: number; pauseMs: number } | null = null;
  let batchMax = BATCH_REPORTS_MAX;
  let refusals = 0;
  let framesDropped = 0;
  let refused = 0;
  let paused = 0;

  const waiting = () => reports.length + silences.length;
  const isEmpty = () => waiting() === 0 && frames.length === 0;

  async function run(): Promise<void> {
    let firstAt: number | null = null;
    while (!end.signal.aborted) {
      if (isEmpty()) {
        answerFlushes(true);
        firstAt = null;
        await work.wait(60_000, end.signal);
        continue;
      }
      firstAt ??= performance.now();
      const leftMs = firstAt + BATCH_MS - performance.now();
      if (leftMs > 0 && flushes.length === 0 && waiting() < BATCH_REPORTS) {
        await work.wait(leftMs, end.signal);
        continue;
      }
      if (await recordBatch()) {
        if (waiting() < BATCH_REPORTS && flushes.length === 0) firstAt = null;
      } else {
        answerFlushes(false);
        await pauseOutage(end.signal);
      }
    }
    answerFlushes(false);
  }

  /** Takes from the front only what was recorded, so nothing is lost between a failure and the next try. */
  async function recordBatch(): Promise<boolean> {
    const batch: Batch = {
      reports: reports.slice(0, batchMax),
      silences: silences.slice(0, batchMax),
      frames: frames.slice(0, batchMax === BATCH_REPORTS_MAX ? BATCH_FRAMES : batchMax),
    };
    const droppedBefore = framesDropped;
    const startedAt = performance.now();
    const tell = (isGood: boolean) => options.recorded?.(outcomeOf(batch, isGood, performance.now() - startedAt));
    try {
      await options.record(batch);
      tell(true);
    } catch (error) {
      tell(false);
      await onFailure(batch, error);
      return false;
    }
    reports.splice(0, batch.reports.length);
    silences.splice(0, batch.silences.length);
    frames.splice(0, Math.max(0, batch.frames.length - (framesDropped - droppedBefore)));
    if (outage)
      log.info({ seconds: Math.round((performance.now() - outage.since) / 1000) }, "readings are recorded again");
    outage = null;
    refusals = 0;
    batchMax = Math.min(BATCH_REPORTS_MAX, batchMax * 2);
    if (waiting() < REPORTS_MAX / 2) roomBell.ring();
    return true;
  }

  async function onFailure(batch: Batch, error: unknown): Promise<void> {
    if (!outage)
      log.error({ error: String(error), waiting: waiting() }, "readings could not be recorded; they are kept");
    outage ??= { since: performance.now(), pauseMs: RETRY_MIN_MS };
    // A disk that is full answers what is read: that it takes nothing is told by the error alone.
    if (isDatabaseAway(error) || !(await answers())) return;
    // The database is there and does not want this batch: look, without long pauses, for the report that spoils it.
    outage.pauseMs = RETRY_MIN_MS;
    if (batchMax > 1) batchMax = Math.max(1, Math.floor(batchMax / 4));
    else if (++refusals >= REFUSALS_MAX) dropFirst(batch, error);
  }

  async function answers(): Promise<boolean> {
    try {
      await options.probe();
      return true;
    } catch {
      return false;
    }
  }

  function dropFirst(batch: Batch, error: unknown): void {
    refusals = 0;
    refused++;
    const meter = batch.reports[0]?.meterId ?? batch.silences[0]?.meterId ?? batch.frames[0]?.meterId;
    log.error({ meter, error: String(error) }, "the database refused a report for good; it was dropped");
    reports.splice(0, batch.reports.length);
    silences.splice(0, batch.silences.length);
    frames.splice(0, batch.frames.length);
  }

  async function pauseOutage(signal: AbortSignal): Promise<void> {
    if (!outage) return;
    const { pauseMs } = outage;
    outage.pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS);
    await quietBell.wait(pauseMs, signal);
  }

  function answerFlushes(done: boolean): void {
    for (const tell of flushes.splice(0)) tell(done);
    flushes = [];
  }

  function flush(): Promise<boolean> {
    if (end.signal.aborted) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    flushes.push(resolve);
    work.ring();
    return promise;
  }

  const quietBell: Bell = createBell();
  const running = run();
  return {
    report(report) {
      reports.push(report);
      if (waiting() === 1 || waiting() >= BATCH_REPORTS) work.ring();
    },
    silence(silence) {
      silences.push(silence);
      if (waiting() === 1 || waiting() >= BATCH_REPORTS) work.ring();
    },
    frame(frame) {
      frames.push(frame);
      if (frames.length > FRAMES_MAX) {
        frames.shift();
        framesDropped++;
      }
      if (frames.length === 1) work.ring();
    },
    async room(signal) {
      if (waiting() < REPORTS_MAX) return;
      paused++;
      while (waiting() >= REPORTS_MAX && !signal.aborted) await roomBell.wait(RETRY_MAX_MS, signal);
      paused--;
    },
    flush,
    state: () => ({ waiting: waiting(), paused, framesDropped, refused }),
    async close(ms) {
      const timer = setTimeout(() => end.abort(), ms);
      await flush();
      clearTimeout(timer);
      end.abort();
      await running;
    },
  };
}

function outcomeOf(batch: Batch, isGood: boolean, tookMs: number) {
  const { reports, silences, frames } = batch;
  return { isGood, tookMs, reports: reports.length, silences: silences.length, frames: frames.length };
}
