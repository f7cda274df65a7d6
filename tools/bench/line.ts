import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { assert } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { collectorConfig } from "#collector/config.ts";
import { runCollector } from "#collector/main.ts";
import { enrollSite } from "#flows/enroll.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { type BusTiming, lineMs } from "#simulator/bus.ts";
import { createConcentrator } from "#simulator/concentrator.ts";
import { quiet } from "#simulator/log.ts";
import { type MeterPlan, type TownPlan, townPlan } from "#simulator/plan.ts";
import { createTown } from "#simulator/town.ts";
import { openDatabase } from "#store/db.ts";
import { pause } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import type { BenchLine } from "./line-format.ts";

const METERS = 500;
/** Long enough that every meter is read exactly once during the bench. */
const INTERVAL_SECONDS = "36000";
const ROUND_MS_MAX = 900_000;
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
  const clock = () => instant(Date.now());
  const db = await openDatabase(`sqlite:${file}`);
  await db.migrate();
  const sealer = createSealer("42".repeat(32));
  const ctx = { db, clock, newId, log: silentLog };
  const drawn = townPlan({ seed: 1, concentrators: 1, metersPer: meters, waterPer: 0 });
  const plan = { ...drawn, meters: drawn.meters.map((meter) => ({ ...meter, profile: "jc1" })) };
  const [own] = plan.concentrators;
  assert(own, "the town has a concentrator");
  await enrollSite(ctx, sealer, archiveOf(plan));
  const config = collectorConfig({
    JICHAO_LINK_HOST: "127.0.0.1",
    JICHAO_LINK_PORT: "0",
    JICHAO_COLLECTOR_HTTP_PORT: "0",
    JICHAO_COLLECTOR_ID: "bench",
    JICHAO_READ_INTERVAL_SECONDS: INTERVAL_SECONDS,
  });
  const faults = { everywhere: { loseRequest: loss / 2, loseAnswer: loss / 2 } };
  const town = createTown({ plan, speed: 1, bus: timing, faults, seed: 5 });
  const lineTimes = new Map<string, number>();
  let sent = 0;
  const hear = (port: number, request: Bytes) => {
    const sounds = town.hear(own.id, port, request);
    const question = toHex(request);
    sent++;
    const [sound] = sounds;
    if (sound) {
      const bytesMs = lineMs(request.length, timing.baud) + lineMs(sound.bytes.length, timing.baud);
      lineTimes.set(question, bytesMs + timing.replyDelayMs);
    }
    return sounds;
  };
  const concentrator = createConcentrator({
    plan: own,
    ports: [1],
    timing,
    hear,
    strike: () => ({ split: false, merge: false, interrupt: false, flap: false }),
    random: () => 0.5,
    clockMs: clock,
    log: quiet,
  });
  const collector = await runCollector(config, { ...ctx, sealer }, new AbortController().signal);
  try {
    concentrator.dial({ host: "127.0.0.1", port: collector.linkPort });
    await concentrator.whenOnline();
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
    const wanted = plan.meters.reduce((sum, meter) => sum + itemsOf(meter), 0);
    const nearlyAllMs = answeredAt[Math.ceil(wanted * READINGS_SHARE_MIN) - 1] ?? null;
    const lineTimeMs = [...lineTimes.values()].reduce((sum, ms) => sum + ms, 0);
    return { tookMs: heardAt - startedAt, nearlyAllMs, lineTimeMs, readings: answered, asked: wanted, sent };
  } finally {
    await collector.close();
    await concentrator.close();
    await town.close();
    await db.close();
  }
}

/** Longer than an exchange with all its repeats. */
const QUIET_MS = 8_000;

/** What a round asks of a meter: index and status, credit where it is, and of one that has none left, how far it is overdrawn. */
function itemsOf({ creditAt, initialCreditWh }: MeterPlan): number {
  if (creditAt === "server") return 2;
  return initialCreditWh <= 0 ? 4 : 3;
}

function archiveOf(plan: TownPlan): Parameters<typeof enrollSite>[2] {
  return {
    project: "bench",
    areas: [
      {
        name: "A",
        meters: plan.meters.map((meter) => ({
          number: meter.number,
          address: meter.address,
          label: meter.room,
          concentrator: meter.concentrator,
          bus: meter.port,
          kind: meter.kind,
          profile: "jc1",
          mode: "prepaid" as const,
          switchKind: "relay" as const,
          closesBy: meter.closesBy,
          creditAt: meter.creditAt,
          priceE4: meter.priceE4,
          ratio: 1,
          powerMaxW: 60_000,
          lowCreditWh: 10_000,
          customer: { name: meter.customerName, phone: "", number: meter.customerNumber },
          openingIndexWh: meter.initialIndexWh,
          purchaseCount: 0,
          openingCreditWh: meter.initialCreditWh,
        })),
      },
    ],
    concentrators: plan.concentrators.map(({ id, key }) => ({ code: id, name: id, key: hexBytes(key) })),
    meterMasterKey: hexBytes(plan.masterKey),
  };
}

function hexBytes(text: string): Bytes {
  const bytes = fromHex(text);
  assert(bytes, `not hex: ${text}`);
  return bytes;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
