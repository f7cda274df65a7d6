import { AppError } from "#base/errors.ts";
import type { ExportReport } from "#contract/export-kinds.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { exportJobOf } from "#store/exports.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import type { ExportJobTable } from "#store/schema-exports.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Jobs of one person that wait or run: more than one at a time never run, and the rest is patience. */
export const OPEN_EXPORTS_MAX = 20;

/** Everything that decides how many jobs there are takes a number of this sequence first, so two never decide at once. */
export const EXPORT_SEQUENCE = "export_run";

/** What is asked for: a report with its filter, and what its file will say about itself. */
export type ExportWish = {
  key: string;
  report: ExportReport;
  filter: Readonly<Record<string, string>>;
  language: "zh-CN" | "en";
  title: string;
  filterText: string;
  fileName: string;
  rowsOf: number;
  ip: string;
};

/**
 * Puts a file on the list of what is made in the background. The same key again is the same job, whoever was quicker; with another
 * wish it is refused. The permission is the caller's business, and is asked for again when the rows are read.
 */
export async function askExport(
  ctx: FlowContext,
  actor: Actor,
  wish: ExportWish,
): Promise<{ exportId: string; created: boolean }> {
  const filter = JSON.stringify(Object.entries(wish.filter).sort(([a], [b]) => (a < b ? -1 : 1)));
  return decide(ctx.db, async (tx) => {
    const at = ctx.clock();
    await nextNumbers(tx, EXPORT_SEQUENCE);
    const before = await tx
      .selectFrom("export_job")
      .select(["id", "report", "filter", "language"])
      .where("user_id", "=", actor.userId)
      .where("request_key", "=", wish.key)
      .executeTakeFirst();
    if (before) {
      const isSame = before.report === wish.report && before.filter === filter && before.language === wish.language;
      if (!isSame) throw new AppError("export_key_conflict");
      return { exportId: before.id, created: false };
    }
    await demandRoom(tx, actor.userId);
    const id = ctx.newId(at);
    const row: ExportJobTable = {
      ...{ id, user_id: actor.userId, request_key: wish.key, report: wish.report, filter, language: wish.language },
      ...{ title: wish.title.slice(0, 300), filter_text: wish.filterText.slice(0, 1_000) },
      ...{ state: "waiting", rows_done: 0, rows_of: wish.rowsOf },
      ...{ file: null, file_name: wish.fileName.slice(0, 300), bytes: null, scope: "", problem: null },
      ...{ run: 0, attempts: 0, due_at: at, lease_until: 0 },
      ...{ asked_at: at, started_at: null, ended_at: null, expires_at: null },
    };
    if ((await insertIgnore(tx, "export_job", [row], ["id"])) === 0) throw new Stale(`export ${id}`);
    const after = { report: wish.report, filter: wish.filter, rows: wish.rowsOf };
    await auditExport(ctx, tx, { action: "export.ask", id, actor: actor.login, ip: wish.ip, after });
    return { exportId: id, created: true };
  });
}

/**
 * Ends a job that waits or runs (取消), and throws away the file of one that is done (删除). Whoever writes the file of a running one removes
 * it himself. Answers the file that is nobody's from now on.
 */
export async function cancelExport(
  ctx: FlowContext,
  actor: Actor,
  input: { id: string; ip: string },
): Promise<string | null> {
  return decide(ctx.db, async (tx) => {
    const at = ctx.clock();
    const row = await ownJob(tx, actor, input.id);
    if (row.state === "cancelled" || row.state === "expired") return null; // a second click
    if (row.state === "failed") throw new AppError("export_not_open");
    const isDone = row.state === "done";
    await change(tx, row, { state: isDone ? "expired" : "cancelled", ended_at: at, lease_until: 0, file: null });
    const action = isDone ? "export.remove" : "export.cancel";
    await auditExport(ctx, tx, { action, actor: actor.login, ...input, after: null });
    return row.file;
  });
}

/** Has a job that failed, was cancelled or has expired made anew, with the rows and the scope of then. */
export async function retryExport(ctx: FlowContext, actor: Actor, input: { id: string; ip: string }): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const at = ctx.clock();
    await nextNumbers(tx, EXPORT_SEQUENCE);
    const row = await ownJob(tx, actor, input.id);
    if (row.state === "waiting" || row.state === "running") throw new AppError("export_not_repeatable");
    await demandRoom(tx, actor.userId);
    // The old file stays named until the next run has removed it.
    await change(tx, row, {
      ...{ state: "waiting", rows_done: 0, bytes: null, problem: null, attempts: 0, due_at: at },
      ...{ started_at: null, ended_at: null, expires_at: null },
    });
    await auditExport(ctx, tx, { action: "export.retry", actor: actor.login, ...input, after: null });
  });
}

/** Notes that somebody took a file away. */
export async function noteExportTaken(
  ctx: FlowContext,
  actor: Actor,
  input: { id: string; ip: string; after: object },
): Promise<void> {
  await ctx.db.transact((tx) => auditExport(ctx, tx, { action: "export.download", actor: actor.login, ...input }));
}

/** One line of the audit about a job. */
export async function auditExport(
  ctx: FlowContext,
  tx: Tx,
  of: { action: AuditAction; id: string; actor: string; ip: string; after: object | null },
): Promise<void> {
  const at = ctx.clock();
  const entry = { id: ctx.newId(at), at, actor: of.actor, action: of.action, object: `export:${of.id}` };
  await addAudit(tx, { ...entry, before: null, after: of.after, reason: "", ip: of.ip });
}

async function ownJob(tx: Tx, actor: Actor, id: string): Promise<ExportJobTable> {
  const row = await exportJobOf(tx, actor.userId, id);
  if (!row) throw new AppError("export_not_found");
  return row;
}

async function demandRoom(tx: Tx, userId: number): Promise<void> {
  const open = await tx
    .selectFrom("export_job")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("user_id", "=", userId)
    .where("state", "in", ["waiting", "running"])
    .executeTakeFirstOrThrow();
  if (Number(open.count) >= OPEN_EXPORTS_MAX) throw new AppError("export_too_many", { max: OPEN_EXPORTS_MAX });
}

/** Changes a job as it was seen: {@link Stale} when it went on meanwhile. */
async function change(tx: Tx, seen: ExportJobTable, to: Partial<ExportJobTable>): Promise<void> {
  const result = await tx
    .updateTable("export_job")
    .set(to)
    .where("id", "=", seen.id)
    .where("state", "=", seen.state)
    .where("run", "=", seen.run)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`export ${seen.id}`);
}
