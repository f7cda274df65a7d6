import cookie from "@fastify/cookie";
import Fastify, { type FastifyInstance } from "fastify";
import { AppError } from "#base/errors.ts";
import { SECOND_MS } from "#base/time.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import type { Sealer } from "#system/seal.ts";
import { createBoards } from "./boards.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { addCompression } from "./compression.ts";
import type { Shelf } from "./exports/shelf.ts";
import { createLimits } from "./limits.ts";
import type { LiveHub } from "./live/hub.ts";
import type { ServerMetrics } from "./metrics.ts";
import { BODY_BYTES_MAX, handleError, refuse } from "./refusals.ts";
import { demandAccess, type Routes } from "./route.ts";
import { alarmRoutes } from "./routes/alarms.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { areaRoutes } from "./routes/areas.ts";
import { auditRoutes } from "./routes/audit.ts";
import { boardRoutes } from "./routes/board.ts";
import { collectionRoutes } from "./routes/collection.ts";
import { commandRoutes } from "./routes/commands.ts";
import { completenessRoutes } from "./routes/completeness.ts";
import { concentratorRoutes } from "./routes/concentrators.ts";
import { customerRoutes } from "./routes/customers.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { doubtRoutes } from "./routes/doubts.ts";
import { exportRoutes } from "./routes/exports.ts";
import { groupRoutes } from "./routes/groups.ts";
import { healthRoutes } from "./routes/health.ts";
import { importRoutes } from "./routes/imports.ts";
import { linkRoutes } from "./routes/links.ts";
import { liveRoutes } from "./routes/live.ts";
import { loadGuardRoutes } from "./routes/load-guard.ts";
import { lossRoutes } from "./routes/losses.ts";
import { meterRoutes } from "./routes/meters.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { moveOutRoutes } from "./routes/move-outs.ts";
import { offGuardRoutes } from "./routes/off-guard.ts";
import { paymentRoutes } from "./routes/payments.ts";
import { peopleRoutes } from "./routes/people.ts";
import { priceRoutes } from "./routes/prices.ts";
import { rankingRoutes } from "./routes/ranking.ts";
import { rechargeRoutes } from "./routes/recharges.ts";
import { reconcileRoutes } from "./routes/reconcile.ts";
import { refundRoutes } from "./routes/refunds.ts";
import { reliabilityRoutes } from "./routes/reliability.ts";
import { reportRoutes } from "./routes/reports.ts";
import { runningOutRoutes } from "./routes/running-out.ts";
import { safetyRoutes } from "./routes/safety.ts";
import { sessionRoutes } from "./routes/session.ts";
import { setupRoutes, type TryTown } from "./routes/setup.ts";
import { shareRoutes } from "./routes/shares.ts";
import { shiftRoutes } from "./routes/shifts.ts";
import { supplyRoutes } from "./routes/supply.ts";
import { switchBatchRoutes } from "./routes/switch-batches.ts";
import { trialRoutes } from "./routes/trials.ts";
import { addSecurity } from "./security.ts";
import { addPages } from "./static.ts";

/** What the HTTP side of the server is made of. */
export type AppDeps = FlowContext & {
  readonly hub: LiveHub;
  readonly loadCaller: (token: string) => Promise<Actor | null>;
  /** Where the built console lies; it may not be there yet. */
  readonly webDir: string;
  /** Told after a flow wrote something that other programs or pages wait for. */
  readonly nudge: () => void;
  /** Where files that are made in the background lie. */
  readonly shelf: Shelf;
  /** Told when a file was asked for: the job looks at once. */
  readonly nudgeExports: () => void;
  /** Checks the signatures of the ledger's seals; without it they are left out. */
  readonly sealer?: Sealer | null;
  readonly trustProxy?: readonly string[];
  /** Enrols the simulated town, where the program has one. */
  readonly tryTown?: TryTown | null;
  readonly metrics: ServerMetrics;
  /** Who has it may read the metrics from elsewhere. */
  readonly metricsToken: string | null;
  readonly validateAnswers?: boolean;
  /** Lets a developer force the states of lists in the pages. */
  readonly forcedStates?: boolean;
};

/** A request must have arrived completely by then: slow senders hold no sockets. */
const REQUEST_MS_MAX = 30 * SECOND_MS;

/** Builds the web application: every route with its permission, refusals in one shape, headers, pages. Does not listen. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { log, clock, newId } = deps;
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    trustProxy: deps.trustProxy === undefined || deps.trustProxy.length === 0 ? false : [...deps.trustProxy],
    genReqId: () => newId(clock()),
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, newId(clock())),
    // A URL that cannot be decoded: no hook has run and none will.
    frameworkErrors: (error, request, reply) => {
      const { status, refusal } = refuse(error, request.id);
      const headers = { "content-type": "application/json; charset=utf-8", "x-content-type-options": "nosniff" };
      reply.raw.writeHead(status, headers).end(JSON.stringify(refusal));
    },
  });
  app.setErrorHandler((error, request, reply) => handleError(log, error, request, reply));
  app.setNotFoundHandler((request, reply) => handleError(log, new AppError("not_found"), request, reply));
  app.removeContentTypeParser("text/plain");

  await app.register(cookie);
  demandAccess(app);
  addSecurity(app);
  addCompression(app);
  addRequestLog(app, deps);
  const routes: Routes = {
    app,
    ctx: { db: deps.db, clock, newId, log },
    limits: await createLimits(app),
    loadCaller: deps.loadCaller,
    validateAnswers: deps.validateAnswers ?? false,
  };
  const boards = createBoards(routes.ctx);
  const nudge = () => {
    boards.forget();
    deps.nudge();
  };
  healthRoutes(routes);
  metricsRoutes(routes, deps.metrics, deps.metricsToken);
  sessionRoutes(routes, { nudge, sealer: deps.sealer ?? null });
  safetyRoutes(routes, deps.sealer ?? null);
  peopleRoutes(routes, nudge);
  boardRoutes(routes, boards);
  meterRoutes(routes);
  commandRoutes(routes, nudge);
  switchBatchRoutes(routes, nudge);
  rechargeRoutes(routes, nudge);
  paymentRoutes(routes, nudge);
  shiftRoutes(routes);
  customerRoutes(routes);
  areaRoutes(routes, nudge);
  alarmRoutes(routes, nudge);
  offGuardRoutes(routes);
  linkRoutes(routes);
  reliabilityRoutes(routes);
  approvalRoutes(routes, nudge);
  auditRoutes(routes);
  priceRoutes(routes);
  supplyRoutes(routes, nudge);
  loadGuardRoutes(routes, nudge);
  reportRoutes(routes);
  doubtRoutes(routes, nudge);
  shareRoutes(routes, nudge);
  completenessRoutes(routes);
  rankingRoutes(routes);
  runningOutRoutes(routes);
  lossRoutes(routes);
  reconcileRoutes(routes, deps.sealer ?? null);
  refundRoutes(routes, nudge);
  groupRoutes(routes, nudge);
  moveOutRoutes(routes, nudge);
  deviceRoutes(routes, nudge);
  concentratorRoutes(routes, { nudge, sealer: deps.sealer ?? null });
  collectionRoutes(routes);
  exportRoutes(routes, { shelf: deps.shelf, nudge: deps.nudgeExports });
  importRoutes(routes, { nudge, sealer: deps.sealer ?? null });
  trialRoutes(routes, nudge);
  setupRoutes(routes, { nudge, tryTown: deps.tryTown ?? null });
  liveRoutes(routes, deps.hub);
  await addPages(app, { webDir: deps.webDir, forcedStates: deps.forcedStates ?? false });
  // Streams have no end of their own: closing would wait for them for ever.
  app.addHook("preClose", () => deps.hub.close());
  await app.ready();
  return app;
}

function addRequestLog(app: FastifyInstance, { log, metrics }: AppDeps): void {
  app.addHook("onResponse", async (request, reply) => {
    const { method } = request;
    const [route, status] = [request.routeOptions.url ?? "?", reply.statusCode];
    metrics.answered({ method, route, status, seconds: reply.elapsedTime / 1000 });
    const fields = {
      requestId: request.id,
      method,
      path: route,
      status,
      took: Math.round(reply.elapsedTime),
      user: (request.caller?.previewedBy ?? request.caller)?.login,
      ip: request.ip,
    };
    if (request.method === "GET" || request.method === "HEAD") log.debug(fields, "request answered");
    else log.info(fields, "request answered");
  });
}
