import { addDays, dayOf } from "#base/time.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { completenessOf } from "#flows/completeness.ts";
import type { FlowContext } from "#flows/context.ts";
import { oldestDueReading } from "#store/due-meters.ts";
import { createMetrics, type Metrics, SECONDS_BUCKETS } from "#system/metrics.ts";

/** What the server counts. */
export type ServerMetrics = Pick<Metrics, "text" | "contentType" | "close"> & {
  /** A request was answered; `route` is the pattern of its path, never the path itself. */
  answered(request: { method: string; route: string; status: number; seconds: number }): void;
  /** A run of a job ended. */
  ran(job: string, isGood: boolean, seconds: number): void;
};

/** The server's book of metrics. `listeners` counts pages on the live channel. */
export function serverMetrics(ctx: FlowContext, live: { listeners(): number }): ServerMetrics {
  const metrics = createMetrics();
  const http = metrics.histogram(
    {
      name: "jichao_http_seconds",
      help: "Time to answer a request, by pattern of its path.",
      labels: ["method", "route", "status"],
    },
    SECONDS_BUCKETS,
  );
  const jobs = metrics.histogram(
    { name: "jichao_job_seconds", help: "Time of one run of a job.", labels: ["job", "result"] },
    SECONDS_BUCKETS,
  );
  const succeeded = new Map<string, number>();
  metrics.gauge(
    {
      name: "jichao_job_last_success_seconds",
      help: "When a job last did its work, seconds since 1970.",
      labels: ["job"],
    },
    () => [...succeeded].map(([job, at]) => [{ job }, at] as const),
  );
  metrics.gauge({ name: "jichao_live_connections", help: "Pages on the live channel." }, () => [
    [{}, live.listeners()],
  ]);
  metrics.gauge(
    {
      name: "jichao_settlement_lag_seconds",
      help: "Age of the oldest reading that has not been settled; 0 when all have.",
    },
    async () => {
      const oldest = await oldestDueReading(ctx.db.read);
      return [[{}, oldest === null ? 0 : Math.max(0, ctx.clock() - oldest) / 1000]];
    },
  );
  metrics.gauge(
    {
      name: "jichao_daily_freezes",
      help: "Daily freezes of yesterday's end: how many ought to be there, and how many are.",
      labels: ["which"],
    },
    async () => {
      const day = addDays(dayOf(ctx.clock()), -1);
      const { sum } = await completenessOf(ctx, SCOPE_ALL, { day, search: "" });
      const [last] = sum;
      return [[{ which: "expected" }, last?.expected ?? 0] as const, [{ which: "held" }, last?.held ?? 0] as const];
    },
  );
  metrics.gauge({ name: "jichao_database_up", help: "1 when the database answers." }, async () => {
    const up = await ctx.db.version().then(
      () => 1,
      () => 0,
    );
    return [[{}, up]];
  });

  return {
    text: metrics.text,
    contentType: metrics.contentType,
    close: metrics.close,
    answered({ method, route, status, seconds }) {
      http.of({ method, route, status: `${Math.floor(status / 100)}xx` })(seconds);
    },
    ran(job, isGood, seconds) {
      jobs.of({ job, result: isGood ? "good" : "failed" })(seconds);
      if (isGood) succeeded.set(job, Math.floor(ctx.clock() / 1000));
    },
  };
}
