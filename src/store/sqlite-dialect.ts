import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { assert } from "#base/errors.ts";
import { bindable } from "./bind.ts";
import type { Engine } from "./body-scope.ts";

/** Statements kept prepared per connection; the flows have fewer, bulk inserts of odd lengths come and go. */
const STATEMENTS_MAX = 256;
/** Longer texts are prepared anew each time: a rare bulk statement must not hold memory. */
const CACHED_SQL_CHARS_MAX = 32_768;

type Prepared = { statement: StatementSync; returnsRows: boolean };

/** One connection to an SQLite file: every call is synchronous, so nothing can come between two of them by itself. */
export class SqliteConnection implements DatabaseConnection {
  readonly database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(file: string, pragmas: readonly string[]) {
    this.database = new DatabaseSync(file);
    for (const pragma of pragmas) this.database.exec(`pragma ${pragma}`);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, returnsRows } = this.#prepare(query.sql);
    const parameters = bindable(query.parameters, query.sql);
    if (returnsRows) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // Not a cached statement: the same text may be run again while this one is half-way.
    const statement = this.database.prepare(query.sql);
    for (const row of statement.iterate(...bindable(query.parameters, query.sql))) yield { rows: [row as R] };
  }

  close(): void {
    this.#prepared.clear();
    this.database.close();
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) {
      this.#prepared.delete(sql); // to the young end: the map is in order of last use
      this.#prepared.set(sql, known);
      return known;
    }
    const statement = this.database.prepare(sql);
    const made = { statement, returnsRows: statement.columns().length > 0 };
    if (sql.length > CACHED_SQL_CHARS_MAX) return made;
    this.#prepared.set(sql, made);
    if (this.#prepared.size > STATEMENTS_MAX) {
      for (const oldest of this.#prepared.keys()) {
        this.#prepared.delete(oldest);
        break;
      }
    }
    return made;
  }
}

/**
 * Kysely would hand out "the one connection" under a lock, which a refused use never gives back and a query inside a stream
 * waits for without end. Statements here are synchronous: they need no lock.
 */
class UnlockedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** The parts of Kysely that writing bodies on SQLite share. */
export const sqliteEngine = (): Engine => ({
  adapter: new UnlockedAdapter(),
  compiler: new SqliteQueryCompiler(),
  introspector: (db) => new SqliteIntrospector(db),
});

/** Kysely on one SQLite connection, for single statements: `onUse` is asked before each of them. */
export function sqliteDialect(connection: SqliteConnection, onUse: () => void): Dialect {
  const refuse = async () => assert(false, "transact() is the only way to a transaction");
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => {
      onUse();
      return connection;
    },
    releaseConnection: async () => {},
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: async () => connection.close(),
  };
  return {
    createAdapter: () => new UnlockedAdapter(),
    createDriver: () => driver,
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}
