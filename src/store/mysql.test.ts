import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { openDatabase, type Tx } from "./db.ts";
import { mysqlAddress } from "./mysql-address.ts";
import { nodeWatch } from "./mysql-node.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

const mariadb = testDatabases.find((each) => each.name === "mariadb");

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

describe.skipIf(!mariadb?.available)(`mariadb${mariadb?.why ? ` (${mariadb.why})` : ""}`, () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await freshDatabase("mariadb");
    await db.transact(async (tx) => {
      for (const name of ["left", "right", "killed", "idle"])
        await tx.insertInto("tally").values({ name, value: 0 }).execute();
    });
  });
  afterAll(() => db?.drop());

  const grow = (tx: Tx, name: string) =>
    tx
      .updateTable("tally")
      .set((eb) => ({ value: eb("value", "+", 1) }))
      .where("name", "=", name)
      .execute();
  const storedValue = async (name: string) =>
    (await db.read.selectFrom("tally").select("value").where("name", "=", name).executeTakeFirst())?.value;
  const ownId = async (tx: Tx) =>
    (await sql<{ id: number }>`select connection_id() as id`.execute(tx)).rows[0]?.id ?? 0;

  /** Two bodies that lock two rows in opposite order, each waiting for the other to hold one: one of them is undone. */
  async function provokeDeadlock(afterDeadlock: (tx: Tx, first: string) => Promise<unknown>): Promise<number> {
    let runs = 0;
    const holds = { left: Promise.withResolvers<void>(), right: Promise.withResolvers<void>() };
    const body = (first: "left" | "right", second: "left" | "right") => async (tx: Tx) => {
      runs++;
      await grow(tx, first);
      holds[first].resolve();
      await holds[second].promise;
      try {
        await grow(tx, second);
      } catch (error) {
        await afterDeadlock(tx, first);
        throw error;
      }
    };
    await Promise.all([db.transact(body("left", "right")), db.transact(body("right", "left"))]);
    return runs;
  }

  test("a MariaDB that is in no cluster is used alone, and never as one of a list", async () => {
    const alone = mysqlAddress(db.url);
    const [host] = alone.hosts;
    const nodes = { ...alone, hosts: [host, { host: "127.0.0.1", port: 1 }] } as const;
    for (const [address, state] of [
      [alone, "ready"],
      [nodes, "apart"],
    ] as const) {
      const watch = nodeWatch(address, host);
      expect((await watch.look()).state).toBe(state);
      watch.close();
    }
  });

  test("after a deadlock the whole body runs again, and each counts once", async () => {
    expect(await provokeDeadlock(async () => {})).toBeGreaterThanOrEqual(3);
    expect([await storedValue("left"), await storedValue("right")]).toEqual([2, 2]);
  });

  test("a body that swallows a deadlock's error cannot write outside of its transaction", async () => {
    const before = await storedValue("left");
    const runs = await provokeDeadlock(async (tx, first) => {
      await expect(grow(tx, first)).rejects.toThrow(/deadlock/i);
    });
    expect(runs).toBeGreaterThanOrEqual(3);
    expect(await storedValue("left")).toBe((before ?? 0) + 2);
  });

  test("a body whose connection is killed runs again on another", async () => {
    let runs = 0;
    await db.transact(async (tx) => {
      runs++;
      await grow(tx, "killed");
      const id = await ownId(tx);
      if (runs === 1) await refusal(sql`kill connection ${sql.lit(id)}`.execute(tx));
      await grow(tx, "killed");
    });
    expect(runs).toBe(2);
    expect(await storedValue("killed")).toBe(2);
  });

  test("transactions are READ COMMITTED, modes are strict, whatever the server's defaults are", async () => {
    const ask = sql<{ isolation: string; mode: string; collation: string }>`select @@tx_isolation as isolation,
      @@sql_mode as mode, @@collation_connection as collation`;
    for (const { rows } of [await db.transact((tx) => ask.execute(tx)), await ask.execute(db.read)]) {
      expect(rows[0]).toMatchObject({ isolation: "READ-COMMITTED", collation: "utf8mb4_bin" });
      expect(rows[0]?.mode).toContain("ONLY_FULL_GROUP_BY");
      expect(rows[0]?.mode).toContain("STRICT_ALL_TABLES");
    }
  });

  test("a database that does not answer is told as unavailable, with its cause", async () => {
    const error = await refusal(openDatabase("mysql://root@127.0.0.1:1/none", { patienceMs: 50 }));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "database_unavailable", cause: { code: "ECONNREFUSED" } });
  });

  test("a wrong name of the database is told at once", async () => {
    const url = new URL(db.url);
    url.pathname = "/jichao_test_nobody_has_this";
    expect(await refusal(openDatabase(url.href))).toMatchObject({ code: "ER_BAD_DB_ERROR" });
  });
});
