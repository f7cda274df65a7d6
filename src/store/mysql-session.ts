import type { PoolOptions } from "mysql2";

/** A host that does not even accept a connection in this time is away. */
export const CONNECT_TIMEOUT_MS = 5_000;
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
