import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { assert } from "#base/errors.ts";
import type { Item } from "#collector/drivers/driver.ts";
import { driverNamed } from "#collector/drivers/drivers.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { type BusTiming, lineMs, type Sound } from "#simulator/bus.ts";
import type { MeterPlan } from "#simulator/plan.ts";
import { pause } from "#system/clock.ts";
import type { BenchLine } from "./line-format.ts";
import { openOneBus } from "./one-bus.ts";

const METERS = 500;
const PROFILE = "jc1";
/** Long enough that every meter is read exactly once during the bench. */
const INTERVAL_SECONDS = 36_000;
/** A round of 500 radio meters with its losses takes a quarter of an hour. */
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
  /** Of every answer in the order in which they went over the bus: the first to a question of the round. Clocks, read when it rests, are not of it. */
  const isFirst: boolean[] = [];
  const wanted = new Set<string>();
  let sent = 0;
  const heard = (request: Bytes, [sound]: readonly Sound[]) => {
    const question = toHex(request);
    if (wanted.has(question)) sent++;
    if (!sound) return;
    isFirst.push(wanted.has(question) && !lineTimes.has(question));
    if (!wanted.has(question)) return;
    const bytesMs = lineMs(request.length, timing.baud) + lineMs(sound.bytes.length, timing.baud);
    lineTimes.set(question, bytesMs + timing.replyDelayMs);
  };
  const bus = await openOneBus({ file, timing, meters, intervalSeconds: INTERVAL_SECONDS, faults, heard });
  const { plan, collector } = bus;
  for (const meter of plan.meters) for (const question of questionsTo(meter)) wanted.add(question);
  try {
    await bus.dial();
    const startedAt = performance.now();
    let heardAt = startedAt;
    let answered = 0;
    const readAt: number[] = [];
    // The round is over when every reading is there, or none has come for longer than an exchange with all its repeats.
    while (readAt.length < wanted.size && performance.now() - heardAt < QUIET_MS) {
      await pause(2);
      const { exchanges: counts } = collector.state();
      assert(counts.corrupt + counts.foreign + counts.mismatch === 0, "nobody speaks into another's answer");
      for (; answered < counts.answered; answered++) {
        if (!isFirst[answered]) continue;
        heardAt = performance.now();
        readAt.push(heardAt - startedAt);
      }
      assert(performance.now() - startedAt < ROUND_MS_MAX, "the round did not end");
    }
    const nearlyAllMs = readAt[Math.ceil(wanted.size * READINGS_SHARE_MIN) - 1] ?? null;
    const lineTimeMs = [...lineTimes.values()].reduce((sum, ms) => sum + ms, 0);
    return { tookMs: heardAt - startedAt, nearlyAllMs, lineTimeMs, readings: readAt.length, asked: wanted.size, sent };
  } finally {
    await bus.close();
  }
}

/** Longer than an exchange with all its repeats. */
const QUIET_MS = 8_000;

/** What a round asks of a meter, as hex: index and status, credit where it is, and of one that has none left, how far it is overdrawn. */
function questionsTo({ address, creditAt, initialCreditWh }: MeterPlan): string[] {
  const driver = driverNamed(PROFILE);
  assert(driver, "the bench's meters have a driver");
  const items: Item[] = creditAt === "server" ? ["index", "status"] : ["index", "status", "remaining"];
  const places = items.map((item) => driver.placeOf(item));
  if (creditAt === "meter" && initialCreditWh <= 0) places.push(driver.overdraftPlace);
  return places.filter((place) => place !== null).map((place) => toHex(driver.encodeRead(address, place, 0)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
