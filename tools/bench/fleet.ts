import { fork } from "node:child_process";
import { Session } from "node:inspector/promises";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { assert } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { collectorConfig } from "#collector/config.ts";
import { type RunningCollector, runCollector } from "#collector/main.ts";
import { pause } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { lagOf } from "#system/metrics.ts";
import { createSealer } from "#system/seal.ts";
import { startSharedMariadb } from "../../test/mariadb.ts";
import type { FleetOrder, FleetReport } from "./fleet-concentrators.ts";
import { buildFleet } from "./fleet-town.ts";
import type { BenchLine, BenchOptions } from "./line-format.ts";

const CONCENTRATORS = 1_000;
const METERS = 500;
const SECONDS = 30;
/** Each step makes the buses quicker, as more concentrators would: four times the frames of a 2400-baud fleet at 9600. */
const BAUDS = [2_400, 4_800, 9_600, 19_200, 38_400] as const;
const BUSY_MIN = 0.98;
const LAG_MS_MAX = 100;
const SETTLE_MS = 8_000;
const DIALS_PER_SECOND = 200;
const ONLINE_MS_MAX = 120_000;
const TOP = 6;

type Stage = {
  baud: number;
  framesPerSecond: number;
  cpuMsPerThousand: number;
  cores: number;
  lagMs: number;
  busy: number;
  rssMb: number;
  waiting: number;
};

/**
 * One collector process with a whole fleet: real TCP, real database, concentrators in another process that answer from prepared frames
 * after the time that their line takes. All meters are due all the time. The line is then made quicker until the event loop is late or
 * the buses wait for us: that is the knee, and the profile of that stage says what limits it.
 */
export async function fleet(database: "sqlite" | "mariadb", options: BenchOptions): Promise<BenchLine[]> {
  const { concentrators = CONCENTRATORS, meters = METERS, seconds = SECONDS } = options;
  const server = await startSharedMariadb();
  if (database === "mariadb" && server === null) return [];
  const { freshDatabase } = await import("#store/test-databases.ts");
  const db = await freshDatabase(database);
  const sealer = createSealer("42".repeat(32));
  const child = fork(fileURLToPath(new URL("./fleet-concentrators.ts", import.meta.url)));
  const tell = (order: FleetOrder) => child.send(order);
  let collector: RunningCollector | undefined;
  try {
    await buildFleet(db, sealer, { concentrators, meters });
    const config = collectorConfig({
      JICHAO_LINK_HOST: "127.0.0.1",
      JICHAO_LINK_PORT: "0",
      JICHAO_COLLECTOR_HTTP_PORT: "0",
      JICHAO_COLLECTOR_ID: "bench",
      JICHAO_READ_INTERVAL_SECONDS: "1",
      JICHAO_STRANGERS_PER_SOURCE_MAX: "5000",
    });
    const clock = () => instant(Date.now());
    const emptyMb = process.memoryUsage().rss / 1e6;
    const ctx = { db, clock, newId, log: silentLog };
    collector = await runCollector(config, { ...ctx, sealer }, new AbortController().signal);
    const online = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the fleet did not come online")), ONLINE_MS_MAX);
      child.on("message", (report: FleetReport) => {
        if (report.concentrators < concentrators) return;
        clearTimeout(timer);
        resolve();
      });
    });
    tell({ kind: "dial", port: collector.linkPort, concentrators, dialPerSecond: DIALS_PER_SECOND });
    await online;
    const lines: BenchLine[] = [];
    for (const baud of BAUDS) {
      tell({ kind: "baud", baud });
      await pause(SETTLE_MS);
      const { stage, hot } = await measure(collector, baud, seconds);
      const size = `${concentrators} × ${meters} on ${database}, ${baud} baud`;
      lines.push(...linesOf(size, stage, (stage.rssMb - emptyMb) / concentrators));
      if (stage.lagMs <= LAG_MS_MAX && stage.busy >= BUSY_MIN) continue;
      const why = `the knee: ${stage.lagMs > LAG_MS_MAX ? "late event loop" : "idle buses"}; most time in ${hot.join(", ")}`;
      lines.push(figure(`${size}: ${why}`, Math.round(stage.framesPerSecond), "frames/s"));
      break;
    }
    return lines;
  } finally {
    await collector?.close();
    child.disconnect();
    await db.drop();
    await server?.stop();
  }
}

/** The fleet on MariaDB. */
export function bench(options: BenchOptions): Promise<BenchLine[]> {
  return fleet("mariadb", options);
}

async function measure(collector: RunningCollector, baud: number, seconds: number) {
  const profiler = new Session();
  profiler.connect();
  await profiler.post("Profiler.enable");
  await profiler.post("Profiler.setSamplingInterval", { interval: 2_000 });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  const before = await look(collector);
  const cpu = process.cpuUsage();
  delay.enable();
  await profiler.post("Profiler.start");
  await pause(seconds * 1_000);
  delay.disable();
  const used = process.cpuUsage(cpu);
  const after = await look(collector);
  const { profile } = await profiler.post("Profiler.stop");
  profiler.disconnect();
  const ms = after.at - before.at;
  const exchanges = after.answered - before.answered;
  const cpuMs = (used.user + used.system) / 1_000;
  const stage: Stage = {
    baud,
    // A question and its answer.
    framesPerSecond: (2 * exchanges * 1_000) / ms,
    cpuMsPerThousand: (cpuMs * 1_000) / (2 * exchanges),
    cores: cpuMs / ms,
    lagMs: lagOf(delay)["0.99"] * 1_000,
    busy: ((after.busyS - before.busyS) * 1_000) / (ms * after.buses),
    rssMb: process.memoryUsage().rss / 1e6,
    waiting: collector.state().ingest.waiting,
  };
  return { stage, hot: hottest(profile) };
}

async function look(collector: RunningCollector) {
  const answer = await fetch(`http://127.0.0.1:${collector.doorPort}/metrics`);
  const text = await answer.text();
  const figureOf = (name: string) => {
    const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(text) ?? [];
    assert(value !== undefined, `${name} is told`);
    return Number(value);
  };
  return {
    at: performance.now(),
    answered: collector.state().exchanges.answered,
    busyS: figureOf("jichao_bus_busy_seconds_total"),
    buses: figureOf("jichao_buses"),
  };
}

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples?: number[] | undefined;
};

/** Where the processor was found most often, with its share of the time that it was not idle. */
function hottest({ nodes, samples = [] }: Profile): string[] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      url === "" ? functionName : `${functionName || "?"} ${url.split("/").slice(-2).join("/")}:${lineNumber + 1}`,
    ]),
  );
  const counts = new Map<string, number>();
  for (const id of samples) counts.set(names.get(id) ?? "?", (counts.get(names.get(id) ?? "?") ?? 0) + 1);
  counts.delete("(idle)");
  const busy = [...counts.values()].reduce((sum, n) => sum + n, 0);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([name, n]) => `${name} ${Math.round((n * 100) / busy)} %`);
}

function linesOf(size: string, stage: Stage, mbPerConcentrator: number): BenchLine[] {
  const busy = Math.round(stage.busy * 1e4) / 1e4;
  return [
    {
      bench: "fleet",
      case: `${size}: busy share of the buses (${stage.waiting} reports waiting)`,
      value: busy,
      unit: "of the time",
      floor: "buses that are never idle",
      ratio: busy,
      target: BUSY_MIN,
      met: stage.busy >= BUSY_MIN,
    },
    {
      bench: "fleet",
      case: `${size}: p99 of the lag of the event loop`,
      value: Math.round(stage.lagMs * 10) / 10,
      unit: "ms",
      floor: `${LAG_MS_MAX} ms`,
      ratio: Math.round((stage.lagMs * 1_000) / LAG_MS_MAX) / 1_000,
      target: 1,
      met: stage.lagMs <= LAG_MS_MAX,
    },
    figure(`${size}: frames`, Math.round(stage.framesPerSecond), "frames/s"),
    figure(
      `${size}: processor time, ${stage.cores.toFixed(2)} cores`,
      round1(stage.cpuMsPerThousand),
      "ms per 1000 frames",
    ),
    figure(`${size}: memory above the empty program`, round1(mbPerConcentrator * 1_000), "kB per concentrator"),
  ];
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function figure(what: string, value: number, unit: string): BenchLine {
  return { bench: "fleet", case: what, value, unit, floor: null, ratio: null, target: null, met: null };
}
