import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { SOFTWARE_VERSION } from "#base/version.ts";
import { silentLog } from "#system/log.ts";
import { newerThanThis } from "./db.ts";
import { leaveBehind, takeUpAgain } from "./left-behind.ts";
import { type Migration, migrateMysql, migrateSqlite, migrations } from "./migrate.ts";
import { migrationMarks } from "./migration-marks.ts";
import { mysqlAddress } from "./mysql-address.ts";
import { openSqlite } from "./sqlite.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

const opened: TestDatabase[] = [];
afterEach(async () => {
  for (const db of opened.splice(0)) await db.drop();
});

/** A program of tomorrow, with steps that this one does not know. */
async function tomorrow(db: TestDatabase, more: readonly Migration[]): Promise<string[]> {
  const migrating = { steps: [...migrations, ...more], announcedMs: 0 };
  if (db.kind === "mysql") return migrateMysql(mysqlAddress(db.url), undefined, migrating);
  const { writer, close } = await openSqlite(db.url.replace("sqlite:", ""), { log: silentLog });
  try {
    return await migrateSqlite(writer, undefined, migrating);
  } finally {
    await close();
  }
}

const tableStep = (name: string): Migration => ({
  name,
  up: (db) => db.schema.createTable("of_tomorrow").ifNotExists().addColumn("id", "integer").execute(),
});

describe.each(testDatabases)("$name", ({ name, available }) => {
  const on = test.skipIf(!available);
  async function fresh(): Promise<TestDatabase> {
    const db = await freshDatabase(name);
    opened.push(db);
    return db;
  }

  on("a step that is not marked shuts out the programs that do not know it", async () => {
    const db = await fresh();
    expect(await newerThanThis(db)).toBeNull();
    expect(await tomorrow(db, [tableStep("9001_of_tomorrow")])).toEqual(["9001_of_tomorrow"]);
    const details = { migration: "9001_of_tomorrow", version: SOFTWARE_VERSION, here: SOFTWARE_VERSION };
    await expect(db.migrate()).rejects.toMatchObject({ code: "database_newer", details });
    expect(await newerThanThis(db)).toMatchObject({ code: "database_newer", details });
    expect(await tomorrow(db, [tableStep("9001_of_tomorrow")])).toEqual([]);
  });

  on("a database that is left behind shuts all programs out, can be read, and is taken up again", async () => {
    const db = await fresh();
    for (const _ of ["once", "again"]) await leaveBehind(db);
    expect(await newerThanThis(db)).toMatchObject({ code: "database_left_behind" });
    await expect(db.migrate()).rejects.toMatchObject({ code: "database_left_behind" });
    await expect(tomorrow(db, [tableStep("9001_of_tomorrow")])).rejects.toMatchObject({ code: "database_left_behind" });
    expect(await db.read.selectFrom("payment").select("payment_no").execute()).toEqual([]);
    await takeUpAgain(db);
    expect(await newerThanThis(db)).toBeNull();
    expect(await db.migrate()).toEqual([]);
  });

  on("with a marked one they go on, and still apply what is their own", async () => {
    const db = await fresh();
    await tomorrow(db, [{ ...tableStep("9001_of_tomorrow"), olderCanRun: true }]);
    await db.transact((tx) => sql`delete from migration where name = '0032_setup'`.execute(tx));
    expect(await db.migrate()).toEqual(["0032_setup"]);
    expect(await db.migrate()).toEqual([]);
    expect(await newerThanThis(db)).toBeNull();
  });

  on("what is known about each step is written down, and of those of before there were marks nothing", async () => {
    const db = await fresh();
    const marks = await migrationMarks(db.read);
    expect(marks.find(({ name }) => name === "0032_setup")).toEqual({
      ...{ name: "0032_setup", olderCanRun: false, madeBy: null, isDone: true },
    });
    expect(marks.find(({ name }) => name === "0033_marks")).toEqual({
      ...{ name: "0033_marks", olderCanRun: true, madeBy: SOFTWARE_VERSION, isDone: true },
    });
  });

  on("a step that stops half-way keeps older programs out, and is gone on with", async () => {
    const db = await fresh();
    const broken: Migration = {
      name: "9001_of_tomorrow",
      async up(tx) {
        // Those that run have been told before the first statement.
        if (db.kind === "mysql") expect(await newerThanThis(db)).toMatchObject({ code: "database_newer" });
        await tableStep("").up(tx, "mysql");
        throw new Error("killed");
      },
    };
    for (let tries = 0; tries < 2; tries++) await expect(tomorrow(db, [broken])).rejects.toThrow("killed");
    // On SQLite nothing of it was kept, so nothing is newer.
    if (db.kind === "mysql") await expect(db.migrate()).rejects.toMatchObject({ code: "database_newer" });
    else expect(await db.migrate()).toEqual([]);
    expect(await tomorrow(db, [tableStep("9001_of_tomorrow")])).toEqual(["9001_of_tomorrow"]);
    const [mark] = (await migrationMarks(db.read)).filter(({ name }) => name === "9001_of_tomorrow");
    expect(mark).toMatchObject({ isDone: true, olderCanRun: false });
  });
});
