import { AppError, isDatabaseAway } from "#base/errors.ts";
import { DAY_MS, HOUR_MS, later, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { ExportReport } from "#contract/export-kinds.ts";
import { hiddenFrom } from "#domain/field-mask.ts";
import type { Actor, Permission } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import { dueExports, runningExports } from "#store/exports.ts";
import { updatedRows } from "#store/portable.ts";
import type { ExportJobTable } from "#store/schema-exports.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { actorOf } from "#store/users.ts";
import { faultPoint } from "#system/fault-point.ts";
import { auditExport, EXPORT_SEQUENCE } from "./ask-export.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Files made at the same time, by all servers together; a person has one of them at most. */
export const EXPORTS_AT_ONCE = 2;
/** A run that has not been heard of for so long is over: its server died. */
export const EXPORT_LEASE_MS = 30 * SECOND_MS;
/** Runs of one job before it is given up. */
const ATTEMPTS_MAX = 5;
/** After a failure that may pass; times the number of runs. */
const RETRY_MS = 20 * SECOND_MS;
/** How long a file is kept, and how long the line that tells of it. */
export const EXPORT_KEEP_MS = 3 * DAY_MS;
const LINE_KEEP_MS = 30 * DAY_MS;

/** What is told of a job whose server died time and again. */
const GIVEN_UP = JSON.stringify({ code: "export_failed", details: {} });

/** A run of a job: nobody else has it while its lease lasts. */
export type ExportRun = {
  readonly id: string;
  readonly run: number;
  readonly report: ExportReport;
  readonly filter: Readonly<Record<string, string>>;
  readonly language: "zh-CN" | "en";
  /** The name of the file to write. */
  readonly file: string;
  /** What an earlier run left behind, if anything. */
  readonly leftover: string | null;
  readonly userId: number;
  readonly attempts: number;
};

/**
 * Takes the job that has waited longest and whose person has none that runs; null when there is none, or enough run already. A job
 * whose server died is taken again, from its start. Servers may ask at once.
 */
export async function claimExport(ctx: FlowContext, newFile: () => string): Promise<ExportRun | null> {
  if ((await dueExports(ctx.db.read, ctx.clock())).length === 0) return null;
  const file = newFile();
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const run = await nextNumbers(tx, EXPORT_SEQUENCE);
    const busy = await runningExports(tx, now);
    if (busy.length >= EXPORTS_AT_ONCE) return null;
    const row = (await dueExports(tx, now)).find((each) => !busy.includes(each.user_id));
    if (!row) return null;
    const attempts = row.attempts + 1;
    const taken: Partial<ExportJobTable> = {
      state: "running",
      run,
      attempts,
      lease_until: later(now, EXPORT_LEASE_MS),
      file,
      rows_done: 0,
      started_at: now,
      problem: null,
    };
    const result = await tx
      .updateTable("export_job")
      .set(row.attempts < ATTEMPTS_MAX ? taken : { state: "failed", problem: GIVEN_UP, file: null, ended_at: now, run })
      .where("id", "=", row.id)
      .where("run", "=", row.run)
      .where("state", "=", row.state)
      .executeTakeFirst();
    if (updatedRows(result) === 0) throw new Stale(`export ${row.id}`);
    if (row.attempts >= ATTEMPTS_MAX) return null;
    return {
      id: row.id,
      run,
      report: row.report,
      filter: Object.fromEntries(JSON.parse(row.filter) as [string, string][]),
      language: row.language,
      file,
      leftover: row.file,
      userId: row.user_id,
      attempts,
    };
  });
}

/** Who the rows are read for, as he is now; the refusal when he is gone or may not have this report any more. */
export async function exportReader(tx: Tx, of: { userId: number; permission: Permission }): Promise<Actor> {
  const actor = await actorOf(tx, of.userId);
  if (!actor?.permissions.has(of.permission)) throw new AppError("export_not_permitted");
  return actor;
}

/** What somebody sees, as text: his scope and which fields are hidden from him. Two see the same when their texts are the same. */
export function scopeText({ scope, permissions }: Pick<Actor, "scope" | "permissions">): string {
  const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);
  const hidden = [...hiddenFrom(permissions)];
  if (scope.all && hidden.length === 0) return "all";
  const meters = scope.all ? { all: true } : { areas: sorted(scope.areaIds), meters: sorted(scope.meterIds) };
  return JSON.stringify({ ...meters, ...(hidden.length > 0 && { hidden }) });
}

/** Says how far a run is, and that it is alive. False when it is not its any more: cancelled, or taken by another. */
export async function keepExport(ctx: FlowContext, of: ExportRun, rows: { done: number; of: number }) {
  return ctx.db.transact(async (tx) => {
    const lease_until = later(ctx.clock(), EXPORT_LEASE_MS);
    return changeOwn(tx, of, { rows_done: rows.done, rows_of: rows.of, lease_until });
  });
}

/**
 * Books a file as made, once: only while the run is its own, and while the person may read all that was read. When his scope has
 * changed since the rows were read the job waits again. Says whether the file counts.
 */
export async function finishExport(
  ctx: FlowContext,
  of: ExportRun,
  made: { rows: number; bytes: number; scope: string; permission: Permission },
): Promise<boolean> {
  faultPoint("export:before-commit");
  const counts = await ctx.db.transact(async (tx) => {
    const now = ctx.clock();
    const actor = await exportReader(tx, { userId: of.userId, permission: made.permission });
    if (scopeText(actor) !== made.scope) {
      await changeOwn(tx, of, { state: "waiting", due_at: now, lease_until: 0, rows_done: 0 });
      return false;
    }
    const done = await changeOwn(tx, of, {
      state: "done",
      rows_done: made.rows,
      rows_of: made.rows,
      bytes: made.bytes,
      scope: made.scope,
      lease_until: 0,
      ended_at: now,
      expires_at: later(now, EXPORT_KEEP_MS),
    });
    if (!done) return false;
    const after = { rows: made.rows, bytes: made.bytes };
    await auditExport(ctx, tx, { action: "export.done", id: of.id, actor: actor.login, ip: "", after });
    return true;
  });
  faultPoint("export:after-commit");
  return counts;
}

/** Ends a run without a file. What may pass is tried again later, some times; what will not is told. */
export async function failExport(ctx: FlowContext, of: ExportRun, error: unknown): Promise<void> {
  const isRefusal = error instanceof AppError && !isDatabaseAway(error);
  const isLast = of.attempts >= ATTEMPTS_MAX;
  const problem = isRefusal ? { code: error.code, details: error.details } : { code: "export_failed", details: {} };
  await ctx.db.transact(async (tx) => {
    const now = ctx.clock();
    if (!isRefusal && !isLast) {
      await changeOwn(tx, of, { state: "waiting", due_at: later(now, RETRY_MS * of.attempts), lease_until: 0 });
      return;
    }
    const failed = {
      state: "failed",
      file: null,
      problem: JSON.stringify(problem),
      lease_until: 0,
      ended_at: now,
    } as const;
    if (!(await changeOwn(tx, of, failed))) return;
    await auditExport(ctx, tx, { action: "export.fail", id: of.id, actor: "job:exports", ip: "", after: problem });
  });
}

/** Gives a run back unfinished because its server ends: the next takes it at once. */
export async function releaseExport(ctx: FlowContext, of: ExportRun): Promise<void> {
  const back = {
    state: "waiting",
    due_at: ctx.clock(),
    lease_until: 0,
    rows_done: 0,
    attempts: of.attempts - 1,
  } as const;
  await ctx.db.transact((tx) => changeOwn(tx, of, back));
}

/** Marks files whose time is over, and forgets lines that are long over. Says how many files expired. */
export async function expireExports(ctx: FlowContext): Promise<number> {
  const now = ctx.clock();
  return ctx.db.transact(async (tx) => {
    const result = await tx
      .updateTable("export_job")
      .set({ state: "expired", file: null })
      .where("state", "=", "done")
      .where("expires_at", "<=", now)
      .executeTakeFirst();
    await tx
      .deleteFrom("export_job")
      .where("state", "in", ["expired", "failed", "cancelled"])
      .where("ended_at", "<=", later(now, -LINE_KEEP_MS))
      .execute();
    return updatedRows(result);
  });
}

/** Files that nobody speaks of are removed when they are older than this: a run may be about to book them. */
export const STRAY_MS = HOUR_MS;
/** How often files are looked through. */
export const EXPORTS_SWEPT_MS = 10 * MINUTE_MS;

async function changeOwn(tx: Tx, of: ExportRun, to: Partial<ExportJobTable>): Promise<boolean> {
  const result = await tx
    .updateTable("export_job")
    .set(to)
    .where("id", "=", of.id)
    .where("run", "=", of.run)
    .where("state", "=", "running")
    .executeTakeFirst();
  return updatedRows(result) === 1;
}
