import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { embeddedDatabase, openDatabase, type Tx } from "./db.ts";
import { insertIgnore } from "./portable.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

test("the embedded database is a file in the data folder", () => {
  expect(embeddedDatabase("/var/x")).toBe("sqlite:/var/x/jichao.db");
  expect(embeddedDatabase("./data")).toMatch(/^sqlite:\/.+\/data\/jichao\.db$/);
});

test("a database in memory is refused, because reading and writing open it separately", async () => {
  await expect(openDatabase("sqlite::memory:")).rejects.toThrow("is a file");
});

const addRow = (tx: Tx, name: string, value = 1) => tx.insertInto("tally").values({ name, value }).execute();

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`${name}${why ? ` (${why})` : ""}`, () => {
    let db: TestDatabase;
    beforeAll(async () => {
      db = await freshDatabase(name);
    });
    afterAll(() => db?.drop());

    const names = async (like: string) => {
      const rows = await db.read
        .selectFrom("tally")
        .select("name")
        .where("name", "like", like)
        .orderBy("name")
        .execute();
      return rows.map((row) => row.name);
    };

    test("it says what it is", async () => {
      expect(await db.version()).toMatch(/^(SQLite|MariaDB|MySQL) \d+\.\d+\.\d+$/);
      expect(db.kind).toBe(name === "sqlite" ? "sqlite" : "mysql");
    });

    test("what a body answers and writes is there when it resolves", async () => {
      expect(await db.transact((tx) => addRow(tx, "answer").then(() => 42))).toBe(42);
      expect(await names("answer")).toEqual(["answer"]);
    });

    test("a failing body writes nothing, its caller gets its error, its neighbours are not disturbed", async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, i) =>
          db.transact(async (tx) => {
            await addRow(tx, `near-${String(i).padStart(2, "0")}`);
            if (i % 4 === 1) throw new AppError("order_not_withdrawable");
            if (i % 4 === 2) await addRow(tx, `near-${String(i).padStart(2, "0")}`); // the same key again
            if (i % 4 === 3) await sql`select nonsense`.execute(tx);
            return i;
          }),
        ),
      );
      expect(results.flatMap((each, i) => (each.status === "fulfilled" ? [i] : []))).toEqual([
        0, 4, 8, 12, 16, 20, 24, 28, 32, 36,
      ]);
      expect(results[1]).toMatchObject({ reason: { code: "order_not_withdrawable" } });
      expect(await names("near-%")).toHaveLength(10);
    });

    test("nobody reads what is not committed, and a body reads its own writes", async () => {
      let duringBody: string[] = [];
      const written = Promise.withResolvers<void>();
      const seen = Promise.withResolvers<void>();
      const reader = written.promise.then(async () => {
        duringBody = await names("secret");
        seen.resolve();
      });
      const own = await db.transact(async (tx) => {
        await addRow(tx, "secret");
        written.resolve();
        await seen.promise; // no flow may wait for anything but the database: this is how to catch one in the act
        return tx.selectFrom("tally").select("value").where("name", "=", "secret").execute();
      });
      await reader;
      expect(duringBody).toEqual([]);
      expect(own).toEqual([{ value: 1 }]);
      expect(await names("secret")).toEqual(["secret"]);
    });

    test("a transaction inside a transaction and a read beside it are refused", async () => {
      await expect(db.transact(() => db.transact((tx) => addRow(tx, "nested")))).rejects.toThrow(
        "inside a transaction",
      );
      await expect(db.transact(() => names("nested"))).rejects.toThrow("inside a transaction");
      await expect(db.transact((tx) => tx.transaction().execute((inner) => addRow(inner, "nested")))).rejects.toThrow();
      expect(await names("nested")).toEqual([]);
    });

    test("a transaction that outlives its body refuses", async () => {
      const leaked = await db.transact(async (tx) => ({ tx }));
      await expect(addRow(leaked.tx, "late")).rejects.toThrow("after its body ended");
      expect(await names("late")).toEqual([]);
    });

    test("reads cannot write", async () => {
      await expect(addRow(db.read, "by-reading")).rejects.toThrow(/read ?-?only/i);
      expect(await names("by-reading")).toEqual([]);
    });

    test("what cannot be bound is refused before it is sent", async () => {
      const bad = { a: 1 } as unknown as number;
      await expect(db.transact((tx) => addRow(tx, "bad", bad))).rejects.toThrow("parameter 2 is a object");
      await expect(db.read.selectFrom("tally").selectAll().where("value", "=", 0.5).execute()).rejects.toThrow("0.5");
      await db.transact((tx) => addRow(tx, "yes", true as unknown as number));
      expect(await db.read.selectFrom("tally").select("value").where("name", "=", "yes").execute()).toEqual([
        { value: 1 },
      ]);
    });

    test("numbers stay numbers, upper and lower case differ, text is kept as it is", async () => {
      const nasty = "表 '\\ \" ` % _ \u0000 😀 -- ?";
      await db.transact(async (tx) => {
        await addRow(tx, "Case", Number.MAX_SAFE_INTEGER);
        await addRow(tx, "case", 5);
        await addRow(tx, nasty, -7);
      });
      const rows = await db.read
        .selectFrom("tally")
        .select((eb) => [eb.fn.sum<number>("value").as("sum"), eb.fn.countAll<number>().as("count")])
        .where("name", "in", ["case", nasty])
        .execute();
      expect(rows).toEqual([{ sum: -2, count: 2 }]);
      expect(await db.read.selectFrom("tally").selectAll().where("name", "=", "Case").execute()).toEqual([
        { name: "Case", value: Number.MAX_SAFE_INTEGER },
      ]);
      expect(await names(`${nasty.slice(0, 3)}%`)).toEqual([nasty]);
    });

    test("callers that never stop asking all get their turn, and so do timers", async () => {
      const done = new Array<number>(16).fill(0);
      let until = false;
      setTimeout(() => {
        until = true;
      }, 150);
      await Promise.all(
        done.map(async (_, i) => {
          while (!until) {
            await db.transact((tx) => insertIgnore(tx, "tally", [{ name: `turn-${i}`, value: 1 }], ["name"]));
            done[i] = (done[i] ?? 0) + 1;
          }
        }),
      );
      expect(Math.min(...done)).toBeGreaterThan(0);
    });

    test("after close nothing is taken any more, and closing again is harmless", async () => {
      const other = await openDatabase(db.url);
      const last = other.transact((tx) => addRow(tx, "last"));
      await last;
      await other.close();
      await other.close();
      await expect(other.transact((tx) => addRow(tx, "too-late"))).rejects.toThrow();
      expect(await names("last")).toEqual(["last"]);
    });
  });
}
