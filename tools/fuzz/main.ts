import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { toHex } from "#protocol/bytes.ts";
import { readCorpus } from "./corpus.ts";
import { mutate } from "./mutate.ts";
import { randomAt } from "./random.ts";
import type { Failure, Order, Report } from "./run.ts";

/** An input that has not come through after so long never will. */
const HANG_MS = 20_000;

// npm hands the "--" on that stands before the options.
const { values } = parseArgs({
  args: process.argv.slice(process.argv[2] === "--" ? 3 : 2),
  options: {
    frames: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    protocol: { type: "string" },
  },
});
const order: Order = {
  frames: Number(values.frames),
  seed: Number(values.seed),
  from: Number(values.from),
  protocol: values.protocol ?? null,
};
if (![order.frames, order.seed, order.from].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  console.error("usage: npm run fuzz -- [--frames 1000000] [--seed 1] [--from 0] [--protocol qgdw1376.1]");
  process.exit(2);
}

const reached = new BigInt64Array(new SharedArrayBuffer(8));
const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: { order, reached } });
let last = -1n;
const watch = setInterval(() => {
  const now = Atomics.load(reached, 0);
  if (now === last) end({ failures: [hung(Number(now))] });
  last = now;
}, HANG_MS);
worker.on("message", (report: Report) => end(report));
worker.on("error", (error) => {
  console.error(error);
  process.exit(1);
});

function end(report: Partial<Report> & { failures: Failure[] }): void {
  clearInterval(watch);
  console.log(JSON.stringify(report));
  process.exit(report.failures.length === 0 ? 0 : 1);
}

function hung(index: number): Failure {
  const corpus = readCorpus().filter((each) => order.protocol === null || each.protocol === order.protocol);
  const { bytes } = mutate(randomAt(order.seed, index), corpus);
  return { seed: order.seed, index, what: `no end after ${HANG_MS} ms`, hex: toHex(bytes) };
}
