import { type Kysely, sql } from "kysely";
import { AppError } from "#base/errors.ts";
import { SOFTWARE_VERSION } from "#base/version.ts";
import type { Schema } from "./schema.ts";

/**
 * A migration as the database remembers it. `olderCanRun`: programs that do not know it may go on, because it only added tables, indexes, and columns that
 * may be left out, and nothing that is written under it means something else to them. `madeBy`: the version that applied it. Those of before there were marks
 * have neither. `isDone` is false while it is being applied, and after that was broken off.
 */
export type MigrationMark = { name: string; olderCanRun: boolean; madeBy: string | null; isDone: boolean };

/**
 * Stands in `migration` like a step that nobody knows, in a database that is left behind for a restored one (`jichao release rollback`): programs on it, on
 * whatever server, end within seconds, and none starts on it, so that no money is taken there any more.
 */
export const LEFT_BEHIND = "9999_left_behind";

type Row = { name: string; older_can_run?: number | null; made_by?: string | null; ended?: number | null };

/** What was applied to a database whose table `migration` is there, whether or not that has marks already. */
export async function migrationMarks(db: Kysely<Schema>): Promise<MigrationMark[]> {
  const { rows } = await sql<Row>`select * from migration order by name`.execute(db);
  return rows.map((row) => ({
    name: row.name,
    olderCanRun: Number(row.older_can_run ?? 0) === 1,
    madeBy: row.made_by ?? null,
    isDone: Number(row.ended ?? 1) === 1,
  }));
}

/** Migrations that this program does not know: those that it must not run with, and those that it gets along with. */
export function unknownMigrations(
  marks: readonly MigrationMark[],
  known: readonly string[],
): { refused: MigrationMark[]; borne: MigrationMark[] } {
  const unknown = marks.filter(({ name }) => !known.includes(name));
  return {
    refused: unknown.filter((mark) => !mark.olderCanRun),
    borne: unknown.filter((mark) => mark.olderCanRun),
  };
}

/** Why this program must not touch the database, or null when it may. */
export function newerDatabase(marks: readonly MigrationMark[], known: readonly string[]): AppError | null {
  const { refused } = unknownMigrations(marks, known);
  if (refused.some(({ name }) => name === LEFT_BEHIND)) return new AppError("database_left_behind", {});
  const [first] = refused;
  if (first === undefined) return null;
  return new AppError("database_newer", {
    migration: first.name,
    version: first.madeBy ?? "?",
    here: SOFTWARE_VERSION,
  });
}
