import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { afterEach, expect, test } from "vitest";
import { createDatabase } from "#store/create-database.ts";
import { openDatabase } from "#store/db.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { start } from "#store/test-program.ts";
import { pause } from "#system/clock.ts";
import { fragileWay } from "./fragile-way.ts";
import { mysqlShape } from "./shape.ts";

const mariadb = testDatabases.find(({ name }) => name === "mariadb");
const gone: (() => unknown)[] = [];
afterEach(async () => {
  for (const remove of gone.splice(0).reverse()) await remove();
});

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
    gone.push(() => way.close());
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
    expect(await mysqlShape(`${server}/${schema}`)).toEqual(await mysqlShape(fresh.url));
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
