import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertIgnore, kindOf, updatedRows, upsert } from "./portable.ts";
import type { ReadingTable } from "./schema-readings.ts";
import { nextNumbers } from "./sequences.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";
import { start } from "./test-program.ts";

const READING_KEY = ["meter_id", "register", "measured_at"] as const;

function reading(over: Partial<ReadingTable>): ReadingTable {
  return { meter_id: 1, register: 1, measured_at: 1, value: 1, verdict: 0, received_at: 1, ...over };
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`${name}${why ? ` (${why})` : ""}`, () => {
    let db: TestDatabase;
    beforeAll(async () => {
      db = await freshDatabase(name);
    });
    afterAll(() => db?.drop());

    test("the engine is known from a transaction and from a read", async () => {
      expect(kindOf(db.read)).toBe(db.kind);
      expect(await db.transact(async (tx) => kindOf(tx))).toBe(db.kind);
    });

    test("insertIgnore counts exactly what is new, and changes nothing that is there", async () => {
      const add = (rows: ReadingTable[]) => db.transact((tx) => insertIgnore(tx, "reading", rows, READING_KEY));
      const rows = Array.from({ length: 1_000 }, (_, i) => reading({ measured_at: i }));
      expect(await add(rows.slice(0, 300))).toBe(300);
      expect(await add(rows.slice(0, 300))).toBe(0);
      expect(await add(rows.map((row) => ({ ...row, value: 9 })))).toBe(700);
      expect(await add([])).toBe(0);
      expect(await add([reading({ measured_at: 0 })])).toBe(0);
      expect(await add([reading({ measured_at: -1 })])).toBe(1);
      const nines = db.read.selectFrom("reading").select(({ fn }) => fn.countAll<number>().as("n"));
      expect(await nines.where("value", "=", 9).executeTakeFirst()).toEqual({ n: 700 });
    });

    test("of two rows with one key in one call the first counts", async () => {
      const rows = [1, 2, 2, 1].map((at, i) => reading({ meter_id: 2, measured_at: at, value: i }));
      expect(await db.transact((tx) => insertIgnore(tx, "reading", rows, READING_KEY))).toBe(2);
      const kept = await db.read
        .selectFrom("reading")
        .select("value")
        .where("meter_id", "=", 2)
        .orderBy("value")
        .execute();
      expect(kept).toEqual([{ value: 0 }, { value: 1 }]);
    });

    test("insertIgnore ignores only the keys that it is told", async () => {
      const project = { id: 1, name: "一" };
      await db.transact((tx) => insertIgnore(tx, "project", [project], ["id"]));
      const user = {
        id: 1,
        login: "a",
        name: "甲",
        password_hash: "",
        disabled: 0,
        all_meters: 0,
        created_at: 1,
        must_change: 0,
        seen_at: 0,
        version: 0,
      } as const;
      await db.transact((tx) => insertIgnore(tx, "user", [user], ["id"]));
      await expect(db.transact((tx) => insertIgnore(tx, "user", [{ ...user, id: 2 }], ["id"]))).rejects.toThrow();
      const broken = { id: 3, name: null as unknown as string };
      await expect(db.transact((tx) => insertIgnore(tx, "project", [broken], ["id"]))).rejects.toThrow();
    });

    test("a failed insert of many keeps what the body wrote before", async () => {
      await db.transact(async (tx) => {
        await tx.insertInto("tally").values({ name: "before", value: 1 }).execute();
        expect(await insertIgnore(tx, "tally", [{ name: "before", value: 2 }], ["name"])).toBe(0);
      });
      expect(await db.read.selectFrom("tally").select("value").where("name", "=", "before").execute()).toEqual([
        { value: 1 },
      ]);
    });

    test("of many who insert one key at once exactly one is told that it was new", async () => {
      const row = { name: "once", value: 1 };
      const counts = await Promise.all(
        Array.from({ length: 24 }, () => db.transact((tx) => insertIgnore(tx, "tally", [row], ["name"]))),
      );
      expect(counts.sort()).toEqual([...new Array(23).fill(0), 1]);
    });

    test("upsert overwrites the columns that it is told and no other", async () => {
      const put = (rows: ReadingTable[]) =>
        db.transact((tx) => upsert(tx, "reading", rows, READING_KEY, ["value", "verdict"]));
      await put([reading({ meter_id: 3, value: 1 })]);
      await put([reading({ meter_id: 3, value: 7, verdict: 2, received_at: 99 }), reading({ meter_id: 4, value: 8 })]);
      const rows = await db.read
        .selectFrom("reading")
        .selectAll()
        .where("meter_id", "in", [3, 4])
        .orderBy("meter_id")
        .execute();
      expect(rows).toEqual([reading({ meter_id: 3, value: 7, verdict: 2 }), reading({ meter_id: 4, value: 8 })]);
    });

    test("an update that changes nothing still counts the rows that it matched", async () => {
      await db.transact(async (tx) => {
        await tx.insertInto("tally").values({ name: "same", value: 3 }).execute();
        const same = await tx.updateTable("tally").set({ value: 3 }).where("name", "=", "same").executeTakeFirst();
        expect(updatedRows(same)).toBe(1);
        const none = await tx.updateTable("tally").set({ value: 3 }).where("name", "=", "nobody").executeTakeFirst();
        expect(updatedRows(none)).toBe(0);
      });
      expect(updatedRows(undefined)).toBe(0);
    });

    test("numbers start at 1, run without gaps, and are given back by a body that fails", async () => {
      expect(await db.transact((tx) => nextNumbers(tx, "order"))).toBe(1);
      expect(await db.transact((tx) => nextNumbers(tx, "order", 10))).toBe(2);
      const failing = db.transact(async (tx) => {
        await nextNumbers(tx, "order");
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await db.transact((tx) => nextNumbers(tx, "order"))).toBe(12);
      expect(await db.transact((tx) => nextNumbers(tx, "other"))).toBe(1);
    });

    test("two programs and many callers that take numbers at once never get the same", async () => {
      const others = [0, 1].map(() => start("take-numbers", { url: db.url, name: "shared", count: 50 }));
      const taken = await Promise.all(
        Array.from({ length: 100 }, () => db.transact((tx) => nextNumbers(tx, "shared"))),
      );
      for (const { lines, ended } of others) {
        for (let line = await lines.next(); !line.done; line = await lines.next()) taken.push(Number(line.value));
        expect(await ended).toBe(0);
      }
      expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    });
  });
}
