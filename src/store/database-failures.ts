/**
 * What a database error means for the one who asked. `again`: this transaction was undone, run its body once more.
 * `away`: the database cannot be reached or cannot write now; perhaps later. `ours`: everything else, a mistake in SQL or data.
 */
export type FailureKind = "again" | "away" | "ours";

/** Deadlock, lock wait, changed row, failed commit: a Galera node may answer the first at any statement and at COMMIT. */
const MYSQL_AGAIN: ReadonlySet<unknown> = new Set([1213, 1205, 1020, 1180]);

/** Shutting down, node not ready, read-only, connection killed, too many connections, idle connection closed, disk full. */
const MYSQL_AWAY: ReadonlySet<unknown> = new Set([
  1040, 1047, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1290, 1317, 1836, 1927, 1021, 1114, 3169, 4031,
]);

const SOCKET_AWAY: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "ETIMEDOUT",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "POOL_CLOSED",
  "NO_NODE",
]);

/** Primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. */
const SQLITE_AWAY: ReadonlySet<number> = new Set([5, 6, 8, 10, 13, 14]);
const SQLITE_BUSY = 5;

/** Reads the kind off an error of mysql2 or node:sqlite, also when it was wrapped as a `cause`. */
export function failureKind(error: unknown): FailureKind {
  for (const each of causes(error)) {
    const { code, errno } = each;
    if (code === "ERR_SQLITE_ERROR") return SQLITE_AWAY.has(primaryCode(each)) ? "away" : "ours";
    if (MYSQL_AGAIN.has(errno)) return "again";
    if (MYSQL_AWAY.has(errno) || SOCKET_AWAY.has(code)) return "away";
    if (each.fatal === true && errno === undefined) return "away"; // "connection is in closed state" has no code
  }
  return "ours";
}

/** SQLite: another process holds the file. */
export function isBusy(error: unknown): boolean {
  return causes(error).some((each) => each.code === "ERR_SQLITE_ERROR" && primaryCode(each) === SQLITE_BUSY);
}

/** A row with the same unique key exists: 1062 of MySQL; PRIMARYKEY, UNIQUE and ROWID constraints of SQLite. */
export function isDuplicateKeyError(error: unknown): boolean {
  return causes(error).some((each) =>
    each.code === "ERR_SQLITE_ERROR" ? SQLITE_DUPLICATE.has(Number(each.errcode)) : each.errno === 1062,
  );
}

const SQLITE_DUPLICATE: ReadonlySet<number> = new Set([1555, 2067, 2579]);

type Fields = { code?: unknown; errno?: unknown; errcode?: unknown; fatal?: unknown; cause?: unknown };

function causes(error: unknown): Fields[] {
  const found: Fields[] = [];
  for (let each = error; isObject(each) && found.length < CAUSES_MAX; each = each.cause) found.push(each);
  return found;
}

/** Chains are short; the bound is for an error that names itself as its cause. */
const CAUSES_MAX = 8;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function primaryCode(error: Fields): number {
  return Number(error.errcode) & 0xff;
}
