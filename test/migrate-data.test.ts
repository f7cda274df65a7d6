import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sql } from "kysely";
import { createConnection } from "mysql2/promise";
import { afterEach, describe, expect, test } from "vitest";
import { randomStream } from "#simulator/random.ts";
import { type Db, openDatabase } from "#store/db.ts";
import { migrateMysql, migrateSqlite, migrationNames } from "#store/migrate.ts";
import { mysqlAddress } from "#store/mysql-address.ts";
import { nextNumbers } from "#store/sequences.ts";
import { openSqlite } from "#store/sqlite.ts";
import { testDatabases } from "#store/test-databases.ts";
import { start } from "#store/test-program.ts";
import { pause } from "#system/clock.ts";
import { silentLog } from "#system/log.ts";
import { fragileWay } from "./fragile-way.ts";
import { mysqlShape } from "./shape.ts";

/** The first release that sites had: everything after it changed tables that were in use. */
const FIRST = new Set(["0001_first_light", "0002_links", "0003_switch_fault", "0004_keys"]);
const ROWS = 4;

const gone: (() => unknown)[] = [];
afterEach(async () => {
  for (const remove of gone.splice(0).reverse()) await remove();
});

/** Columns whose values mean something to a later step; every other is told by its type and the number of the row. */
const MEANT: Readonly<Record<string, (row: number) => string | number>> = {
  "role.code": (row) => ["admin", "maintenance", "cashier", "viewer"][row - 1] ?? "x",
  "role.permissions": () => '["board.view"]',
  "recharge_order.order_no": (row) => `R2026080${row}000001`,
  "recharge_order.channel": (row) => (row % 2 === 0 ? "cash" : "transfer"),
  "recharge_order.meter_id": (row) => 1 + (row % 2), // two projects, two receipts each
  "meter.box_id": () => 1,
  "sequence.name": (row) => `kept-${row}`,
  "tally.name": (row) => `kept-${row}`,
  "meter_state.state": () => "normal",
};

/** A database of the first release with some rows in every table. */
async function firstRelease(url: string): Promise<void> {
  const wanted = (name: string) => FIRST.has(name);
  if (url.startsWith("mysql:")) await migrateMysql(mysqlAddress(url), wanted);
  else {
    const { writer, close } = await openSqlite(resolve(url.replace("sqlite:", "")), { log: silentLog });
    await migrateSqlite(writer, wanted);
    await close();
  }
  const db = await openDatabase(url);
  await db.transact(async (tx) => {
    for (const { name, columns } of await tx.introspection.getTables()) {
      if (name === "migration") continue;
      const written = columns.filter((column) => column.name !== "settle_due");
      for (let row = 1; row <= ROWS; row++) {
        const values = written.map((column) => {
          const meant = MEANT[`${name}.${column.name}`];
          if (meant !== undefined) return meant(row);
          if (column.isNullable) return null;
          return /int/i.test(column.dataType) ? row : `${column.name.slice(0, 8)}${row}`;
        });
        await sql`insert into ${sql.table(name)} (${sql.join(written.map((column) => sql.ref(column.name)))})
          values (${sql.join(values)})`.execute(tx);
      }
    }
  });
  await db.close();
}

/** Every row of every table, in an order that does not depend on how it came there. */
async function rowsOf(db: Db): Promise<Record<string, string[]>> {
  const tables = await db.read.introspection.getTables();
  const found: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await sql`select * from ${sql.table(name)}`.execute(db.read);
    found[name] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return found;
}

async function schemaOf(db: Db, url: string): Promise<unknown> {
  if (db.kind === "mysql") return mysqlShape(url);
  return (await sql`select type, name, tbl_name, sql from sqlite_master order by type, name`.execute(db.read)).rows;
}

async function emptyDatabase(kind: "sqlite" | "mariadb"): Promise<string> {
  if (kind === "sqlite") {
    const folder = mkdtempSync(join(tmpdir(), "jichao-killed-"));
    gone.push(() => rmSync(folder, { recursive: true, force: true }));
    return `sqlite:${join(folder, "old.db")}`;
  }
  const server = process.env.JICHAO_TEST_MYSQL ?? "";
  const schema = `jichao_killed_${randomBytes(5).toString("hex")}`;
  const admin = await createConnection(server);
  await admin.query(`create database ${schema} character set utf8mb4 collate utf8mb4_bin`);
  gone.push(async () => {
    await admin.query(`drop database ${schema}`);
    await admin.end();
  });
  return `${server}/${schema}`;
}

/** Statements until the next kill, at most: more in each run, or a long step would never come to its end. */
const STATEMENTS_MIN = 20;
const STATEMENTS_MORE = 6;
/** A step on SQLite is in one transaction and quick: the moments that matter are around the first half second of a run. */
const SQLITE_KILLS = 8;

/** Runs `jichao migrate` as a process and kills it at random, until one run comes through. Answers how many were killed. */
async function killedUntilDone(url: string, random: () => number): Promise<number> {
  const way = url.startsWith("mysql:") ? await fragileWay(new URL(url)) : null;
  if (way !== null) gone.push(() => way.close());
  for (let killed = 0; ; killed++) {
    const { child, ended } = start("migrate", { url: way?.url ?? url, name: "" });
    const kill = () => void child.kill("SIGKILL");
    if (way === null) {
      if (killed < SQLITE_KILLS) void pause(100 + killed * 40 + random() * 40).then(kill);
    } else {
      const reaches = random() < 0.5;
      way.breakAfter(1 + Math.floor(random() * (STATEMENTS_MIN + STATEMENTS_MORE * killed)), (lose, passOn) => {
        kill();
        if (reaches)
          passOn(); // the server carries it out, and nobody hears of it
        else lose();
      });
    }
    if ((await ended) === 0) return killed;
    child.kill("SIGKILL");
  }
}

describe.each(testDatabases)("$name", ({ name, available }) => {
  test.skipIf(!available)(
    "an upgrade of a database in use, killed at random points, ends in the tables and rows of an unbroken one",
    async () => {
      const seed = randomBytes(2).readUInt16BE();
      const random = randomStream(seed, 77);
      const [whole, broken] = [await emptyDatabase(name), await emptyDatabase(name)];
      await firstRelease(whole);
      await firstRelease(broken);
      const [expected, found] = [await openDatabase(whole), await openDatabase(broken)];
      gone.push(() => Promise.all([expected.close(), found.close()]));
      expect(await expected.migrate()).toHaveLength(migrationNames.length - FIRST.size);
      const killed = await killedUntilDone(broken, random);
      expect(await found.migrate()).toEqual([]);
      expect({ seed, shape: await schemaOf(found, broken) }).toEqual({ seed, shape: await schemaOf(expected, whole) });
      expect({ seed, rows: await rowsOf(found) }).toEqual({ seed, rows: await rowsOf(expected) });
      expect(killed).toBeGreaterThan(2);
    },
    300_000,
  );

  test.skipIf(!available)(
    "a receipt that was numbered in the moment of the kill is not numbered again",
    async () => {
      const url = await emptyDatabase(name);
      await firstRelease(url);
      const db = await openDatabase(url);
      gone.push(() => db.close());
      await db.migrate();
      // As a kill leaves it: the payment is there, its number not yet counted, the order not yet tied to it.
      await db.transact(async (tx) => {
        await sql`delete from migration where name = '0005_desk'`.execute(tx);
        const last = await tx
          .selectFrom("payment")
          .selectAll()
          .where("project_id", "=", 1)
          .orderBy("receipt_no", "desc")
          .executeTakeFirstOrThrow();
        await tx
          .updateTable("recharge_order")
          .set({ payment_no: "" })
          .where("order_no", "=", last.payment_no)
          .execute();
        await tx
          .updateTable("sequence")
          .set((eb) => ({ next: eb("next", "-", 1) }))
          .where("name", "=", "receipt:1:2026")
          .execute();
      });
      expect(await db.migrate()).toEqual(["0005_desk"]);
      const taken = await db.read.selectFrom("payment").select("receipt_no").where("project_id", "=", 1).execute();
      const next = await db.transact((tx) => nextNumbers(tx, "receipt:1:2026"));
      expect(taken.map(({ receipt_no }) => receipt_no)).not.toContain(`2026-${String(next).padStart(6, "0")}`);
    },
    60_000,
  );
});
