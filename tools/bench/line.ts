import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { assert } from "#base/errors.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { type BusTiming, lineMs, type Sound } from "#simulator/bus.ts";
import type { MeterPlan } from "#simulator/plan.ts";
import { pause } from "#system/clock.ts";
import type { BenchLine } from "./line-format.ts";
import { openOneBus } from "./one-bus.ts";

const METERS = 500;
/** Long enough that every meter is read exactly once during the bench. */
const INTERVAL_SECONDS = 36_000;
/** A round of 500 radio meters with its losses, and the clocks that are read after it, takes a quarter of an hour. */
const ROUND_MS_MAX = 2_400_000;
/** Half of the losses are questions, half are answers. */
const LOSS = 0.05;
/** Of 1500 readings so many at least must have come. */
const READINGS_SHARE_MIN = 0.999;

/** The default of RS-485 meters, with a delay near the shortest allowed (20 ms); and radio, where a modem turns round first. */
const LINES = {
  "2400 baud": { baud: 2400, replyDelayMs: 30 },
  "LoRa SF9": { baud: "sf9", replyDelayMs: 60 },
} as const satisfies Record<string, BusTiming>;
type LineName = keyof typeof LINES;

type Measured = {
  /** Until the last answer. */
  tookMs: number;
  /** Until 99.9 % of the readings were there; null when they never were. */
  nearlyAllMs: number | null;
  /** Every question that was answered, once, with its answer and the meter's delay. */
  lineTimeMs: number;
  readings: number;
  asked: number;
  sent: number;
};

/**
 * How much longer than the bare line a scheduled round takes: the meters of one simulated bus in real time, read by the real collector
 * into a real database. The line time is added up where the bytes pass, on the simulated bus of the same run, once for each reading; what
 * is above it is our own thinking, the network, the timers, the commits, and what was lost. `meters` makes it shorter. The four cases
 * run at one time, each with a collector and a database of its own: together they need a few hundredths of a core.
 */
export async function bench(options: { meters?: number } = {}): Promise<BenchLine[]> {
  const meters = options.meters ?? METERS;
  const folder = await mkdtemp(join(tmpdir(), "jichao-line-"));
  try {
    const cases = (Object.keys(LINES) as LineName[]).flatMap((line) => [0, LOSS].map((loss) => ({ line, loss })));
    const lines = await Promise.all(
      cases.map(async ({ line, loss }, i) =>
        lineOf({ line, loss, meters }, await measureRound({ file: join(folder, `${i}.db`), line, loss, meters })),
      ),
    );
    return lines;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function lineOf(what: { line: LineName; loss: number; meters: number }, measured: Measured): BenchLine {
  const { tookMs, nearlyAllMs, lineTimeMs, readings, asked, sent } = measured;
  const target = what.loss === 0 ? 1.03 : 1.15;
  const valueMs = what.loss === 0 ? tookMs : (nearlyAllMs ?? Number.POSITIVE_INFINITY);
  const ratio = valueMs / lineTimeMs;
  const until = what.loss === 0 ? "all" : "99.9 %";
  return {
    bench: "line",
    case: `a round of ${what.meters} meters, ${what.line}, ${what.loss * 100} % of exchanges lost: ${until} of ${asked} readings (${readings} came, ${sent} questions)`,
    value: Math.round(valueMs) / 1000,
    unit: "s",
    floor: "each reading's bytes on the line and reply delay, once, in the same run",
    ratio: Math.round(ratio * 1e4) / 1e4,
    target,
    met: ratio <= target,
  };
}

async function measureRound(options: {
  file: string;
  line: LineName;
  loss: number;
  meters: number;
}): Promise<Measured> {
  const { file, loss, meters } = options;
  const timing: BusTiming = LINES[options.line];
  const faults = { everywhere: { loseRequest: loss / 2, loseAnswer: loss / 2 } };
  const lineTimes = new Map<string, number>();
  let sent = 0;
  const heard = (request: Bytes, [sound]: readonly Sound[]) => {
    sent++;
    if (!sound) return;
    const bytesMs = lineMs(request.length, timing.baud) + lineMs(sound.bytes.length, timing.baud);
    lineTimes.set(toHex(request), bytesMs + timing.replyDelayMs);
  };
  const bus = await openOneBus({ file, timing, meters, intervalSeconds: INTERVAL_SECONDS, faults, heard });
  const { plan, collector } = bus;
  try {
    await bus.dial();
    const startedAt = performance.now();
    let heardAt = startedAt;
    let answered = 0;
    const answeredAt: number[] = [];
    // The round is over when the bus has been quiet for longer than an exchange with all its repeats.
    while (performance.now() - heardAt < QUIET_MS) {
      await pause(2);
      const { exchanges: counts } = collector.state();
      assert(counts.corrupt + counts.foreign + counts.mismatch === 0, "nobody speaks into another's answer");
      if (counts.answered !== answered) heardAt = performance.now();
      while (answered < counts.answered) answeredAt[answered++] = heardAt - startedAt;
      assert(performance.now() - startedAt < ROUND_MS_MAX, "the round did not end");
    }
    // Also what was never asked, because its meter had not answered before.
    const planned = plan.meters.reduce((sum, meter) => sum + itemsOf(meter), 0);
    // And the clocks, which are read once a day behind the round: their line time counts, so they have to have come too.
    const wanted = Math.max(planned, lineTimes.size);
    const nearlyAllMs = answeredAt[Math.ceil(wanted * READINGS_SHARE_MIN) - 1] ?? null;
    const lineTimeMs = [...lineTimes.values()].reduce((sum, ms) => sum + ms, 0);
    return { tookMs: heardAt - startedAt, nearlyAllMs, lineTimeMs, readings: answered, asked: wanted, sent };
  } finally {
    await bus.close();
  }
}

/** Longer than an exchange with all its repeats. */
const QUIET_MS = 8_000;

/** What a round asks of a meter: index and status, credit where it is, and of one that has none left, how far it is overdrawn. */
function itemsOf({ creditAt, initialCreditWh }: MeterPlan): number {
  if (creditAt === "server") return 2;
  return initialCreditWh <= 0 ? 4 : 3;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
