import type { CommandKind } from "#domain/command.ts";
import { createMetrics, type Metrics, SECONDS_BUCKETS } from "#system/metrics.ts";
import { type BusLoad, PRIORITY, type PriorityName } from "./bus.ts";
import type { Capture } from "./capture/capture.ts";
import type { ExchangeCounts } from "./exchange.ts";
import type { Ingest } from "./ingest.ts";

/** What the collector counts. Nothing here names a concentrator, a meter or a person. */
export type CollectorMetrics = Pick<Metrics, "text" | "contentType" | "close" | "counter" | "gauge" | "total"> & {
  /** A concentrator was let in. */
  registered(link: string): void;
  /** A caller was not let in; `why` is one of the reasons of the log. */
  refused(why: string): void;
  /** An exchange of a bus ended after so many milliseconds, with a question of this priority. */
  exchanged(priority: number, tookMs: number): void;
  /** A scheduled round of one meter ended. */
  round(result: "answered" | "silent" | "closed"): void;
  /** A meter was asked for its past, and told so many freezes and load records. */
  past(told: { trouble: string | null; freezes: number; records: number }): void;
  /** A command was settled by what a meter showed, or failed to show. */
  settled(command: { kind: CommandKind; outcome: string; sinceCommitMs: number }): void;
  /** A batch of readings went to the database, or did not. */
  recorded(batch: { isGood: boolean; tookMs: number; reports: number; silences: number; frames: number }): void;
};

/** What is counted elsewhere, and looked at when somebody asks for metrics. */
export type CollectorLook = {
  counts: ExchangeCounts;
  sessions(): Iterable<{ link: string; lateAnswers: number }>;
  strangers(): number;
  buses(): Iterable<BusLoad>;
  commands(): number;
  ingest: Pick<Ingest, "state">;
  capture: Pick<Capture, "state">;
};

const BATCH_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const NAMES = Object.keys(PRIORITY) as PriorityName[];

/** The collector's book of metrics. What it looks at comes later, by `watch`: the parts that it looks at count in it. */
export function collectorMetrics(): CollectorMetrics & { watch(look: CollectorLook): void } {
  const metrics = createMetrics();
  const registrations = metrics.counter({
    name: "jichao_registrations_total",
    help: "Concentrators that were let in, by kind of link.",
    labels: ["link"],
  });
  const refusals = metrics.counter({
    name: "jichao_registrations_refused_total",
    help: "Callers that were not let in, by reason.",
    labels: ["why"],
  });
  const exchanges = metrics.histogram(
    {
      name: "jichao_exchange_seconds",
      help: "Time from a question to its answer or its time-out, by priority.",
      labels: ["priority"],
    },
    SECONDS_BUCKETS,
  );
  const busy = metrics.counter({
    name: "jichao_bus_busy_seconds_total",
    help: "Time with a question on a bus, all buses together: its growth by jichao_buses is their busy share.",
  });
  const byPriority = new Map(NAMES.map((priority) => [PRIORITY[priority] as number, exchanges.of({ priority })]));
  const rounds = metrics.counter({
    name: "jichao_rounds_total",
    help: "Scheduled rounds of meters, by result.",
    labels: ["result"],
  });
  const visits = metrics.counter({
    name: "jichao_backfill_visits_total",
    help: "Meters that were asked for what they keep themselves, by result.",
    labels: ["result"],
  });
  const fetched = metrics.counter({
    name: "jichao_backfill_values_total",
    help: "Daily freezes and load records that meters told.",
    labels: ["what"],
  });
  const commands = metrics.counter({
    name: "jichao_commands_settled_total",
    help: "Steps of commands that were booked, by kind and what the meter showed.",
    labels: ["kind", "outcome"],
  });
  const answers = metrics.histogram(
    {
      name: "jichao_command_answer_seconds",
      help: "Time from the commit of a command to what the meter showed of it.",
      labels: ["kind"],
    },
    SECONDS_BUCKETS,
  );
  const batches = metrics.histogram(
    { name: "jichao_ingest_batch_seconds", help: "Time of one transaction of readings.", labels: ["result"] },
    BATCH_BUCKETS,
  );
  const batchOf = { true: batches.of({ result: "good" }), false: batches.of({ result: "failed" }) } as const;
  const rows = metrics.counter({
    name: "jichao_ingest_rows_total",
    help: "What was recorded, by kind.",
    labels: ["what"],
  });

  return {
    ...metrics,
    registered: (link) => registrations({ link }),
    refused: (why) => refusals({ why }),
    exchanged(priority, tookMs) {
      byPriority.get(priority)?.(tookMs / 1000);
      busy({}, tookMs / 1000);
    },
    round: (result) => rounds({ result }),
    past({ trouble, freezes, records }) {
      visits({ result: trouble ?? "told" });
      fetched({ what: "freeze" }, freezes);
      fetched({ what: "record" }, records);
    },
    settled({ kind, outcome, sinceCommitMs }) {
      commands({ kind, outcome });
      if (outcome !== "silent" && outcome !== "unproven") answers.of({ kind })(Math.max(0, sinceCommitMs) / 1000);
    },
    recorded({ isGood, tookMs, reports, silences, frames }) {
      batchOf[`${isGood}`](tookMs / 1000);
      if (!isGood) return;
      rows({ what: "report" }, reports);
      rows({ what: "silence" }, silences);
      rows({ what: "frame" }, frames);
    },
    watch: (look) => addLooks(metrics, look),
  };
}

function addLooks(metrics: Metrics, look: CollectorLook): void {
  metrics.gauge({ name: "jichao_sessions", help: "Concentrators in session, by kind of link.", labels: ["link"] }, () =>
    tally(look.sessions(), ({ link }) => link, ["jichao", "transparent", "gw1376"]).map(([link, n]) => [{ link }, n]),
  );
  metrics.gauge(
    { name: "jichao_late_answers", help: "Answers that came too late, of the sessions that are up." },
    () => [[{}, [...look.sessions()].reduce((sum, each) => sum + each.lateAnswers, 0)]],
  );
  metrics.gauge({ name: "jichao_strangers", help: "Connections that have not said who they are." }, () => [
    [{}, look.strangers()],
  ]);
  metrics.total(
    { name: "jichao_exchanges_total", help: "Questions to meters, by how they ended.", labels: ["outcome"] },
    () => Object.entries(look.counts).map(([outcome, n]) => [{ outcome }, n] as const),
  );
  metrics.gauge({ name: "jichao_buses", help: "Buses of concentrators in session." }, () => [
    [{}, [...look.buses()].length],
  ]);
  metrics.gauge(
    { name: "jichao_bus_queue", help: "Questions that wait for a bus, by priority.", labels: ["priority"] },
    () => {
      const waiting = new Map(NAMES.map((name) => [name, 0]));
      for (const bus of look.buses())
        for (const name of NAMES) waiting.set(name, waiting.get(name)! + bus.waiting[name]);
      return [...waiting].map(([priority, n]) => [{ priority }, n] as const);
    },
  );
  metrics.gauge({ name: "jichao_commands_running", help: "Commands that are being carried out." }, () => [
    [{}, look.commands()],
  ]);
  metrics.gauge({ name: "jichao_ingest_waiting", help: "Reports that wait for the database." }, () => [
    [{}, look.ingest.state().waiting],
  ]);
  metrics.gauge(
    { name: "jichao_ingest_paused", help: "Rounds that wait because the database does not keep up." },
    () => [[{}, look.ingest.state().paused]],
  );
  metrics.total(
    { name: "jichao_ingest_frames_dropped_total", help: "Frames that were not kept for want of room." },
    () => [[{}, look.ingest.state().framesDropped]],
  );
  metrics.total({ name: "jichao_capture_bytes_total", help: "Raw frames that were kept on disk, in bytes." }, () => [
    [{}, look.capture.state().writtenBytes],
  ]);
  metrics.total(
    { name: "jichao_capture_lost_total", help: "Records of raw frames that were not kept for want of room." },
    () => [[{}, look.capture.state().lostRecords]],
  );
  metrics.gauge(
    { name: "jichao_capture_stopped", help: "1 while raw frames are not kept because the disk does not take them." },
    () => [[{}, look.capture.state().stopped ? 1 : 0]],
  );
  metrics.total({ name: "jichao_ingest_refused_total", help: "Reports that the database refused for good." }, () => [
    [{}, look.ingest.state().refused],
  ]);
}

function tally<T>(all: Iterable<T>, keyOf: (each: T) => string, keys: readonly string[]): [string, number][] {
  const counts = new Map(keys.map((key) => [key, 0]));
  for (const each of all) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  return [...counts];
}
