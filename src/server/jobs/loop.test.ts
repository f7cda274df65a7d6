import { expect, test } from "vitest";
import { silentLog } from "#system/log.ts";
import { type Job, startJob } from "./loop.ts";

const HOUR_MS = 3_600_000;

function job(run: (times: number) => Promise<boolean>, everyMs = HOUR_MS) {
  const stop = new AbortController();
  let times = 0;
  const runs: boolean[] = [];
  const made: Job = { name: "test", everyMs, run: () => run(++times) };
  return {
    stop,
    started: startJob(made, { log: silentLog, signal: stop.signal, ran: (_, isGood) => runs.push(isGood) }),
    runs,
  };
}

test("a job goes on at once while more is waiting, then rests", async () => {
  const rested = Promise.withResolvers<number>();
  const { stop, started } = job(async (times) => {
    if (times === 4) rested.resolve(times);
    return times < 4;
  });
  expect(await rested.promise).toBe(4);
  stop.abort();
  await started.ended;
});

test("a nudge cuts the rest short", async () => {
  const again = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const { stop, started } = job(async (times) => {
    if (times === 1) first.resolve();
    else again.resolve();
    return false;
  });
  await first.promise;
  await new Promise(setImmediate);
  started.nudge();
  await again.promise;
  stop.abort();
  await started.ended;
});

test("a run never overlaps the one before, and stopping waits for the run under way", async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let under = 0;
  let most = 0;
  const { stop, started } = job(async () => {
    most = Math.max(most, ++under);
    begun.resolve();
    await release.promise;
    under--;
    return false;
  }, 1);
  await begun.promise;
  started.nudge();
  stop.abort();
  release.resolve();
  await started.ended;
  expect(most).toBe(1);
  expect(under).toBe(0);
});

test("a failure does not end a job: it is repeated after a while", async () => {
  const recovered = Promise.withResolvers<void>();
  const { stop, started, runs } = job(async (times) => {
    if (times === 1) throw new Error("database away");
    recovered.resolve();
    return false;
  });
  await recovered.promise;
  stop.abort();
  await started.ended;
  expect(runs).toEqual([false, true]);
});

test("a job that fails while it is being stopped still ends", async () => {
  const { stop, started } = job(async () => {
    await Promise.resolve();
    stop.abort();
    throw new Error("closing");
  });
  await expect(started.ended).resolves.toBeUndefined();
});
