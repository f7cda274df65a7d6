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
import { type Bytes, fromHex } from "#protocol/bytes.ts";
import { type BusTiming, lineMs } from "#simulator/bus.ts";
import { createConcentrator } from "#simulator/concentrator.ts";
import { quiet } from "#simulator/log.ts";
import { type TownPlan, townPlan } from "#simulator/plan.ts";
import { createTown } from "#simulator/town.ts";
import { openDatabase } from "#store/db.ts";
import { pause } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import type { BenchLine } from "./line-format.ts";

const METERS = 40;
/** The default of RS-485 meters, and their delay before they answer: the shortest allowed is 20 ms. */
const TIMING: BusTiming = { baud: 2400, replyDelayMs: 30 };
/** Long enough that every meter is read exactly once during the bench. */
const INTERVAL_SECONDS = "3600";
const ROUND_MS_MAX = 120_000;
const TARGET = 1.05;

/**
 * How much longer than the bare line a scheduled round takes: 40 meters on one simulated bus in real time, read by the
 * real collector into a real database. The line time is added up where the bytes pass, on the simulated bus of the same
 * run; what is above it is our own thinking, the network, the timers and the commits.
 */
export async function bench(): Promise<BenchLine[]> {
  const folder = await mkdtemp(join(tmpdir(), "jichao-line-"));
  try {
    const { tookMs, lineTimeMs, exchanges } = await measureRound(join(folder, "bench.db"));
    const ratio = tookMs / lineTimeMs;
    return [
      {
        bench: "line",
        case: `one scheduled round of ${METERS} meters at ${TIMING.baud} baud, ${exchanges} exchanges`,
        value: tookMs / 1000,
        unit: "s",
        floor: "bytes on the wire × 11 bits ÷ baud + reply delays, in the same run",
        ratio,
        target: TARGET,
        met: ratio <= TARGET,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureRound(file: string): Promise<{ tookMs: number; lineTimeMs: number; exchanges: number }> {
  const clock = () => instant(Date.now());
  const db = await openDatabase(`sqlite:${file}`);
  await db.migrate();
  const sealer = createSealer("42".repeat(32));
  const ctx = { db, clock, newId, log: silentLog };
  const plan = townPlan({ seed: 1, concentrators: 1, metersPer: METERS, waterPer: 0 });
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
  const town = createTown({ plan, speed: 1, bus: TIMING });
  let lineTimeMs = 0;
  let exchanges = 0;
  const hear = (port: number, request: Bytes) => {
    const sounds = town.hear(own.id, port, request);
    const bytes = sounds.reduce((sum, sound) => sum + sound.bytes.length, request.length);
    lineTimeMs += lineMs(bytes, TIMING.baud) + TIMING.replyDelayMs;
    exchanges++;
    return sounds;
  };
  const concentrator = createConcentrator({
    plan: own,
    ports: [1],
    timing: TIMING,
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
    let lastAnswerAt = startedAt;
    let answered = 0;
    // The round is over when the bus has been quiet for longer than an exchange, and every meter has been recorded.
    while (performance.now() - lastAnswerAt < 1_000 || (await metersRead(db)) < METERS) {
      await pause(2);
      const { exchanges: counts } = collector.state();
      assert(counts.timeout === 0 && counts.corrupt === 0, "an undisturbed line answers every question");
      if (counts.answered !== answered) lastAnswerAt = performance.now();
      answered = counts.answered;
      assert(performance.now() - startedAt < ROUND_MS_MAX, "the round did not end");
    }
    assert(answered === exchanges, "every exchange on the bus was an answered question");
    return { tookMs: lastAnswerAt - startedAt, lineTimeMs, exchanges };
  } finally {
    await collector.close();
    await concentrator.close();
    await town.close();
    await db.close();
  }
}

async function metersRead(db: Awaited<ReturnType<typeof openDatabase>>): Promise<number> {
  const rows = await db.read.selectFrom("meter_state").select("meter_id").where("index_at", ">", 0).execute();
  return rows.length;
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
