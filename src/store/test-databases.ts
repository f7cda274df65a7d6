import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { type Db, openDatabase } from "./db.ts";

const mysqlUrl = process.env.JICHAO_TEST_MYSQL;

/** The databases that tests run on. Those that cannot be had say why, and their tests are skipped. */
export const testDatabases: readonly { name: "sqlite" | "mariadb"; available: boolean; why?: string }[] = [
  { name: "sqlite", available: true },
  mysqlUrl
    ? { name: "mariadb", available: true }
    : { name: "mariadb", available: false, why: "no MariaDB here: sudo apt-get install -y mariadb-server" },
];

/** A database of a test's own. */
export type TestDatabase = Db & { readonly url: string; drop(): Promise<void> };

/** An empty, migrated database: a file or a schema that nobody else uses. */
export async function freshDatabase(name: "sqlite" | "mariadb"): Promise<TestDatabase> {
  const made = name === "sqlite" ? freshFile() : await freshSchema();
  const db = await openDatabase(made.url);
  await db.migrate();
  let isDropped = false;
  return {
    ...db,
    url: made.url,
    async drop() {
      if (isDropped) return;
      isDropped = true;
      await db.close();
      await made.remove();
    },
  };
}

type Made = { url: string; remove(): Promise<void> };

function freshFile(): Made {
  const folder = mkdtempSync(join(tmpdir(), "jichao-test-"));
  return {
    url: `sqlite:${join(folder, "test.db")}`,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function freshSchema(): Promise<Made> {
  const server = process.env.JICHAO_TEST_MYSQL;
  if (!server) throw new Error("no MariaDB to test on: set JICHAO_TEST_MYSQL or install mariadb-server");
  const schema = `jichao_test_${randomBytes(6).toString("hex")}`;
  const ask = async (statement: string) => {
    const connection = await createConnection(server);
    try {
      await connection.query(statement);
    } finally {
      await connection.end();
    }
  };
  await ask(`create database ${schema} character set utf8mb4 collate utf8mb4_bin`);
  return { url: `${server}/${schema}`, remove: () => ask(`drop database ${schema}`) };
}
