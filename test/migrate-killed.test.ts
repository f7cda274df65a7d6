import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { afterEach, expect, test } from "vitest";
import { createDatabase } from "#store/create-database.ts";
import { openDatabase } from "#store/db.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { start } from "#store/test-program.ts";
import { pause } from "#system/clock.ts";

const mariadb = testDatabases.find(({ name }) => name === "mariadb");
const gone: (() => unknown)[] = [];
afterEach(async () => {
  for (const remove of gone.splice(0).reverse()) await remove();
});

/** A way to the database that breaks when so many statements have passed: to the server it is a client that was killed. */
async function fragileWay(to: URL) {
  let left = Number.POSITIVE_INFINITY;
  let passed = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(to.port), to.hostname);
    for (const each of [client, database]) {
      open.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        open.delete(each);
        client.destroy();
        database.destroy();
      });
    }
    database.on("data", (bytes) => client.write(bytes));
    client.on("data", (bytes: Buffer) => {
      if (bytes[4] === COM_QUERY) passed++;
      if (bytes[4] === COM_QUERY && --left < 0) client.destroy();
      else database.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  gone.push(() => {
    for (const each of open) each.destroy();
    server.close();
  });
  const way = new URL(to);
  way.port = String((server.address() as AddressInfo).port);
  return {
    url: way.href,
    passed: () => passed,
    breakAfter(statements: number) {
      left = statements;
      passed = 0;
    },
  };
}
const COM_QUERY = 3;

/** Tables, columns and indexes, as the engine tells them. */
async function shape(url: string): Promise<unknown> {
  const connection = await createConnection(url);
  const [columns] =
    await connection.query(`select table_name, column_name, column_type, is_nullable, column_default, extra
    from information_schema.columns where table_schema = database() order by 1, 2`);
  const [indexes] = await connection.query(`select table_name, index_name, seq_in_index, column_name, non_unique
    from information_schema.statistics where table_schema = database() order by 1, 2, 3`);
  await connection.end();
  return { columns, indexes };
}

test.skipIf(!mariadb?.available)(
  "a migration that loses its database at any statement is run again and gets through",
  async () => {
    const server = process.env.JICHAO_TEST_MYSQL ?? "";
    const schema = `jichao_killed_${randomBytes(5).toString("hex")}`;
    const admin = await createConnection(server);
    await admin.query(`create database ${schema} character set utf8mb4 collate utf8mb4_bin`);
    gone.push(async () => {
      await admin.query(`drop database ${schema}`);
      await admin.end();
    });
    const way = await fragileWay(new URL(`${server}/${schema}`));
    const db = await openDatabase(way.url);
    gone.push(() => db.close());
    let broken = 0;
    for (let statements = 1; ; statements++) {
      way.breakAfter(statements);
      const done = await db.migrate().then(
        () => true,
        () => false,
      );
      if (done) break;
      broken++;
    }
    expect(broken).toBeGreaterThan(60); // every table is a statement
    way.breakAfter(Number.POSITIVE_INFINITY);
    expect(await db.migrate()).toEqual([]);
    const fresh = await freshDatabase("mariadb");
    gone.push(() => fresh.drop());
    expect(await shape(`${server}/${schema}`)).toEqual(await shape(fresh.url));
  },
  300_000,
);

test("a migration of a file that is killed again and again leaves nothing half-made", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jichao-killed-"));
  gone.push(() => rmSync(folder, { recursive: true, force: true }));
  const url = `sqlite:${join(folder, "killed.db")}`;
  for (let run = 0; run < 8; run++) {
    const { child, ended } = start("migrate", { url, name: "" });
    await pause(150 + run * 60);
    child.kill("SIGKILL");
    await ended;
    const db = await openDatabase(url);
    const tables = (await db.read.introspection.getTables()).length;
    const rows = tables === 0 ? [] : await db.read.selectFrom("role").selectAll().execute();
    expect(Array.isArray(rows)).toBe(true); // all of it or nothing
    await db.close();
  }
  const db = await openDatabase(url);
  await db.migrate();
  expect(await db.migrate()).toEqual([]);
  await db.close();
});

test.skipIf(!mariadb?.available)(
  "one command makes a database with three users, and the programs run as one that cannot change tables",
  async () => {
    const server = process.env.JICHAO_TEST_MYSQL ?? "";
    const name = `jc_${randomBytes(4).toString("hex")}`;
    const made = await createDatabase({ admin: server, name, from: "%" });
    gone.push(async () => {
      const admin = await createConnection(server);
      await admin.query(`drop database ${name}`);
      for (const user of [name, `${name}_migrate`, `${name}_read`]) await admin.query(`drop user '${user}'@'%'`);
      await admin.end();
    });
    const early = await openDatabase(made.programs);
    await expect(early.migrate()).rejects.toThrow(/denied/i);
    await early.close();
    const migrating = await openDatabase(made.migrate);
    expect((await migrating.migrate()).length).toBeGreaterThan(10);
    await migrating.close();
    const db = await openDatabase(made.programs);
    expect(await db.migrate()).toEqual([]);
    await db.transact((tx) => tx.insertInto("tally").values({ name: "x", value: 1 }).execute());
    await expect(db.transact((tx) => tx.schema.dropTable("tally").execute())).rejects.toThrow(/denied/i);
    await db.close();
    const reading = await openDatabase(made.readOnly);
    expect(await reading.read.selectFrom("tally").select("value").execute()).toEqual([{ value: 1 }]);
    const write = reading.transact((tx) => tx.insertInto("tally").values({ name: "y", value: 1 }).execute());
    await expect(write).rejects.toThrow(/denied/i);
    await reading.close();
    const again = await createDatabase({ admin: server, name, from: "%" });
    expect(again.programs).not.toBe(made.programs);
  },
  60_000,
);
