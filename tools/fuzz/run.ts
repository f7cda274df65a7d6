import { toHex } from "#protocol/bytes.ts";
import { readCorpus } from "./corpus.ts";
import type { Target } from "./must.ts";
import { type Input, mutate } from "./mutate.ts";
import { randomAt } from "./random.ts";
import { makeTargets } from "./targets.ts";

/** What to do: `from` lets one input of an earlier run be had again. */
export type Order = { frames: number; seed: number; from: number; protocol: string | null };

/** One input that was not as it must be. */
export type Failure = { seed: number; index: number; what: string; hex: string };

/** The figures of a run. `accepted` counts inputs in which a protocol found something, `refused` the others. */
export type Report = {
  frames: number;
  seconds: number;
  perSecond: number;
  accepted: number;
  refused: number;
  byProtocol: Record<string, { accepted: number; refused: number }>;
  worstMs: number;
  rssGrowthMB: number;
  failures: Failure[];
};

/** An input that takes longer in one decoder is a failure: a line of 9600 baud needs 17 s for the longest of them. */
const INPUT_MS_MAX = 250;
/** From here on a time is measured again, by the processor's clock: on a busy machine the other one counts its pauses. */
const DOUBTFUL_MS = 10;
/** Memory that a run may gain after its first inputs; more is a leak. */
const RSS_GROWTH_MB_MAX = 200;
const WARM_UP = 20_000;
/** More failures than these are the same one again. */
const FAILURES_MAX = 20;

/** Puts changed frames through every decoder. `reached` is called with the index of each input before it is tried. */
export function run({ frames, seed, from, protocol }: Order, reached: (index: number) => void = () => {}): Report {
  const corpus = readCorpus().filter((each) => protocol === null || each.protocol === protocol);
  const chosen = makeTargets().filter((each) => protocol === null || each.name === protocol);
  if (corpus.length === 0 || chosen.length === 0) throw new Error(`no frames or no decoder of ${protocol}`);
  const counts = chosen.map((target) => ({ target, accepted: 0 }));
  const failures: Failure[] = [];
  const start = performance.now();
  let rss = process.memoryUsage.rss();
  let worstMs = 0;
  let accepted = 0;
  let done = 0;
  for (; done < frames && failures.length < FAILURES_MAX; done++) {
    const index = from + done;
    reached(index);
    const input = mutate(randomAt(seed, index), corpus);
    const fail = (what: string) => failures.push({ seed, index, what, hex: toHex(input.bytes) });
    let found = false;
    for (const count of counts) {
      const outcome = tried(count.target, input);
      worstMs = Math.max(worstMs, outcome.ms);
      if (outcome.what !== null) fail(`${count.target.name}: ${outcome.what}`);
      if (outcome.ms > INPUT_MS_MAX) fail(`${count.target.name}: ${outcome.ms.toFixed(0)} ms`);
      if (outcome.accepted) count.accepted++;
      found ||= outcome.accepted;
    }
    if (found) accepted++;
    if (done === WARM_UP) rss = process.memoryUsage.rss();
  }
  const seconds = (performance.now() - start) / 1000;
  const rssGrowthMB = rounded((process.memoryUsage.rss() - rss) / 2 ** 20);
  if (done > 2 * WARM_UP && rssGrowthMB > RSS_GROWTH_MB_MAX) {
    failures.push({ seed, index: from + done, what: `memory grew by ${rssGrowthMB} MB`, hex: "" });
  }
  return {
    frames: done,
    seconds: rounded(seconds),
    perSecond: Math.round(done / seconds),
    accepted,
    refused: done - accepted,
    byProtocol: Object.fromEntries(
      counts.map(({ target, accepted }) => [target.name, { accepted, refused: done - accepted }]),
    ),
    worstMs: rounded(worstMs),
    rssGrowthMB,
    failures,
  };
}

type Outcome = { accepted: boolean; what: string | null; ms: number };

function tried(target: Target, input: Input): Outcome {
  let outcome = once(target, input);
  if (outcome.ms > DOUBTFUL_MS) outcome = once(target, input, processorMs);
  return outcome;
}

function once(target: Target, input: Input, clock = () => performance.now()): Outcome {
  const start = clock();
  try {
    const accepted = target.accepts(input);
    return { accepted, what: null, ms: clock() - start };
  } catch (error) {
    const what = error instanceof Error ? `${error.message}${placeOf(error)}` : String(error);
    return { accepted: false, what, ms: clock() - start };
  }
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Where in the protocol layer it was thrown; nowhere for what the targets themselves found. */
function placeOf(error: Error): string {
  const place = /src\/protocol\/[^\s)]+/.exec(error.stack ?? "")?.[0];
  return place === undefined ? "" : ` (${place})`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
