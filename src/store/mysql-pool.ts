import type { MysqlPool, MysqlPoolConnection } from "kysely";
import { createPool, type PoolConnection, type PoolOptions } from "mysql2";
import { bindable } from "./bind.ts";

/** A host that does not even accept a connection in this time is away. */
const CONNECT_TIMEOUT_MS = 5_000;
/** The server gives up waiting for a row lock first, so that an answer comes and the socket stays good. */
const LOCK_WAIT_S = 5;
/**
 * Explicit, because MariaDB's default lacks ONLY_FULL_GROUP_BY and a server may be set to anything. STRICT turns
 * truncation into an error.
 */
const SQL_MODE =
  "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO";

/** What is set on every connection before it is used. */
export const SESSION_SETTINGS: readonly string[] = [
  "set session transaction isolation level read committed",
  `set session sql_mode = '${SQL_MODE}', innodb_lock_wait_timeout = ${LOCK_WAIT_S}`,
];

/** Where a MySQL or MariaDB is, read from `mysql://user:password@host:port/name`. */
export type MysqlAddress = { host: string; port: number; user: string; password: string; database: string };

/** How a pool is to behave. A frozen server accepts and never answers: `queryTimeoutMs` ends that wait. */
export type PoolUse = {
  connections: number;
  readOnly: boolean;
  queryTimeoutMs: number;
  /** Throws when the caller must not use this pool now. */
  onUse(): void;
  /** Gives an error of the connection its meaning before Kysely's caller sees it. */
  translate(error: unknown): unknown;
};

/** A pool whose connections are set up before first use, refuse what must not be bound, and die when they hang. */
export function mysqlPool(address: MysqlAddress, use: PoolUse): MysqlPool {
  const pool = createPool({ ...CONNECTION_OPTIONS, ...address, connectionLimit: use.connections });
  const guarded = new WeakMap<PoolConnection, MysqlPoolConnection>();

  async function prepare(raw: PoolConnection): Promise<MysqlPoolConnection> {
    const known = guarded.get(raw);
    if (known) return known;
    const settings = [...SESSION_SETTINGS, ...(use.readOnly ? ["set session transaction read only"] : [])];
    for (const setting of settings) await raw.promise().query({ sql: setting, timeout: CONNECT_TIMEOUT_MS });
    const made = guard(raw, use);
    guarded.set(raw, made);
    return made;
  }

  return {
    getConnection(callback) {
      try {
        use.onUse();
      } catch (error) {
        return callback(error, unusable);
      }
      pool.getConnection((error, raw) => {
        if (error) return callback(use.translate(error), unusable);
        prepare(raw).then(
          (made) => callback(null, made),
          (failure) => {
            raw.destroy();
            callback(use.translate(failure), unusable);
          },
        );
      });
    },
    end: (callback) => pool.end(callback),
  };
}

/** How every connection of ours speaks with a MySQL or MariaDB. */
export const CONNECTION_OPTIONS: PoolOptions = {
  charset: "utf8mb4_bin", // also the collation of literals: upper and lower case differ, as on SQLite
  timezone: "Z",
  dateStrings: true,
  supportBigNumbers: true, // beyond 2^53 as text, never rounded
  bigNumberStrings: false,
  decimalNumbers: true, // SUM() of integers is a DECIMAL
  jsonStrings: true,
  multipleStatements: false,
  connectTimeout: CONNECT_TIMEOUT_MS,
  enableKeepAlive: true,
};

function guard(raw: PoolConnection, use: PoolUse): MysqlPoolConnection {
  return {
    config: raw.config,
    get threadId() {
      return raw.threadId ?? 0;
    },
    connect: (callback) => raw.connect(callback),
    destroy: () => raw.destroy(),
    release: () => raw.release(),
    query(sql: string, parameters: readonly unknown[], callback) {
      const values = bindable(parameters, sql);
      if (!callback) return raw.query({ sql, values });
      return raw.query({ sql, values, timeout: use.queryTimeoutMs }, (error, result) => {
        // What comes after a fence belongs to the old question: the socket must not be used again.
        if (error?.code === "PROTOCOL_SEQUENCE_TIMEOUT") raw.destroy();
        if (error) callback(use.translate(error), []);
        else callback(null, result as Parameters<typeof callback>[1]);
      });
    },
  };
}

/** Stands where mysql2 hands nothing over beside an error. */
const unusable = null as unknown as MysqlPoolConnection;
