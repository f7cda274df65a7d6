import { AsyncLocalStorage } from "node:async_hooks";
import {
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
} from "kysely";
import { assert } from "#base/errors.ts";
import type { Schema } from "./schema.ts";

/** What all transactions of one engine share. */
export type Engine = { adapter: DialectAdapter; compiler: QueryCompiler; introspector: Dialect["createIntrospector"] };

/** One run of a body: the `tx` that it gets, and what became of it. */
export type BodyScope = {
  tx: Kysely<Schema>;
  /** The first error after which the database has undone the transaction, whatever the body made of it. */
  undoneBy(): unknown;
  /** From now on `tx` refuses: a forgotten `await` must not write into someone else's transaction. */
  end(): void;
};

const inside = new AsyncLocalStorage<true>();

/** Runs a flow's body so that {@link assertOutsideBody} sees it. */
export function runInside<T>(body: () => Promise<T>): Promise<T> {
  return inside.run(true, body);
}

/** Stops a transaction inside a transaction, and reads beside it: both would see or do something else than meant. */
export function assertOutsideBody(what: string): void {
  assert(inside.getStore() === undefined, `${what} inside a transaction's body`);
}

/**
 * A Kysely that speaks on one given connection and nowhere else, for one run of one body.
 * Once `undoes` has recognised an error, every later statement fails with it: after a deadlock the server has already
 * rolled back, and what follows would be written outside any transaction.
 */
export function bodyScope(
  engine: Engine,
  connection: DatabaseConnection,
  undoes: (error: unknown) => boolean,
): BodyScope {
  let ended = false;
  let undone: unknown;
  const check = () => {
    assert(!ended, "a transaction was used after its body ended");
    if (undone !== undefined) throw undone;
  };
  const scoped: DatabaseConnection = {
    async executeQuery(query, options) {
      check();
      try {
        return await connection.executeQuery(query, options);
      } catch (error) {
        if (undoes(error)) undone ??= error;
        throw error;
      }
    },
    streamQuery(query, chunkSize, options) {
      check();
      return connection.streamQuery(query, chunkSize, options);
    },
  };
  return {
    tx: new Kysely<Schema>({ dialect: onConnection(engine, scoped) }),
    undoneBy: () => undone,
    end: () => {
      ended = true;
    },
  };
}

function onConnection(engine: Engine, connection: DatabaseConnection): Dialect {
  const refuse = async () => assert(false, "transact() is the only way to a transaction");
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: async () => {},
  };
  return {
    createAdapter: () => engine.adapter,
    createDriver: () => driver,
    createQueryCompiler: () => engine.compiler,
    createIntrospector: engine.introspector,
  };
}
