import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import type { Ending } from "./story.ts";
import type { Order, Told } from "./worker.ts";

/** Which seeds, on how many threads, against which code. */
export type Simulation = {
  from: number;
  seeds: number;
  workers: number;
  mutant: string | null;
  stopAtFirst: boolean;
  /** Other than what stories have: seeds that once found a defect are told as long as they were then. */
  steps?: number;
  say?: (told: number) => void;
};
/** What came of it. `deeds` counts what happened over all seeds: a story in which nothing happens proves nothing. */
export type Result = {
  seeds: number;
  failed: Ending[];
  seconds: number;
  deeds: Record<string, number>;
  hashes: Record<number, string>;
};

/** Tells the stories of many seeds on several threads. */
export async function simulate(simulation: Simulation): Promise<Result> {
  const { from, seeds, workers, mutant, stopAtFirst, steps } = simulation;
  const began = performance.now();
  const result: Result = { seeds: 0, failed: [], seconds: 0, deeds: {}, hashes: {} };
  const running: Worker[] = [];
  const take = (told: Told) => {
    result.seeds += told.seeds;
    result.failed.push(...told.failed);
    Object.assign(result.hashes, told.hashes);
    for (const [deed, times] of Object.entries(told.deeds)) result.deeds[deed] = (result.deeds[deed] ?? 0) + times;
    simulation.say?.(result.seeds);
    if (stopAtFirst && told.failed.length > 0) for (const worker of running) void worker.terminate();
  };
  await Promise.all(
    Array.from({ length: workers }, (_, i) => {
      const order: Order = {
        from: from + i,
        below: from + seeds,
        step: workers,
        mutant,
        stopAtFirst,
        ...(steps !== undefined && { steps }),
      };
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: order });
      running.push(worker);
      return new Promise<void>((resolve, reject) => {
        worker.on("message", take);
        worker.on("error", reject);
        worker.on("exit", () => resolve());
      });
    }),
  );
  result.seconds = Math.round((performance.now() - began) / 100) / 10;
  return result;
}
