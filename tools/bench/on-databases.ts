import { createConnection } from "mysql2/promise";
import type { TestDatabase } from "#store/test-databases.ts";
import { startSharedMariadb } from "../../test/mariadb.ts";
import type { BenchDatabase, BenchLine } from "./line-format.ts";

/** Which of them, and as how large a site: `poolBytes` is what MariaDB may keep in memory. */
export type OnWhat = { database?: BenchDatabase | undefined; poolBytes?: number };

/** What `docs/OPERATIONS.md` tells a site of 10 000 meters to give its database. */
export const SITE_POOL_BYTES = 2 * 1024 ** 3;

/** What a bench measures on one database engine; `fresh` makes empty databases that are dropped when it is done. */
export type MeasureOn = (name: BenchDatabase, fresh: () => Promise<TestDatabase>) => Promise<BenchLine[]>;

/** Measures on SQLite, then on MariaDB where that is installed; on one of them when only that is wanted. */
export async function onDatabases(measure: MeasureOn, { database, poolBytes }: OnWhat = {}): Promise<BenchLine[]> {
  const server = database === "sqlite" ? null : await startSharedMariadb();
  if (server !== null && poolBytes !== undefined) await keepInMemory(server.url, poolBytes);
  // Only now: it looks for the server when it is loaded.
  const { freshDatabase } = await import("#store/test-databases.ts");
  const lines: BenchLine[] = [];
  try {
    for (const name of ["sqlite", "mariadb"] as const) {
      if ((name === "mariadb" && server === null) || (database !== undefined && name !== database)) continue;
      const made: TestDatabase[] = [];
      const fresh = async () => {
        const database = await freshDatabase(name);
        made.push(database);
        return database;
      };
      try {
        lines.push(...(await measure(name, fresh)));
      } finally {
        for (const database of made) await database.drop();
      }
    }
  } finally {
    await server?.stop();
  }
  return lines;
}

async function keepInMemory(url: string, bytes: number): Promise<void> {
  const connection = await createConnection(url);
  await connection.query("set global innodb_buffer_pool_size = ?", [bytes]);
  await connection.end();
}
