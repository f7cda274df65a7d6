import { AppError } from "#base/errors.ts";
import { later, SECOND_MS } from "#base/time.ts";
import { exportReports } from "#contract/export-kinds.ts";
import type { FlowContext } from "#flows/context.ts";
import {
  claimExport,
  EXPORTS_SWEPT_MS,
  type ExportRun,
  expireExports,
  exportReader,
  failExport,
  finishExport,
  keepExport,
  releaseExport,
  STRAY_MS,
  scopeText,
} from "#flows/run-export.ts";
import { keptExportBytes, keptExportFiles } from "#store/exports.ts";
import { pause } from "#system/clock.ts";
import { longReport } from "../excel/long-reports.ts";
import type { Pace } from "../excel/workbook.ts";
import type { Shelf } from "../exports/shelf.ts";
import type { Job } from "./loop.ts";

/** How often a run says that it is alive and how far it is. */
const TOLD_EVERY_MS = SECOND_MS;
/** After so long at work the rest of the server gets its turn, for as long as was worked but never longer than this. */
const WORK_MS = 10;
const REST_MS_MAX = 20;

/** What making files needs besides the flows. `signal` ends a run under way: it is given back and made anew by the next server. */
export type ExportsDeps = { shelf: Shelf; signal: AbortSignal };

/** Makes the files that people asked for in the background, one after the other. Servers may do it at once, and a server several. */
export function exportsJob(ctx: FlowContext, { shelf, signal }: ExportsDeps, lane: number): Job {
  return {
    name: `exports-${lane}`,
    everyMs: SECOND_MS,
    async run() {
      const of = await claimExport(ctx, shelf.newName);
      if (of === null) return false;
      await makeExport(ctx, { shelf, signal }, of);
      return true;
    },
  };
}

/** Ends files whose time is over and removes those that nobody speaks of. */
export function exportsSweepJob(ctx: FlowContext, { shelf }: ExportsDeps): Job {
  return {
    name: "exports-sweep",
    everyMs: EXPORTS_SWEPT_MS,
    async run() {
      const expired = await expireExports(ctx);
      const removed = await shelf.sweep(await keptExportFiles(ctx.db.read), later(ctx.clock(), -STRAY_MS));
      if (expired + removed > 0) ctx.log.info({ expired, removed }, "old exports removed");
      return false;
    },
  };
}

/** Makes the file of one run, and books how it ended. */
export async function makeExport(ctx: FlowContext, { shelf, signal }: ExportsDeps, of: ExportRun): Promise<void> {
  const startedAt = performance.now();
  if (of.leftover !== null) await shelf.drop(of.leftover);
  try {
    const made = await written(ctx, { shelf, signal }, of);
    const counts = await finishExport(ctx, of, made);
    if (!counts) await shelf.drop(of.file);
    const took = Math.round(performance.now() - startedAt);
    ctx.log.info({ export: of.id, report: of.report, rows: made.rows, bytes: made.bytes, counts, took }, "export made");
  } catch (error) {
    await shelf.drop(of.file);
    if (error instanceof Ended) {
      if (error.why === "server_ends") await releaseExport(ctx, of);
      ctx.log.info({ export: of.id, why: error.why }, "export stopped");
      return;
    }
    const log = error instanceof AppError ? ctx.log.warn : ctx.log.error;
    log.call(ctx.log, { export: of.id, report: of.report, err: error }, "export failed");
    await failExport(ctx, of, error);
  }
}

/** The run is over before its file: it was cancelled or taken by another, or this server ends. */
class Ended extends Error {
  readonly why: "not_ours" | "server_ends";
  constructor(why: "not_ours" | "server_ends") {
    super(why);
    this.why = why;
  }
}

async function written(ctx: FlowContext, { shelf, signal }: ExportsDeps, of: ExportRun) {
  const { permission } = exportReports[of.report];
  const actor = await exportReader(ctx.db.read, { userId: of.userId, permission });
  const asked = longReport(of.report, of.filter);
  const rows = { done: 0, of: await asked.count(ctx, actor) };
  const { file } = await asked.table(ctx, actor, of.language);
  const held = await keptExportBytes(ctx.db.read, of.userId);
  const over = new AbortController();
  const stop = () => over.abort(new Ended("server_ends"));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const telling = tell(ctx, of, rows, over);
  try {
    const bytes = await shelf.keep(of.file, file(restingPace(rows, over.signal)), held);
    return { rows: rows.done, bytes, scope: scopeText(actor), permission };
  } finally {
    signal.removeEventListener("abort", stop);
    over.abort();
    await telling;
  }
}

/** Tells of the run until it is over; ends it when it is not ours any more. */
async function tell(ctx: FlowContext, of: ExportRun, rows: { done: number; of: number }, over: AbortController) {
  while (!over.signal.aborted) {
    await pause(TOLD_EVERY_MS, over.signal);
    if (over.signal.aborted) return;
    try {
      if (!(await keepExport(ctx, of, rows))) over.abort(new Ended("not_ours"));
    } catch (error) {
      ctx.log.warn({ export: of.id, err: error }, "progress of an export was not written");
    }
  }
}

/** Counts rows, and lets everything else in this program have at least half of the time. */
function restingPace(rows: { done: number }, signal: AbortSignal): Pace {
  let since = performance.now();
  return async (done) => {
    rows.done = done;
    signal.throwIfAborted();
    const worked = performance.now() - since;
    if (worked < WORK_MS) return;
    await pause(Math.min(worked, REST_MS_MAX), signal);
    signal.throwIfAborted();
    since = performance.now();
  };
}
