import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

type Column = { name: string; isInteger: boolean; isNullable: boolean };

/** Computed by the database for an index; the code never writes them, so its types do not have them. */
const COMPUTED = new Set(["meter_state.settle_due"]);

/** What `schema.ts` and the `schema-….ts` beside it say, read from their texts: types are gone at run time. */
function declaredTables(): Record<string, Column[]> {
  const files = readdirSync(import.meta.dirname).filter((file) => /^schema(-[\w-]+)?\.ts$/.test(file));
  return Object.assign({}, ...files.map(tablesOf));
}

function tablesOf(file: string): Record<string, Column[]> {
  const text = readFileSync(join(import.meta.dirname, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const [, list = ""] = /export type \w*Schema = \{([^}]*)\}/.exec(text) ?? [];
  return Object.fromEntries(
    [...list.matchAll(/(\w+): (\w+)/g)].map(([, table = "", type = ""]) => {
      const [, body = ""] = new RegExp(`export type ${type} = \\{([^}]*)\\}`).exec(text) ?? [];
      return [table, [...body.matchAll(/(\w+): ([^;}]+)/g)].map(([, name = "", of = ""]) => column(name, of.trim()))];
    }),
  );
}

function column(name: string, type: string): Column {
  return { name, isInteger: /^(number|Flag)\b/.test(type), isNullable: /\| null$/.test(type) };
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`${name}${why ? ` (${why})` : ""}`, () => {
    let db: TestDatabase;
    beforeAll(async () => {
      db = await freshDatabase(name);
    });
    afterAll(() => db?.drop());

    test("the migrations make exactly the tables and columns that the code sees", async () => {
      const made = await db.transact((tx) => tx.introspection.getTables());
      const found = made
        .filter((table) => table.name !== "migration")
        .map((table) => [
          table.name,
          table.columns
            .filter((each) => !COMPUTED.has(`${table.name}.${each.name}`))
            .map((each) => ({
              name: each.name,
              isInteger: /^(integer|bigint|int|smallint|tinyint)$/i.test(each.dataType),
              isNullable: each.isNullable,
            })),
        ]);
      const byName = (a: Column, b: Column) => (a.name < b.name ? -1 : 1);
      const sorted = (tables: Record<string, Column[]>) =>
        Object.fromEntries(Object.entries(tables).map(([table, columns]) => [table, [...columns].sort(byName)]));
      const declared = declaredTables();
      expect(Object.keys(declared).length).toBeGreaterThan(30);
      expect(sorted(Object.fromEntries(found))).toEqual(sorted(declared));
    });

    test("a migration that stopped half-way gets through when it is run again", async () => {
      await db.transact(async (tx) => {
        await sql`delete from migration`.execute(tx);
        await tx.schema.dropTable("tally").execute();
        await tx.schema.dropTable("reading").execute();
      });
      const steps = readdirSync(join(import.meta.dirname, "migrations")).filter((file) => /^\d{4}_/.test(file));
      expect((await db.migrate()).sort()).toEqual(steps.map((file) => file.replace(".ts", "")).sort());
      expect(await db.read.selectFrom("reading").selectAll().execute()).toEqual([]);
      expect(await db.migrate()).toEqual([]);
    });

    test("text that is too long is an error and not cut, where the engine counts", async () => {
      const long = db.transact((tx) =>
        tx
          .insertInto("project")
          .values({ id: 9, name: "长".repeat(101) })
          .execute(),
      );
      if (db.kind === "mysql") await expect(long).rejects.toThrow("too long");
      else await long;
    });

    test("a whole number column refuses text", async () => {
      const wrong = "many" as unknown as number;
      await expect(
        db.transact((tx) => tx.insertInto("tally").values({ name: "x", value: wrong }).execute()),
      ).rejects.toThrow();
    });
  });
}
