import type { AddressInfo } from "node:net";
import { assert } from "#base/errors.ts";
import type { FlowContext } from "#flows/context.ts";
import { ensureFirstAdministrator, loadActor } from "#flows/log-in.ts";
import { EXPORTS_AT_ONCE } from "#flows/run-export.ts";
import type { Sealer } from "#system/seal.ts";
import { buildApp } from "./app.ts";
import type { ServerConfig } from "./config.ts";
import { createShelf } from "./exports/shelf.ts";
import { alarmsJob } from "./jobs/alarms.ts";
import { approvalsJob } from "./jobs/approvals.ts";
import { auditJob } from "./jobs/audit.ts";
import { batchesJob } from "./jobs/batches.ts";
import { daysJob } from "./jobs/days.ts";
import { exchangesJob } from "./jobs/exchanges.ts";
import { exportsJob, exportsSweepJob } from "./jobs/exports.ts";
import { groupsJob } from "./jobs/groups.ts";
import { importsJob } from "./jobs/imports.ts";
import { livenessJob } from "./jobs/liveness.ts";
import { startJob } from "./jobs/loop.ts";
import { moveOutsJob } from "./jobs/move-outs.ts";
import { pricesJob } from "./jobs/prices.ts";
import { quarantineJob } from "./jobs/quarantine.ts";
import { readingsJob } from "./jobs/readings.ts";
import { reconcileJob } from "./jobs/reconcile.ts";
import { sealJob } from "./jobs/seal.ts";
import { sessionsJob } from "./jobs/sessions.ts";
import { settleJob } from "./jobs/settle.ts";
import { trialsJob } from "./jobs/trials.ts";
import { createLiveHub } from "./live/hub.ts";
import { serverMetrics } from "./metrics.ts";
import type { TryTown } from "./routes/setup.ts";

/** What the server is lent. Tables are expected to be up to date (`db.migrate()`). */
export type ServerDeps = FlowContext & {
  readonly sealer?: Sealer;
  readonly webDir: string;
  /** The folder for files of exports; no other program writes to it. */
  readonly exportFolder: string;
  /** Tells the person who started the program something that must not go into a log. */
  readonly print: (text: string) => void;
  /** Enrols the simulated town; left out where there is none. */
  readonly tryTown?: TryTown;
  readonly validateAnswers?: boolean;
};

/** A server that runs. */
export type RunningServer = {
  readonly httpPort: number;
  /** The collector wrote something: settle and tell the pages now, instead of within a second. */
  nudge(): void;
  /** Ends streams, finishes the requests and jobs under way, stops listening. Also done when the signal aborts. */
  close(): Promise<void>;
};

/** Starts the web management: first administrator, jobs, live channel, HTTP. Resolves once it answers requests. */
export async function runServer(config: ServerConfig, deps: ServerDeps, signal: AbortSignal): Promise<RunningServer> {
  const { db, clock, newId, log } = deps;
  const ctx: FlowContext = { db, clock, newId, log };
  await greetFirstAdministrator(ctx, config, deps.print);

  const stopping = new AbortController();
  const hub = createLiveHub({ ctx });
  const metrics = serverMetrics(ctx, hub);
  const shelf = createShelf({ folder: deps.exportFolder, bytesMax: config.exportBytesMax });
  const app = await buildApp({
    ...ctx,
    hub,
    loadCaller: (token) => loadActor(ctx, token),
    webDir: deps.webDir,
    sealer: deps.sealer ?? null,
    tryTown: deps.tryTown ?? null,
    nudge: () => nudge(),
    shelf,
    nudgeExports: () => {
      for (const job of exporting) job.nudge();
    },
    metrics,
    metricsToken: config.metricsToken ?? null,
    trustProxy: config.trustProxy,
    forcedStates: config.forcedStates,
    validateAnswers: deps.validateAnswers ?? false,
  });
  const making = { shelf, signal: stopping.signal };
  const starting = { log, signal: stopping.signal, ran: metrics.ran };
  const exporting = Array.from({ length: EXPORTS_AT_ONCE }, (_, i) =>
    startJob(exportsJob(ctx, making, i + 1), starting),
  );
  const jobs = [
    settleJob(ctx),
    pricesJob(ctx),
    livenessJob(ctx),
    sessionsJob(ctx),
    approvalsJob(ctx),
    alarmsJob(ctx),
    batchesJob(ctx, () => nudge()),
    groupsJob(ctx),
    moveOutsJob(ctx),
    daysJob(ctx),
    readingsJob(ctx, { keepDays: config.readingsKeepDays }),
    exchangesJob(ctx),
    trialsJob(ctx),
    quarantineJob(ctx),
    ...(deps.sealer
      ? [sealJob(ctx, deps.sealer), auditJob(ctx, deps.sealer), importsJob({ ...ctx, sealer: deps.sealer })]
      : []),
    reconcileJob(ctx, deps.sealer ?? null),
    exportsSweepJob(ctx, making),
  ].map((job) => startJob(job, starting));

  function nudge(): void {
    jobs[0]?.nudge();
    hub.nudge();
  }

  let closing: Promise<void> | null = null;
  function close(): Promise<void> {
    closing ??= (async () => {
      stopping.abort();
      await Promise.all([app.close(), ...[...jobs, ...exporting].map((job) => job.ended)]);
      metrics.close();
      log.info({}, "server stopped");
    })();
    return closing;
  }

  try {
    await app.listen({ host: config.httpHost, port: config.httpPort });
  } catch (error) {
    await close();
    throw error;
  }
  const httpPort = portOf(app.server.address());
  log.info({ host: config.httpHost, port: httpPort }, "server listened");
  if (config.forcedStates) log.warn({}, "states of the pages can be forced: for developers alone");
  signal.addEventListener("abort", () => void close(), { once: true });
  if (signal.aborted) await close();
  return { httpPort, nudge, close };
}

/** On an empty database: makes the first administrator, and shows a password that was made up, this once. */
async function greetFirstAdministrator(ctx: FlowContext, config: ServerConfig, print: (text: string) => void) {
  const made = await ensureFirstAdministrator(ctx, config.adminPassword);
  if (made === null) return;
  print(
    `首次启动,已建立系统管理员。账号 ${made.login} 密码 ${made.password} (只显示这一次,请记下)\n` +
      `First start: an administrator was made. User ${made.login} password ${made.password} (shown only this once)`,
  );
}

function portOf(address: string | AddressInfo | null): number {
  assert(typeof address === "object" && address !== null, "the server listens on a port");
  return address.port;
}
