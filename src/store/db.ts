import { join, resolve } from "node:path";
import { type Kysely, sql } from "kysely";
import { type AppError, assert } from "#base/errors.ts";
import { type Log, silentLog } from "#system/log.ts";
import { assertOutsideBody } from "./body-scope.ts";
import { migrateMysql, migrateSqlite, migrationNames } from "./migrate.ts";
import { migrationMarks, newerDatabase } from "./migration-marks.ts";
import { openMysql } from "./mysql.ts";
import { mysqlAddress } from "./mysql-address.ts";
import type { NodeLook } from "./mysql-node.ts";
import type { Schema } from "./schema.ts";
import { openSqlite } from "./sqlite.ts";

/** What a flow's body and every store function get: a place to run statements. */
export type Tx = Kysely<Schema>;

/** MariaDB counts as `mysql`: what differs between the two is not used. */
export type DatabaseKind = "sqlite" | "mysql";

/** The shared database of all programs. */
export type Db = {
  readonly kind: DatabaseKind;
  /** Single reads of committed data; refuses to write, and refuses inside a body (use its `tx` there). */
  readonly read: Tx;
  /**
   * Runs the body in one transaction and resolves when its commit is durable. The whole body may run again: after a
   * deadlock, and after a commit whose answer was lost; so it writes under keys that recognise a repeat, and does
   * nothing but use `tx`. When the database stays away the caller gets `database_unavailable`.
   */
  transact<T>(body: (tx: Tx) => Promise<T>): Promise<T>;
  /** Brings the tables up to date; answers the names of the migrations applied now. Programs may do it at once. */
  migrate(): Promise<string[]>;
  /** The engine, for people: "SQLite 3.53.4", "MariaDB 10.11.19". */
  version(): Promise<string>;
  /** The nodes that the address names, as they are now, and which one this program uses; none on SQLite. */
  nodes(): Promise<(NodeLook & { used: boolean })[]>;
  close(): Promise<void>;
};

/** `patienceMs`: how long a caller waits for a database that is away; only tests shorten it. */
export type DatabaseOptions = { log?: Log; patienceMs?: number };

/**
 * Opens `sqlite:/path/file.db` (or a bare path), made when missing, or `mysql://user:password@host:port/name`, where a list `host:port,host:port`
 * names the nodes of a cluster: one is used, and when it fails the next.
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<Db> {
  const opening = { log: silentLog, ...options };
  return /^(mysql|mariadb):/.test(url) ? openOnMysql(url, opening) : openOnSqlite(url, opening);
}

/** Why this program must not touch the database any more (or not yet), or null; programs that run look now and then. */
export async function newerThanThis(db: Db): Promise<AppError | null> {
  return newerDatabase(await migrationMarks(db.read), migrationNames);
}

/** The address of the embedded database: a file in the data folder. */
export function embeddedDatabase(dataDir: string): string {
  return `sqlite:${resolve(join(dataDir, "jichao.db"))}`;
}

type Opening = { log: Log; patienceMs?: number };

async function openOnSqlite(url: string, options: Opening): Promise<Db> {
  const file = url.replace(/^sqlite:/, "");
  assert(file !== "" && file !== ":memory:", "an SQLite database is a file: it is opened twice, to write and to read");
  const { read, writer, close } = await openSqlite(resolve(file), options);
  return {
    kind: "sqlite",
    read,
    transact: async (body) => {
      assertOutsideBody("transact()");
      return writer.transact(body);
    },
    migrate: () => migrateSqlite(writer, undefined, { log: options.log }),
    async version() {
      const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(read);
      return `SQLite ${rows[0]?.version}`;
    },
    nodes: async () => [],
    close,
  };
}

async function openOnMysql(url: string, options: Opening): Promise<Db> {
  const address = mysqlAddress(url);
  const database = openMysql(address, options);
  const db: Db = {
    kind: "mysql",
    read: database.read,
    transact: async (body) => {
      assertOutsideBody("transact()");
      return database.transact(body);
    },
    migrate: () => migrateMysql(address, undefined, { log: options.log }),
    async version() {
      const { rows } = await sql<{ version: string }>`select version() as version`.execute(database.read);
      const text = rows[0]?.version ?? "";
      return `${/mariadb/i.test(text) ? "MariaDB" : "MySQL"} ${text.split("-")[0]}`;
    },
    nodes: database.nodes,
    close: database.close,
  };
  // A wrong password or name is told at the start, and a database that is just starting is waited for.
  await db
    .transact((tx) => sql`select 1`.execute(tx))
    .catch(async (error) => {
      await db.close();
      throw error;
    });
  return db;
}
