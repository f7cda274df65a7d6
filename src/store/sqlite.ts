import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Kysely } from "kysely";
import { AppError } from "#base/errors.ts";
import { pause } from "#system/clock.ts";
import type { Log } from "#system/log.ts";
import { assertOutsideBody } from "./body-scope.ts";
import { isBusy } from "./database-failures.ts";
import type { Schema } from "./schema.ts";
import { SqliteConnection, sqliteDialect } from "./sqlite-dialect.ts";
import { type SqliteWriter, sqliteWriter } from "./sqlite-writer.ts";

/**
 * FULL: a commit is on the disk when it answers, as money needs. The tiny time-out is for the moment in which another
 * process opens or closes the file; longer waits belong to the writer's queue, which does not block the event loop.
 */
const WRITER_PRAGMAS = [
  "busy_timeout=5",
  "journal_mode=WAL",
  "synchronous=FULL",
  "foreign_keys=ON",
  "cache_size=-32768",
];
/** Readers never wait for the writer in WAL; only for a recovery after a crash, or the last close of another process. */
const READER_PRAGMAS = ["busy_timeout=250", "query_only=ON", "cache_size=-32768"];
const OPEN_PATIENCE_MS = 15_000;
const OPEN_RETRY_MS = 20;

/** An SQLite file as the rest of the store uses it: one connection writes, one reads what is committed. */
export type SqliteDatabase = { read: Kysely<Schema>; writer: SqliteWriter; close(): Promise<void> };

/** Opens the file, making it and its folder when they are missing. */
export async function openSqlite(file: string, options: { log: Log; patienceMs?: number }): Promise<SqliteDatabase> {
  await mkdir(dirname(file), { recursive: true });
  const writing = await openPatiently(file, WRITER_PRAGMAS);
  const reading = await openPatiently(file, READER_PRAGMAS);
  const read = new Kysely<Schema>({ dialect: sqliteDialect(reading, () => assertOutsideBody("db.read")) });
  const writer = sqliteWriter(writing, options);
  let closing: Promise<void> | null = null;
  return {
    read,
    writer,
    close() {
      closing ??= writer.close().then(() => reading.close());
      return closing;
    },
  };
}

/** The first switch to WAL and a recovery need the file alone for a moment; two programs may start together. */
async function openPatiently(file: string, pragmas: readonly string[]): Promise<SqliteConnection> {
  const giveUpAt = performance.now() + OPEN_PATIENCE_MS;
  for (;;) {
    try {
      return new SqliteConnection(file, pragmas);
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > giveUpAt) throw new AppError("database_unavailable", {}, { cause: error });
      await pause(OPEN_RETRY_MS * (0.5 + Math.random()));
    }
  }
}
