import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { KyselyPlugin } from "kysely";
import { createConnection } from "mysql2/promise";
import { isDuplicateKeyError } from "#store/database-failures.ts";
import type { Db, Tx } from "#store/db.ts";

/** Statements of one transaction, or a read outside of any, as they went to the database. */
export type Recorded = {
  readonly isTransaction: boolean;
  readonly statements: { sql: string; parameters: readonly unknown[] }[];
};

/** A database that also notes every statement that is sent to it, in `log`. A body that ran again counts once. */
export function recording(db: Db, log: Recorded[]): Db {
  return {
    ...db,
    get read() {
      const read: Recorded = { isTransaction: false, statements: [] };
      log.push(read);
      return noting(db.read, read);
    },
    transact: async (body) => {
      let last: Recorded = { isTransaction: true, statements: [] };
      const result = await db.transact((tx) => {
        last = { isTransaction: true, statements: [] };
        return body(noting(tx, last));
      });
      log.push(last);
      return result;
    },
  };
}

function noting(tx: Tx, into: Recorded): Tx {
  const executor = tx.getExecutor();
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      const { sql, parameters } = executor.compileQuery(node, queryId);
      into.statements.push({ sql, parameters });
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const noted = tx.withPlugin(plugin);
  // Texts that we made ourselves pass no plugin on their way.
  const run = noted.executeQuery.bind(noted);
  const executeQuery: typeof noted.executeQuery = (query) => {
    if ("sql" in query && query.query.kind === "RawNode") {
      into.statements.push({ sql: query.sql, parameters: query.parameters });
    }
    return run(query);
  };
  return Object.assign(noted, { executeQuery });
}

/**
 * Sends recorded statements through the bare driver, with the same transactions, from so many clients at once; answers how long it took in
 * ms. SQLite has one writer: there as many transactions as there are clients share one commit, as they would in a queue.
 */
export function replay(url: string, log: readonly Recorded[], clients = 1): Promise<number> {
  return url.startsWith("sqlite:")
    ? replaySqlite(url.slice("sqlite:".length), log, clients)
    : replayMysql(url, log, clients);
}

async function replaySqlite(file: string, log: readonly Recorded[], perCommit: number): Promise<number> {
  const database = new DatabaseSync(file);
  for (const pragma of ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32768"])
    database.exec(`pragma ${pragma}`);
  const prepared = new Map<string, StatementSync>();
  const start = performance.now();
  let open = 0;
  for (const { isTransaction, statements } of log) {
    if (isTransaction && open === 0) database.exec("begin immediate");
    for (const { sql, parameters } of statements) {
      const statement = prepared.get(sql) ?? database.prepare(sql);
      prepared.set(sql, statement);
      const values = parameters as Parameters<StatementSync["all"]>;
      if (statement.columns().length > 0) statement.all(...values);
      else statement.run(...values);
    }
    if (isTransaction && ++open === perCommit) {
      database.exec("commit");
      open = 0;
    }
  }
  if (open > 0) database.exec("commit");
  const took = performance.now() - start;
  database.close();
  return took;
}

async function replayMysql(url: string, log: readonly Recorded[], clients: number): Promise<number> {
  const connections = await Promise.all(
    Array.from({ length: clients }, () =>
      createConnection({ uri: url, charset: "utf8mb4_bin", supportBigNumbers: true }),
    ),
  );
  for (const each of connections) await each.query("set session transaction isolation level read committed");
  let next = 0;
  const start = performance.now();
  try {
    await Promise.all(
      connections.map(async (connection) => {
        for (let one = log[next++]; one !== undefined; one = log[next++]) {
          if (one.isTransaction) await connection.query("begin");
          for (const { sql, parameters } of one.statements) await sent(connection.query(sql, [...parameters]));
          if (one.isTransaction) await connection.query("commit");
        }
      }),
    );
    return performance.now() - start;
  } finally {
    for (const each of connections) each.destroy();
  }
}

/** A taken key was met when the statement was recorded, too: that undoes the statement alone. */
async function sent(query: Promise<unknown>): Promise<void> {
  await query.catch((error: unknown) => {
    if (!isDuplicateKeyError(error)) throw error;
  });
}
