import type { ExportJob } from "#contract/exports.ts";
import type { Tx } from "./db.ts";
import type { ExportJobTable } from "./schema-exports.ts";

/** Jobs shown to a person: more than anybody keeps track of. */
const SHOWN_MAX = 100;

/** The jobs that a person asked for, the newest first. Nobody sees another's. */
export async function exportJobsOf(tx: Tx, userId: number): Promise<ExportJob[]> {
  const rows = await tx
    .selectFrom("export_job")
    .selectAll()
    .where("user_id", "=", userId)
    .orderBy("id", "desc")
    .limit(SHOWN_MAX)
    .execute();
  return rows.map(toExportJob);
}

/** One job of a person; undefined when there is none of this id, or it is somebody else's. */
export function exportJobOf(tx: Tx, userId: number, id: string): Promise<ExportJobTable | undefined> {
  return tx.selectFrom("export_job").selectAll().where("id", "=", id).where("user_id", "=", userId).executeTakeFirst();
}

/** A row as it goes over the wire: without the name of its file and the scope. */
export function toExportJob(row: ExportJobTable): ExportJob {
  return {
    exportId: row.id,
    report: row.report,
    title: row.title,
    filterText: row.filter_text,
    state: row.state,
    rowsDone: row.rows_done,
    rowsOf: row.rows_of,
    bytes: row.bytes,
    problem: row.problem === null ? null : (JSON.parse(row.problem) as ExportJob["problem"]),
    askedAt: row.asked_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    expiresAt: row.expires_at,
  };
}

/** Jobs that want to be run: those that wait and are due, and those whose run has not been heard of since its lease ended. */
export function dueExports(tx: Tx, now: number): Promise<ExportJobTable[]> {
  return tx
    .selectFrom("export_job")
    .selectAll()
    .where((eb) =>
      eb.or([
        eb.and([eb("state", "=", "waiting"), eb("due_at", "<=", now)]),
        eb.and([eb("state", "=", "running"), eb("lease_until", "<=", now)]),
      ]),
    )
    .orderBy("asked_at")
    .orderBy("id")
    .limit(SHOWN_MAX)
    .execute();
}

/** Who has a job that really runs, one entry for each. */
export async function runningExports(tx: Tx, now: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("export_job")
    .select("user_id")
    .where("state", "=", "running")
    .where("lease_until", ">", now)
    .execute();
  return rows.map((row) => row.user_id);
}

/** Bytes of the files that are kept for a person. */
export async function keptExportBytes(tx: Tx, userId: number): Promise<number> {
  const { bytes } = await tx
    .selectFrom("export_job")
    .select((eb) => eb.fn.sum<number | null>("bytes").as("bytes"))
    .where("user_id", "=", userId)
    .where("state", "=", "done")
    .executeTakeFirstOrThrow();
  return Number(bytes ?? 0);
}

/** The files that some job still speaks of. */
export async function keptExportFiles(tx: Tx): Promise<Set<string>> {
  const rows = await tx.selectFrom("export_job").select("file").where("file", "is not", null).execute();
  return new Set(rows.flatMap((row) => (row.file === null ? [] : [row.file])));
}
