import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Connection, createConnection } from "mysql2";
import { AppError, assert } from "#base/errors.ts";
import { loginAt, type MysqlAddress, mysqlAddress } from "../mysql-address.ts";
import { CONNECTION_OPTIONS, SESSION_SETTINGS } from "../mysql-session.ts";
import { oneNode } from "../mysql-writer.ts";
import { type BackupColumn, type BackupRow, type BackupTable, isKept } from "./columns.ts";

/** The whole database as it was at one moment, while everybody else goes on writing. */
export type Snapshot = {
  /** "SQLite 3.53.4", "MariaDB 10.11.19". */
  readonly engine: string;
  readonly migrations: readonly string[];
  readonly tables: readonly BackupTable[];
  /** Rows of a table in the order of its key, some hundred at a time. */
  rows(table: BackupTable): AsyncIterable<readonly BackupRow[]>;
  close(): Promise<void>;
};

/** Rows handed on at a time. */
const ROWS = 500;

/**
 * Opens a snapshot of a database: one read transaction over all tables. On SQLite (WAL) the writer goes on beside it and only its log grows
 * until the snapshot is closed; on the MySQL family InnoDB keeps the old versions of rows for as long.
 */
export async function openSnapshot(url: string): Promise<Snapshot> {
  return /^(mysql|mariadb):/.test(url) ? onMysql(mysqlAddress(url)) : onSqlite(resolve(url.replace(/^sqlite:/, "")));
}

/** A step that was begun and broken off is none of the backup: what a restore makes is what was there before it. */
function isDone({ ended }: Record<string, unknown>): boolean {
  return ended === undefined || ended === null || Number(ended) === 1;
}

type FromMysql = string | number | Uint8Array | null;

async function onSqlite(file: string): Promise<Snapshot> {
  if (!existsSync(file)) throw new AppError("database_unavailable", {}, { cause: new Error(`no file ${file}`) });
  const database = new DatabaseSync(file, { readOnly: true });
  const ask = (sql: string, ...values: string[]) => database.prepare(sql).all(...values) as Record<string, unknown>[];
  database.exec("pragma busy_timeout=5000; begin");
  try {
    const names = ask("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name");
    const all = names.map(({ name }) => String(name));
    const tables = all.filter(isKept).map((name) => ({
      name,
      columns: ask("select name, type from pragma_table_info(?)", name).map((row) =>
        column(name, String(row.name), String(row.type)),
      ),
    }));
    const migrations = all.includes("migration") ? ask("select * from migration order by name") : [];
    return {
      engine: `SQLite ${ask("select sqlite_version() as version")[0]?.version}`,
      migrations: migrations.filter(isDone).map(({ name }) => String(name)),
      tables,
      async *rows({ name, columns }) {
        const key = ask("select name from pragma_table_info(?) where pk > 0 order by pk", name);
        const order = key.map((each) => `"${each.name}"`).join();
        const statement = database.prepare(
          `select ${columns.map((each) => `"${each.name}"`).join()} from "${name}" ${order === "" ? "" : `order by ${order}`}`,
        );
        statement.setReadBigInts(true);
        statement.setReturnArrays(true);
        let batch: BackupRow[] = [];
        for (const row of statement.iterate()) {
          batch.push(row as unknown as BackupRow);
          if (batch.length < ROWS) continue;
          yield batch;
          batch = [];
        }
        if (batch.length > 0) yield batch;
      },
      async close() {
        database.close(); // and with it ends the transaction
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function onMysql(address: MysqlAddress): Promise<Snapshot> {
  const host = await oneNode(address);
  const connection = createConnection({ ...CONNECTION_OPTIONS, ...loginAt(address, host) });
  connection.on("error", () => {}); // told by the query under way, or by the next one
  const ask = (sql: string, values: unknown[] = []) => asked(connection, sql, values);
  try {
    for (const setting of SESSION_SETTINGS) await ask(setting);
    await ask("set session transaction isolation level repeatable read");
    await ask("set session net_write_timeout = 3600"); // we may be slower than the server for a while
    await ask("start transaction with consistent snapshot, read only");
    const found = await ask(
      `select table_name as t, column_name as c, data_type as type from information_schema.columns
        where table_schema = database() and extra not like '%GENERATED%' order by table_name, ordinal_position`,
    );
    const keys = await ask(
      `select table_name as t, column_name as c from information_schema.key_column_usage
        where table_schema = database() and constraint_name = 'PRIMARY' order by table_name, ordinal_position`,
    );
    const tables = new Map<string, BackupColumn[]>();
    for (const { t, c, type } of found) {
      const columns = tables.get(String(t)) ?? [];
      columns.push(column(String(t), String(c), String(type)));
      tables.set(String(t), columns);
    }
    const [about] = await ask("select version() as version");
    const version = String(about?.version);
    const migrations = tables.has("migration") ? await ask("select * from migration order by name") : [];
    return {
      engine: `${/mariadb/i.test(version) ? "MariaDB" : "MySQL"} ${version.split("-")[0]}`,
      migrations: migrations.filter(isDone).map(({ name }) => String(name)),
      tables: [...tables].filter(([name]) => isKept(name)).map(([name, columns]) => ({ name, columns })),
      async *rows({ name, columns }) {
        const order = keys.filter(({ t }) => t === name).map(({ c }) => `\`${c}\``);
        const sql = `select ${columns.map((each) => `\`${each.name}\``).join()} from \`${name}\` ${order.length === 0 ? "" : `order by ${order.join()}`}`;
        const stream = connection.query({ sql, rowsAsArray: true }).stream({ highWaterMark: 2 * ROWS });
        const isInt = columns.map(({ type }) => type === "int");
        let batch: BackupRow[] = [];
        for await (const row of stream as AsyncIterable<FromMysql[]>) {
          // Whole numbers beyond 2^53 come as text.
          batch.push(row.map((value, i) => (typeof value === "string" && isInt[i] ? BigInt(value) : value)));
          if (batch.length < ROWS) continue;
          yield batch;
          batch = [];
        }
        if (batch.length > 0) yield batch;
      },
      async close() {
        connection.destroy(); // a snapshot has nothing to commit
      },
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

const KINDS = [
  ["int", /^(integer|bigint|int|smallint|tinyint)$/i],
  ["text", /^(text|varchar|mediumtext)$/i],
  ["bytes", /^(blob|mediumblob)$/i],
] as const;

function column(table: string, name: string, type: string): BackupColumn {
  const kind = KINDS.find(([, types]) => types.test(type));
  assert(kind !== undefined, `${table}.${name} is ${type}: a backup would not be exact`);
  return { name, type: kind[0] };
}

function asked(connection: Connection, sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  const { promise, resolve: answer, reject } = Promise.withResolvers<Record<string, unknown>[]>();
  connection.query(sql, values, (error, rows) =>
    error ? reject(error) : answer(Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []),
  );
  return promise;
}
