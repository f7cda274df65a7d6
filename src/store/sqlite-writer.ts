import { AsyncLocalStorage } from "node:async_hooks";
import type { Kysely } from "kysely";
import { AppError } from "#base/errors.ts";
import { pause } from "#system/clock.ts";
import type { Log } from "#system/log.ts";
import { bodyScope, runInside } from "./body-scope.ts";
import { failureKind, isBusy } from "./database-failures.ts";
import type { Schema } from "./schema.ts";
import { type SqliteConnection, sqliteEngine } from "./sqlite-dialect.ts";

/** A group ends after so many bodies … */
const GROUP_BODIES_MAX = 64;
/** … or so much time: other processes and the event loop get their turn. */
const GROUP_MS_MAX = 10;
/** How long a caller waits for another process to let go of the file before it is told `database_unavailable`. */
const PATIENCE_MS = 15_000;
/** Between two tries for the file: short, because the other side leaves gaps of about this length. */
const RETRY_MS_MIN = 0.5;
const RETRY_MS_MAX = 2.5;
/** Who met another process at the file leaves a gap after each group for so long, so that both get on. */
const POLITE_FOR_MS = 2_000;
/** A group that was undone by the failure of one body runs again without it; a body that is caught so often gives up. */
const RUNS_MAX = 4;

type Job = {
  body(tx: Kysely<Schema>): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  since: number;
  runs: number;
};
type Told = { job: Job; value: unknown };

/** The one writer of an SQLite file in this process. */
export type SqliteWriter = {
  transact<T>(body: (tx: Kysely<Schema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/**
 * Bodies wait in a queue; each group of them shares one `begin immediate … commit`, so one sync to disk serves all.
 * Inside it a body has its own savepoint: its failure undoes only its own writes. A caller hears of success after the
 * commit, never before; of its own failure at once.
 */
export function sqliteWriter(connection: SqliteConnection, options: { log: Log; patienceMs?: number }): SqliteWriter {
  const { database } = connection;
  const { log, patienceMs = PATIENCE_MS } = options;
  const engine = sqliteEngine();
  const queue: Job[] = [];
  let politeUntil = 0;
  let closed = false;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    while (queue.length > 0) {
      await nextTurn(); // callers that were just told may ask again, and sockets are served
      if (performance.now() < politeUntil) await pause(gapMs());
      try {
        await begin();
      } catch (error) {
        refuseWaiting(error);
        continue;
      }
      await group();
    }
    working = null; // in the same turn as the look at the queue, so that no caller falls between
  }

  async function begin(): Promise<void> {
    for (;;) {
      try {
        database.exec("begin immediate");
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() - (queue[0]?.since ?? 0) >= patienceMs) throw error;
        politeUntil = performance.now() + POLITE_FOR_MS;
        await pause(gapMs());
      }
    }
  }

  /** After a failed begin: who waited long enough is told; an error that will not pass is told to all. */
  function refuseWaiting(error: unknown): void {
    const now = performance.now();
    const refused = queue.filter((job) => !isBusy(error) || now - job.since >= patienceMs);
    queue.splice(0, queue.length, ...queue.filter((job) => !refused.includes(job)));
    log.error({ waiting: refused.length, error: String(error) }, "database file could not be written");
    for (const job of refused) job.reject(unavailable(error));
  }

  async function group(): Promise<void> {
    const began = performance.now();
    const done: Told[] = [];
    for (let bodies = 0; bodies < GROUP_BODIES_MAX && performance.now() - began < GROUP_MS_MAX; bodies++) {
      const job = queue.shift();
      if (job === undefined) break;
      const told = await runOne(job);
      if (told) done.push(told);
      if (!database.isTransaction) return rerun(done);
    }
    commit(done);
  }

  async function runOne(job: Job): Promise<Told | null> {
    job.runs++;
    const scope = bodyScope(engine, connection, () => !database.isTransaction);
    try {
      database.exec("savepoint body");
      const value = await job.body(scope.tx);
      scope.end();
      if (scope.undoneBy() !== undefined) throw scope.undoneBy();
      database.exec("release body");
      return { job, value };
    } catch (error) {
      scope.end();
      undoBody();
      job.reject(failureKind(error) === "away" ? unavailable(error) : error);
      return null;
    }
  }

  /** A full disk or a failed write has already ended the whole transaction, and the savepoint with it. */
  function undoBody(): void {
    try {
      if (database.isTransaction) database.exec("rollback to body; release body");
    } catch (error) {
      log.error({ error: String(error) }, "savepoint could not be undone");
      if (database.isTransaction) database.exec("rollback");
    }
  }

  /** The neighbours of a body that took the whole transaction with it: nothing of theirs is written, they run again. */
  function rerun(done: readonly Told[]): void {
    log.warn({ bodies: done.length }, "transaction was undone by the database; its bodies run again");
    const [again, tired] = [
      done.filter(({ job }) => job.runs < RUNS_MAX),
      done.filter(({ job }) => job.runs >= RUNS_MAX),
    ];
    for (const { job } of tired) job.reject(unavailable(new Error("the database undid the transaction every time")));
    queue.unshift(...again.map(({ job }) => job));
  }

  function commit(done: readonly Told[]): void {
    try {
      database.exec("commit");
    } catch (error) {
      if (database.isTransaction) database.exec("rollback");
      log.error({ bodies: done.length, error: String(error) }, "commit failed");
      for (const { job } of done) job.reject(unavailable(error));
      return;
    }
    for (const { job, value } of done) job.resolve(value);
  }

  return {
    transact(body) {
      if (closed) return Promise.reject(new AppError("database_unavailable", {}, { cause: new Error("closed") }));
      return new Promise((resolve, reject) => {
        // The caller's own async context comes along: someone else's turn will run the body.
        const run = AsyncLocalStorage.bind((tx: Kysely<Schema>) => runInside(() => body(tx)));
        queue.push({ body: run, resolve: resolve as Job["resolve"], reject, since: performance.now(), runs: 0 });
        working ??= work();
      });
    },
    async close() {
      closed = true;
      while (working) await working;
      connection.close();
    },
  };
}

function unavailable(cause: unknown): AppError {
  return new AppError("database_unavailable", {}, { cause });
}

function gapMs(): number {
  return RETRY_MS_MIN + Math.random() * (RETRY_MS_MAX - RETRY_MS_MIN);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
