import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Db, openDatabase, type Tx } from "./db.ts";
import { freshDatabase, type TestDatabase } from "./test-databases.ts";

let db: TestDatabase;
let other: DatabaseSync;
beforeEach(async () => {
  db = await freshDatabase("sqlite");
  other = new DatabaseSync(db.url.slice("sqlite:".length));
});
afterEach(async () => {
  other.close();
  await db.drop();
});

const addRow = (tx: Tx, name: string) => tx.insertInto("tally").values({ name, value: 1 }).execute();
const count = async (on: Db) => (await on.read.selectFrom("tally").select("name").execute()).length;

test("a commit is on the disk: WAL and synchronous FULL", async () => {
  const mode = await db.transact((tx) => sql<Record<string, unknown>>`pragma journal_mode`.execute(tx));
  const sync = await db.transact((tx) => sql<Record<string, unknown>>`pragma synchronous`.execute(tx));
  expect([mode.rows[0], sync.rows[0]]).toEqual([{ journal_mode: "wal" }, { synchronous: 2 }]);
});

test("while another process holds the file the event loop goes on, and the write follows when it lets go", async () => {
  other.exec("begin immediate");
  let told = false;
  const written = db
    .transact((tx) => addRow(tx, "patient"))
    .finally(() => {
      told = true;
    });
  // A loop that stood still would turn next when the write has been given up.
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(false);
  other.exec("commit");
  await written;
  expect(await count(db)).toBe(1);
});

test("who waited too long for the file is told that the database is not available", async () => {
  const hasty = await openDatabase(db.url, { patienceMs: 40 });
  other.exec("begin immediate");
  await expect(hasty.transact((tx) => addRow(tx, "hasty"))).rejects.toMatchObject({ code: "database_unavailable" });
  other.exec("commit");
  await hasty.transact((tx) => addRow(tx, "later"));
  await hasty.close();
  expect(await count(db)).toBe(1);
});

test("reads go on while another process writes", async () => {
  other.exec("begin immediate; insert into tally values ('theirs', 1)");
  expect(await count(db)).toBe(0);
  other.exec("commit");
  expect(await count(db)).toBe(1);
});

test("when a body ends the whole transaction, its neighbours run again and are written once", async () => {
  const runs = [0, 0, 0];
  const results = await Promise.allSettled(
    runs.map((_, i) =>
      db.transact(async (tx) => {
        runs[i] = (runs[i] ?? 0) + 1;
        await addRow(tx, `row-${i}`);
        if (i === 1) await sql`rollback`.execute(tx); // as SQLite itself does when the disk is full
      }),
    ),
  );
  expect(results.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(runs).toEqual([2, 1, 1]);
  expect(await count(db)).toBe(2);
});

test("when the commit fails nobody is told success", async () => {
  await db.transact(async (tx) => {
    await sql`create table child (parent integer references project (id) deferrable initially deferred)`.execute(tx);
  });
  const results = await Promise.allSettled([
    db.transact((tx) => addRow(tx, "innocent")),
    db.transact((tx) => sql`insert into child values (7)`.execute(tx)),
  ]);
  expect(results).toMatchObject([
    { status: "rejected", reason: { code: "database_unavailable" } },
    { status: "rejected", reason: { code: "database_unavailable" } },
  ]);
  expect(await count(db)).toBe(0);
  await db.transact((tx) => addRow(tx, "after"));
  expect(await count(db)).toBe(1);
});
