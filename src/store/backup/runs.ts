import type { Tx } from "../db.ts";
import type { BackupRunTable } from "../schema-safekeeping.ts";

/** Reasons are cut to what the column holds. */
const PROBLEM_CHARS_MAX = 500;

/** Notes a backup, or a restore for trial, with how it ended. */
export async function noteBackup(tx: Tx, row: BackupRunTable): Promise<void> {
  await tx
    .insertInto("backup_run")
    .values({ ...row, file: row.file.slice(-128), problem: row.problem.slice(0, PROBLEM_CHARS_MAX) })
    .execute();
}

/** The newest backup that succeeded, the newest try whatever became of it, and the newest restore for trial (恢复演练) that went well. */
export async function lastBackups(read: Tx) {
  const newest = read.selectFrom("backup_run").selectAll().orderBy("ended_at", "desc").limit(1);
  return {
    good: (await newest.where("kind", "=", "backup").where("ok", "=", 1).executeTakeFirst()) ?? null,
    last: (await newest.where("kind", "=", "backup").executeTakeFirst()) ?? null,
    drill: (await newest.where("checked", "=", "restored").where("ok", "=", 1).executeTakeFirst()) ?? null,
  };
}
