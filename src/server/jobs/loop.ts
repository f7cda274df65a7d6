import { SECOND_MS } from "#base/time.ts";
import { pause } from "#system/clock.ts";
import type { Log } from "#system/log.ts";

/** One job of the server: what it does in one run, and how long it rests between runs. */
export type Job = {
  readonly name: string;
  readonly everyMs: number;
  /** Does a bounded part of the work; true when more is waiting, so that the next part follows at once. */
  readonly run: () => Promise<boolean>;
};

const BACK_OFF_MS_MAX = 30 * SECOND_MS;

/** A running job. It never overlaps itself. */
export type RunningJob = {
  /** Work is there: cut the rest short. */
  nudge(): void;
  /** Resolves after the run under way, once the signal has aborted. */
  readonly ended: Promise<void>;
};

/** Repeats a job until the signal aborts. After a failure it rests 1, 2, 4 … 30 s; a failure never ends it. */
export function startJob(
  job: Job,
  options: { log: Log; signal: AbortSignal; ran(job: string, isGood: boolean, seconds: number): void },
): RunningJob {
  const { log, signal, ran } = options;
  let wake = new AbortController();
  let failures = 0;

  async function repeat(): Promise<void> {
    const stop = () => wake.abort();
    signal.addEventListener("abort", stop);
    while (!signal.aborted) {
      wake = new AbortController();
      const more = await once();
      if (more || signal.aborted) continue;
      if (failures === 0) await pause(job.everyMs, wake.signal);
      else await pause(Math.min(BACK_OFF_MS_MAX, SECOND_MS * 2 ** (failures - 1)), signal);
    }
    signal.removeEventListener("abort", stop);
  }

  async function once(): Promise<boolean> {
    const startedAt = performance.now();
    const tell = (isGood: boolean) => ran(job.name, isGood, (performance.now() - startedAt) / SECOND_MS);
    try {
      const more = await job.run();
      tell(true);
      if (failures > 0) log.info({ job: job.name, failures }, "job recovered");
      failures = 0;
      return more;
    } catch (error) {
      failures++;
      tell(false);
      log.warn({ job: job.name, failures, err: error }, "job failed and will be repeated");
      return false;
    }
  }

  return { nudge: () => wake.abort(), ended: repeat() };
}
