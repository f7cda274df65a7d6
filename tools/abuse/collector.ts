import { monitorEventLoopDelay } from "node:perf_hooks";
import { later } from "#base/time.ts";
import { collectorConfig } from "#collector/config.ts";
import { runCollector } from "#collector/main.ts";
import { captureFolder, standUp } from "../../src/cli/programs.ts";

/** What the collector under attack tells of itself, twice a second; the lag since it was asked to count anew. */
export type Told = {
  port: number;
  lagP99Ms: number;
  lagMaxMs: number;
  rssMb: number;
  sessions: number;
  answered: number;
  silent: number;
  readingsWaiting: number;
  /** Reports that were given up for good. */
  refused: number;
};

const TELL_MS = 500;
const RESOLUTION_MS = 10;

/**
 * A real collector in a process of its own, with everything as the command starts it; only its clock can be set wrong, and it tells how
 * late its event loop is.
 */
async function main(): Promise<void> {
  let skewMs = 0;
  const lag = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  process.on("message", (message: { skewMs?: number; anew?: true }) => {
    skewMs = message.skewMs ?? skewMs;
    if (message.anew) lag.reset();
  });
  const footing = await standUp("collector", process.env, "warn");
  const clock = () => later(footing.clock(), skewMs);
  const deps = { ...footing, clock, captureFolder: captureFolder(process.env) };
  const collector = await runCollector(collectorConfig(process.env), deps, new AbortController().signal);
  lag.enable();
  const tell = () => {
    const { sessions, exchanges, ingest } = collector.state();
    const { answered, closed: _, ...silences } = exchanges;
    const told: Told = {
      port: collector.linkPort,
      lagP99Ms: overdue(lag.percentile(99)),
      lagMaxMs: overdue(lag.max),
      rssMb: Math.round(process.memoryUsage.rss() / (1 << 20)),
      sessions,
      answered,
      silent: Object.values(silences).reduce((sum, each) => sum + each, 0),
      readingsWaiting: ingest.waiting,
      refused: ingest.refused,
    };
    if (process.connected) process.send?.(told);
  };
  setInterval(tell, TELL_MS);
  process.once("disconnect", () => process.exit(0));
  process.once("SIGTERM", () => void collector.close().then(() => process.exit(0)));
  tell();
}

/** The probe itself waits so long between two looks. */
function overdue(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e6 - RESOLUTION_MS));
}

await main();
