import type { TestDatabase } from "#store/test-databases.ts";
import { startSharedMariadb } from "../../test/mariadb.ts";
import type { BenchLine } from "./line-format.ts";

/** What a bench measures on one database engine; `fresh` makes empty databases that are dropped when it is done. */
export type MeasureOn = (name: "sqlite" | "mariadb", fresh: () => Promise<TestDatabase>) => Promise<BenchLine[]>;

/** Measures on SQLite, then on MariaDB where that is installed. */
export async function onDatabases(measure: MeasureOn): Promise<BenchLine[]> {
  const server = await startSharedMariadb();
  // Only now: it looks for the server when it is loaded.
  const { freshDatabase } = await import("#store/test-databases.ts");
  const lines: BenchLine[] = [];
  try {
    for (const name of ["sqlite", "mariadb"] as const) {
      if (name === "mariadb" && server === null) continue;
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
