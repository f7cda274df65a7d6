import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { type Mutant, mutants, mutate } from "./mutants.ts";
import type { Ending } from "./story.ts";

/** Seeds from … below, every `step`-th; with a mutant of the code if one is named. */
export type Order = {
  from: number;
  below: number;
  step: number;
  mutant: string | null;
  stopAtFirst: boolean;
  steps?: number;
};
/** What one worker has found so far. */
export type Told = { seeds: number; failed: Ending[]; deeds: Record<string, number>; hashes: Record<number, string> };

/** Seeds between two reports. */
const REPORT_EVERY = 25;

const order = workerData as Order;
const mutant = order.mutant === null ? undefined : mutants[order.mutant];
if (mutant) loadMutated(mutant);

const { openStoryDatabase } = await import("./site.ts");
const { tell } = await import("./story.ts");
const site = await openStoryDatabase();
let told: Told = empty();
for (let seed = order.from; seed < order.below; seed += order.step) {
  await site.reset();
  const ending = await tell(site.db, seed, order.steps);
  told.seeds++;
  told.hashes[seed] = ending.hash;
  for (const [deed, times] of Object.entries(ending.deeds)) told.deeds[deed] = (told.deeds[deed] ?? 0) + times;
  if (ending.violations.length > 0) told.failed.push(ending);
  const ends = order.stopAtFirst && told.failed.length > 0;
  if (ends || told.seeds >= REPORT_EVERY) report();
  if (ends) break;
}
report();
await site.close();
parentPort?.close();

function report(): void {
  parentPort?.postMessage(told);
  told = empty();
}

function empty(): Told {
  return { seeds: 0, failed: [], deeds: {}, hashes: {} };
}

function loadMutated(wanted: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!wanted.edits.some(({ file }) => url.endsWith(file))) return loaded;
      return { ...loaded, source: mutate(url, String(loaded.source), wanted) };
    },
  });
}
