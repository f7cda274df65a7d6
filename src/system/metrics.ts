import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { SECOND_MS } from "#base/time.ts";

/** Words of a metric's labels. Only from small closed lists of ours: never a name, a number of a meter, or anything sent to us. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

/** What a metric is called (`jichao_…`, its unit last) and what it means, in one sentence. */
export type Named<L extends string> = { name: string; help: string; labels?: readonly L[] };

/**
 * The metrics of one program (指标), as OpenMetrics text. What is counted somewhere already is only looked at when somebody asks; counters
 * and histograms of the hot paths are numbers in memory.
 */
export type Metrics = {
  readonly contentType: string;
  /** Everything as OpenMetrics text. Never rejects: what cannot be looked at is left out. */
  text(): Promise<string>;
  /** Counts up by one, or by `by`. */
  counter<L extends string = never>(named: Named<L>): (labels: Labels<L>, by?: number) => void;
  /** How long things took, in seconds; `of` keeps the place of its labels, for hot paths. */
  histogram<L extends string = never>(
    named: Named<L>,
    buckets: readonly number[],
  ): { of(labels: Labels<L>): (value: number) => void };
  /** A figure that goes up and down, looked at when asked. A look that fails leaves it out. */
  gauge<L extends string = never>(named: Named<L>, look: Look<L>): void;
  /** A figure that only grows and is counted elsewhere, looked at when asked. */
  total<L extends string = never>(named: Named<L>, look: Look<L>): void;
  /** Stops watching the event loop. */
  close(): void;
};

/** A figure for each set of labels. */
export type Look<L extends string> = () => Figures<L> | Promise<Figures<L>>;
type Figures<L extends string> = Iterable<readonly [Labels<L>, number]>;

/** Upper ends in seconds for what takes from a millisecond to a minute. */
export const SECONDS_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Lag is told of windows of this length, so it does not depend on who asks, or how often. */
const LAG_WINDOW_MS = 10 * SECOND_MS;
/** How often the event loop is looked at; its own pause is part of what the histogram of Node holds. */
const LAG_RESOLUTION_MS = 10;
const NANOS = 1e9;
const MICROS = 1e6;

/** An empty book with what every program has: memory, processor time, lag of the event loop. */
export function createMetrics(): Metrics {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry as unknown as Registry];
  const lag = watchLag();

  const options = <L extends string>({ name, help, labels = [] }: Named<L>) => ({
    name,
    help,
    labelNames: [...labels],
    registers,
  });

  const metrics: Metrics = {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter(named) {
      const counter = new Counter(options(named));
      return (labels, by = 1) => counter.inc(labels, by);
    },
    histogram(named, buckets) {
      const histogram = new Histogram({ ...options(named), buckets: [...buckets] });
      return {
        of(labels) {
          const child = histogram.labels(labels);
          return (value) => child.observe(value);
        },
      };
    },
    gauge(named, look) {
      new Gauge({
        ...options(named),
        async collect() {
          const told = await figures(look);
          this.reset();
          // Without labels a reset leaves a 0, and a figure that nobody knows is not 0.
          if ((named.labels ?? []).length === 0) this.remove();
          for (const [labels, value] of told) this.set(labels, value);
        },
      });
    },
    total(named, look) {
      new Counter({
        ...options(named),
        async collect() {
          const told = await figures(look);
          this.reset();
          for (const [labels, value] of told) this.inc(labels, value);
        },
      });
    },
    close: lag.close,
  };
  addProcess(metrics, lag.last);
  return metrics;
}

async function figures<L extends string>(look: Look<L>): Promise<Figures<L>> {
  try {
    return await look();
  } catch {
    return [];
  }
}

function addProcess(metrics: Metrics, lag: () => Lag): void {
  metrics.gauge({ name: "jichao_event_loop_lag_seconds", help: LAG_HELP, labels: ["quantile"] }, () =>
    (["0.5", "0.99", "1"] as const).map((quantile) => [{ quantile }, lag()[quantile]]),
  );
  metrics.gauge({ name: "jichao_memory_bytes", help: "Memory of the program by kind.", labels: ["kind"] }, () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    return [
      [{ kind: "resident" }, rss],
      [{ kind: "heap" }, heapUsed],
      [{ kind: "external" }, external],
    ];
  });
  metrics.total({ name: "jichao_cpu_seconds_total", help: "Processor time used by the program." }, () => {
    const { user, system } = process.cpuUsage();
    return [[{}, (user + system) / MICROS]];
  });
  metrics.gauge({ name: "jichao_start_time_seconds", help: "When the program started, seconds since 1970." }, () => [
    [{}, Math.floor(performance.timeOrigin / SECOND_MS)],
  ]);
}

const LAG_HELP = "How late the event loop was in the last ten seconds, by quantile; 1 is the worst.";

type Lag = Readonly<Record<"0.5" | "0.99" | "1", number>>;

/** Watches how late timers are. The watch keeps no program alive. */
function watchLag(): { last(): Lag; close(): void } {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  let last: Lag | null = null;
  const timer = setInterval(() => {
    last = lagOf(delay);
    delay.reset();
  }, LAG_WINDOW_MS).unref();
  return {
    last: () => last ?? lagOf(delay),
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
}

/** Node's histogram holds pauses between two looks: the lag is what a pause was longer than asked for. Seconds. */
export function lagOf(delay: Pick<ReturnType<typeof monitorEventLoopDelay>, "count" | "max" | "percentile">): Lag {
  const late = (nanos: number) => Math.max(0, nanos / NANOS - LAG_RESOLUTION_MS / SECOND_MS);
  if (delay.count === 0) return { "0.5": 0, "0.99": 0, "1": 0 };
  return { "0.5": late(delay.percentile(50)), "0.99": late(delay.percentile(99)), "1": late(delay.max) };
}
