import { existsSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Connection, createConnection } from "mysql2";
import { AppError } from "#base/errors.ts";
import type { Log } from "#system/log.ts";
import { type Db, openDatabase } from "../db.ts";
import { migrateMysql, migrateSqlite, migrationNames, RESTORING } from "../migrate.ts";
import { hostName, loginAt, type MysqlAddress, type MysqlHost, mysqlAddress } from "../mysql-address.ts";
import { CONNECTION_OPTIONS, SESSION_SETTINGS } from "../mysql-session.ts";
import { oneNode } from "../mysql-writer.ts";
import { openSqlite } from "../sqlite.ts";
import { type BackupRow, type BackupTable, type BackupValue, isKept } from "./columns.ts";

/**
 * A new database being filled from a backup. Until it is published nothing can start on it: on SQLite it is a file of another name, on the MySQL
 * family a table `restoring` stands in it.
 */
export type RestoreTarget = {
  /** Makes the tables of the backup's version, empty. Throws `backup_damaged` when they are not those of the backup. */
  prepare(input: { file: string; migrations: readonly string[]; tables: readonly BackupTable[] }): Promise<void>;
  load(table: BackupTable, rows: readonly BackupRow[]): Promise<void>;
  /** Brings the tables to the present version, lets `finish` do the rest, and only then makes the database usable. */
  publish<T>(finish: (db: Db) => Promise<T>): Promise<T>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
};

/** Opens a target that must be empty, or hold what an earlier restore has left unfinished. Throws `restore_target_not_empty`. */
export async function openRestoreTarget(url: string, log: Log): Promise<RestoreTarget> {
  return /^(mysql|mariadb):/.test(url)
    ? openOnMysql(url, log)
    : openOnSqlite(resolve(url.replace(/^sqlite:/, "")), log);
}

async function openOnSqlite(file: string, log: Log): Promise<RestoreTarget> {
  if (existsSync(file) && statSync(file).size > 0) throw new AppError("restore_target_not_empty", { target: file });
  const filling = `${file}.restoring`;
  await mkdir(dirname(file), { recursive: true });
  await removeFile(filling);
  let loading: DatabaseSync | null = null;
  const statements = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  return {
    async prepare(input) {
      await made(`sqlite:${filling}`, log, input);
      loading = new DatabaseSync(filling);
      // If the machine stops now, the file is thrown away anyway.
      loading.exec("pragma synchronous=off; pragma journal_mode=off; begin");
      for (const { name } of input.tables) loading.exec(`delete from "${name}"`);
    },
    async load(table, rows) {
      const known = statements.get(table.name);
      const insert = known ?? loading?.prepare(insertText(table, '"'));
      if (insert === undefined) throw new Error("load() comes after prepare()");
      if (known === undefined) statements.set(table.name, insert);
      for (const row of rows) insert.run(...row);
    },
    async publish(finish) {
      loading?.exec("commit");
      loading?.close();
      loading = null;
      const told = await finished(`sqlite:${filling}`, log, finish);
      await syncFile(filling);
      await rename(filling, file);
      await syncFile(dirname(file));
      return told;
    },
    async abandon() {
      loading?.close();
      loading = null;
      await removeFile(filling);
    },
  };
}

async function removeFile(file: string): Promise<void> {
  for (const end of ["", "-wal", "-shm", "-journal"]) await rm(`${file}${end}`, { force: true });
}

/** Puts what was written to a file, or the names in a folder, onto the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Rows of one statement: far below the packet that every server takes (16 MB), also with long texts. */
const ROWS_PER_STATEMENT = 200;
const PACKET_CHARS_MAX = 2_000_000;

async function openOnMysql(url: string, log: Log): Promise<RestoreTarget> {
  const address = mysqlAddress(url);
  const host = await oneNode(address);
  const connection = createConnection({ ...CONNECTION_OPTIONS, ...loginAt(address, host) });
  connection.on("error", () => {}); // told by the statement under way, or by the next one
  const run = (sql: string, values: unknown[] = []) => executed(connection, sql, values);
  try {
    for (const setting of SESSION_SETTINGS) await run(setting);
    const there = await tablesIn(connection);
    if (there.length > 0 && !there.includes(RESTORING)) {
      throw new AppError("restore_target_not_empty", { target: shown(address, host) });
    }
    await emptied(there);
    await run(`create table ${RESTORING} (at_ms bigint not null) engine=InnoDB`);
  } catch (error) {
    connection.destroy();
    throw error;
  }

  async function emptied(tables: readonly string[]): Promise<void> {
    for (const name of tables.filter((each) => each !== RESTORING)) await run(`drop table \`${name}\``);
    await run(`drop table if exists ${RESTORING}`); // last: what is half gone is still known as such
  }

  return {
    async prepare(input) {
      await made(url, log, input);
      for (const { name } of input.tables) await run(`delete from \`${name}\``);
    },
    async load(table, rows) {
      await run("begin");
      for (let i = 0; i < rows.length; ) {
        const part: BackupRow[] = [];
        let chars = 0;
        for (; i < rows.length && part.length < ROWS_PER_STATEMENT && chars < PACKET_CHARS_MAX; i++) {
          const row = rows[i] ?? [];
          part.push(row);
          for (const value of row) chars += sizeOf(value);
        }
        const marks = part.map((row) => `(${row.map(() => "?").join()})`).join();
        const values = part.flat().map(forMysql);
        await run(insertText(table, "`").replace(/values .*$/, `values ${marks}`), values);
      }
      await run("commit");
    },
    async publish(finish) {
      const told = await finished(url, log, finish);
      await run(`drop table ${RESTORING}`);
      connection.destroy();
      return told;
    },
    async abandon() {
      await emptied(await tablesIn(connection)).catch((error) =>
        log.error({ error: String(error) }, "a restore that failed could not be cleared away"),
      );
      connection.destroy();
    },
  };
}

function sizeOf(value: BackupValue): number {
  if (typeof value === "string") return value.length;
  return value instanceof Uint8Array ? value.length * 2 : 20;
}

function forMysql(value: BackupValue): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

function shown({ database }: MysqlAddress, host: MysqlHost): string {
  return `${hostName(host)}/${database}`;
}

function insertText({ name, columns }: BackupTable, quote: string): string {
  const named = columns.map((each) => `${quote}${each.name}${quote}`).join();
  return `insert into ${quote}${name}${quote} (${named}) values (${columns.map(() => "?").join()})`;
}

/** Makes the tables of an older version and compares them with those of the backup. */
async function made(
  url: string,
  log: Log,
  input: { file: string; migrations: readonly string[]; tables: readonly BackupTable[] },
): Promise<void> {
  await migrateThrough(url, log, new Set(input.migrations));
  const db = await openDatabase(url, { log });
  try {
    const there = (await db.transact((tx) => tx.introspection.getTables())).filter(({ name }) => isKept(name));
    const backed = new Map(input.tables.map((table) => [table.name, namesIn(table.columns)]));
    const wrong =
      there.find(({ name, columns }) => backed.get(name) !== namesIn(columns.filter(isWritten)))?.name ??
      input.tables.find(({ name }) => !there.some((each) => each.name === name))?.name;
    if (wrong !== undefined)
      throw new AppError("backup_damaged", { file: input.file, what: `table ${wrong} is not that of its version` });
  } finally {
    await db.close();
  }
}

/** Applies the named migrations only: those that a backup was made under, and at last all of them. */
async function migrateThrough(url: string, log: Log, names: ReadonlySet<string>): Promise<void> {
  const wanted = (name: string) => names.has(name);
  if (/^(mysql|mariadb):/.test(url)) return void (await migrateMysql(mysqlAddress(url), wanted));
  const { writer, close } = await openSqlite(resolve(url.replace(/^sqlite:/, "")), { log });
  try {
    await migrateSqlite(writer, wanted);
  } finally {
    await close();
  }
}

function namesIn(columns: readonly { name: string }[]): string {
  return columns
    .map(({ name }) => name)
    .sort()
    .join();
}

/** Computed by the database itself; the one column of this kind has no type of its own that introspection would tell. */
function isWritten({ name }: { name: string }): boolean {
  return name !== "settle_due";
}

async function finished<T>(url: string, log: Log, finish: (db: Db) => Promise<T>): Promise<T> {
  await migrateThrough(url, log, new Set(migrationNames));
  const db = await openDatabase(url, { log });
  try {
    return await finish(db);
  } finally {
    await db.close();
  }
}

async function tablesIn(connection: Connection): Promise<string[]> {
  const rows = await executed(
    connection,
    "select table_name as name from information_schema.tables where table_schema = database()",
    [],
  );
  return rows.map(({ name }) => String(name));
}

function executed(connection: Connection, sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  const { promise, resolve: answer, reject } = Promise.withResolvers<Record<string, unknown>[]>();
  connection.query(sql, values, (error, rows) =>
    error ? reject(error) : answer(Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []),
  );
  return promise;
}
