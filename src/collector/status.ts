import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Instant, SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { addLinkHours, saveCollectorStatus, saveHeartbeat } from "#store/collectors.ts";
import { pause } from "#system/clock.ts";

/** As often as ownership is renewed: a page calls a collector gone after four of these. */
const REPORT_MS = 5 * SECOND_MS;
const NS_PER_MS = 1e6;

/** How questions ended, by concentrator, until they are written down. */
export type LinkTally = {
  count(concentratorId: number, isAnswered: boolean): void;
  /** What was counted since the last time. */
  take(): { concentratorId: number; asked: number; answered: number }[];
};

/** Nothing counted yet. */
export function createLinkTally(): LinkTally {
  let counts = new Map<number, { concentratorId: number; asked: number; answered: number }>();
  return {
    count(concentratorId, isAnswered) {
      const own = counts.get(concentratorId) ?? { concentratorId, asked: 0, answered: 0 };
      own.asked++;
      if (isAnswered) own.answered++;
      counts.set(concentratorId, own);
    },
    take() {
      const taken = [...counts.values()];
      counts = new Map();
      return taken;
    },
  };
}

/** Says every few seconds in the database that this collector is at work, and how its links do. Ends by the signal. */
export async function reportStatus(options: {
  ctx: FlowContext;
  collector: string;
  startedAt: Instant;
  heartbeatSeconds: number;
  /** Where concentrators dial in. */
  door: { host: string; port: number; tlsPort: number | null };
  tally: LinkTally;
  now(): { sessions: number; readingsWaiting: number };
  signal: AbortSignal;
}): Promise<void> {
  const { ctx, collector, startedAt, tally, signal } = options;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let told = false;
  while (!signal.aborted) {
    const { sessions, readingsWaiting } = options.now();
    const at = ctx.clock();
    const lagMs = Math.max(0, Math.round(delay.percentile(99) / NS_PER_MS));
    delay.reset();
    const status = {
      name: collector,
      started_at: startedAt,
      seen_at: at,
      sessions,
      readings_waiting: readingsWaiting,
      lag_ms: lagMs,
      link_host: options.door.host,
      link_port: options.door.port,
      link_tls_port: options.door.tlsPort,
    };
    const counts = tally.take();
    try {
      await ctx.db.transact(async (tx) => {
        await saveCollectorStatus(tx, status);
        await addLinkHours(tx, counts, at);
        if (!told) await saveHeartbeat(tx, options.heartbeatSeconds, at);
      });
      told = true;
    } catch (error) {
      // These counts are for looking at; the next ones come soon.
      ctx.log.debug({ error: String(error) }, "the collector's status could not be written");
    }
    await pause(REPORT_MS, signal);
  }
  delay.disable();
}
