import { sql } from "kysely";
import type { Tx } from "./db.ts";
import { type MigrationMark, migrationMarks } from "./migration-marks.ts";
import { kindOf } from "./portable.ts";

/** Variables of a MySQL or MariaDB that decide whether a commit is kept, and whether texts and times mean the same everywhere. */
const NAMES = [
  "innodb_flush_log_at_trx_commit",
  "sync_binlog",
  "log_bin",
  "character_set_server",
  "collation_database",
  "character_set_database",
  "time_zone",
  "max_connections",
  "sql_mode",
  "max_allowed_packet",
  "innodb_buffer_pool_size",
  "wsrep_on",
] as const;

/** How a server of the MySQL family is set, by variable; empty on SQLite, whose settings are ours. */
export async function engineSettings(read: Tx): Promise<Map<string, string>> {
  if (kindOf(read) === "sqlite") return new Map();
  const { rows } = await sql<{
    Variable_name: string;
    Value: string;
  }>`show global variables where variable_name in (${sql.join(NAMES.map((name) => sql`${name}`))})`.execute(read);
  const found = new Map(rows.map((row) => [row.Variable_name, String(row.Value)]));
  // Of the database itself, not of the server's default.
  const own = await sql<{ charset: string; collation: string }>`select default_character_set_name as charset,
    default_collation_name as collation from information_schema.schemata where schema_name = database()`.execute(read);
  if (own.rows[0]) found.set("character_set_database", own.rows[0].charset);
  return found;
}

/** How far the database's clock is ahead of a host's, in ms, within the time that asking took; null on SQLite, which has none of its own. */
export async function databaseClockAhead(read: Tx, clock: () => number): Promise<number | null> {
  if (kindOf(read) === "sqlite") return null;
  const askedAt = clock();
  const { rows } = await sql<{ ms: number }>`select floor(unix_timestamp(now(3)) * 1000) as ms`.execute(read);
  return Math.round(Number(rows[0]?.ms ?? askedAt) - (askedAt + clock()) / 2);
}

/** Migrations that were applied to a database, or begun; null when it has no tables yet. */
export async function appliedMigrations(read: Tx): Promise<MigrationMark[] | null> {
  const tables = await read.introspection.getTables();
  return tables.some(({ name }) => name === "migration") ? await migrationMarks(read) : null;
}
