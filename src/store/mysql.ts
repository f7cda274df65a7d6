import {
  CompiledQuery,
  type Driver,
  Kysely,
  MysqlAdapter,
  MysqlDialect,
  MysqlDriver,
  MysqlIntrospector,
  MysqlQueryCompiler,
} from "kysely";
import { AppError } from "#base/errors.ts";
import { pause } from "#system/clock.ts";
import type { Log } from "#system/log.ts";
import { assertOutsideBody, bodyScope, type Engine, runInside } from "./body-scope.ts";
import { failureKind } from "./database-failures.ts";
import type { MysqlAddress } from "./mysql-address.ts";
import type { NodeLook } from "./mysql-node.ts";
import { mysqlPool } from "./mysql-pool.ts";
import { mysqlWriter } from "./mysql-writer.ts";
import type { Schema } from "./schema.ts";

/** Transactions at once per program; more would only wait for locks. */
const WRITE_CONNECTIONS = 10;
const READ_CONNECTIONS = 8;
/** Longer than a lock wait or a Galera node's suspicion, so that the server's own answer comes first. */
const QUERY_TIMEOUT_MS = 20_000;
/** How long a body is tried again before its caller is told `database_unavailable`. */
const PATIENCE_MS = 15_000;
/** Deadlocks solve themselves in a few turns; a body that meets so many is fighting another of our own. */
const RUNS_MAX = 30;
const BACK_OFF_MS_MIN = 4;
const BACK_OFF_MS_MAX = 500;

/** A MySQL or MariaDB as the rest of the store uses it. */
export type MysqlDatabase = {
  read: Kysely<Schema>;
  transact<T>(body: (tx: Kysely<Schema>) => Promise<T>): Promise<T>;
  /** All nodes of the address as they are now, and which one is used. */
  nodes(): Promise<(NodeLook & { used: boolean })[]>;
  close(): Promise<void>;
};

/** Opens two pools: one that writes in transactions, one that the server itself keeps from writing. */
export function openMysql(address: MysqlAddress, options: { log: Log; patienceMs?: number }): MysqlDatabase {
  const { log, patienceMs = PATIENCE_MS } = options;
  const engine: Engine = {
    adapter: new MysqlAdapter(),
    compiler: new MysqlQueryCompiler(),
    introspector: (db) => new MysqlIntrospector(db),
  };
  const writer = mysqlWriter(address, log);
  const driver: Driver = new MysqlDriver({
    pool: mysqlPool(address, writer, {
      connections: WRITE_CONNECTIONS,
      readOnly: false,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      onUse: () => {},
      translate: (error) => error, // transact() reads the kind itself
    }),
  });
  const ready = driver.init();
  const readPool = mysqlPool(address, writer, {
    connections: READ_CONNECTIONS,
    readOnly: true,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    onUse: () => assertOutsideBody("db.read"),
    translate: awayAsAppError,
  });
  const read = new Kysely<Schema>({ dialect: new MysqlDialect({ pool: readPool }) });

  async function once<T>(body: (tx: Kysely<Schema>) => Promise<T>): Promise<T> {
    await ready;
    const connection = await driver.acquireConnection();
    const scope = bodyScope(engine, connection, (error) => failureKind(error) !== "ours");
    try {
      await connection.executeQuery(CompiledQuery.raw("begin"));
      const value = await runInside(() => body(scope.tx));
      scope.end();
      if (scope.undoneBy() !== undefined) throw scope.undoneBy();
      await connection.executeQuery(CompiledQuery.raw("commit"));
      return value;
    } catch (error) {
      scope.end();
      // Fails only on a connection that is gone, and then the server rolls back by itself.
      await connection.executeQuery(CompiledQuery.raw("rollback")).catch(() => {});
      throw scope.undoneBy() ?? error;
    } finally {
      await driver.releaseConnection(connection);
    }
  }

  let closing: Promise<void> | null = null;
  return {
    read,
    async transact(body) {
      const giveUpAt = performance.now() + patienceMs;
      let undone = 0;
      for (let run = 1; ; run++) {
        try {
          return await once(body);
        } catch (error) {
          const kind = failureKind(error);
          if (kind === "ours") throw error;
          const waitMs = backOffMs(run);
          if (kind === "again") undone++;
          if (undone >= RUNS_MAX || performance.now() + waitMs > giveUpAt) {
            log.error({ runs: run, error: String(error) }, "transaction given up");
            throw awayAsAppError(error);
          }
          if (kind === "away") log.warn({ run, error: String(error) }, "database was away; the transaction runs again");
          else log.debug({ run, error: String(error) }, "transaction was undone by the database; it runs again");
          await pause(waitMs);
        }
      }
    },
    async nodes() {
      const [used, looks] = await Promise.all([writer.current().catch(() => null), writer.looks()]);
      return looks.map((look) => ({ ...look, used: look.host === used }));
    },
    close() {
      closing ??= closePool(readPool)
        .then(() => driver.destroy())
        .finally(() => writer.close());
      return closing;
    },
  };
}

/** Not by Kysely's `destroy`, which leaves a pool alone that was never asked anything. */
function closePool(pool: { end(callback: (error: unknown) => void): void }): Promise<void> {
  return new Promise((resolve) => pool.end(() => resolve()));
}

function awayAsAppError(error: unknown): unknown {
  if (error instanceof AppError || failureKind(error) === "ours") return error;
  return new AppError("database_unavailable", {}, { cause: error });
}

/** Doubles up to a bound; half of it random, so that two bodies that met do not meet again. */
function backOffMs(run: number): number {
  const most = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** Math.min(run, 10));
  return most / 2 + (Math.random() * most) / 2;
}
