import { parentPort, workerData } from "node:worker_threads";
import { type Order, run } from "./run.ts";

/** Runs an order in a thread of its own and writes down which input it has reached, so that a hang can be named. */
const { order, reached }: { order: Order; reached: BigInt64Array } = workerData;
parentPort?.postMessage(
  run(order, (index) => {
    Atomics.store(reached, 0, BigInt(index));
  }),
);
