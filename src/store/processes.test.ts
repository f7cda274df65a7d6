import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "./db.ts";
import { insertIgnore } from "./portable.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";
import { type OtherProgram, start } from "./test-program.ts";

async function take(program: OtherProgram, count: number): Promise<string[]> {
  const told: string[] = [];
  while (told.length < count) {
    const line = await program.lines.next();
    if (line.done) break;
    told.push(line.value);
  }
  return told;
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`${name}${why ? ` (${why})` : ""}`, () => {
    let db: TestDatabase;
    beforeEach(async () => {
      db = await freshDatabase(name);
    });
    afterEach(() => db?.drop());

    test("whatever a program was told before kill -9 is there afterwards", async () => {
      const program = start("tell-rows", { url: db.url, name: "row" });
      const told = await take(program, 200);
      program.child.kill("SIGKILL");
      await program.ended;
      told.push(...(await take(program, Number.POSITIVE_INFINITY))); // what was still in the pipe was told as well
      const again = await openDatabase(db.url);
      const rows = await again.read.selectFrom("tally").select("name").where("name", "like", "row-%").execute();
      await again.close();
      const stored = new Set(rows.map((row) => row.name));
      expect(told.length).toBeGreaterThanOrEqual(200);
      expect(told.filter((each) => !stored.has(each))).toEqual([]);
    });

    test("two programs that write without a pause both get on, and so does a third caller", async () => {
      const programs = ["a", "b"].map((each) => start("tell-rows", { url: db.url, name: each }));
      const lines = await Promise.all(programs.map((program) => take(program, 100)));
      for (let i = 0; i < 20; i++) {
        await db.transact((tx) => insertIgnore(tx, "tally", [{ name: `third-${i}`, value: 1 }], ["name"]));
      }
      for (const { child, ended } of programs) {
        child.kill("SIGKILL");
        await ended;
      }
      expect(lines.map((each) => each.length)).toEqual([100, 100]);
    });

    test("programs that start at once on an empty database make its tables once", async () => {
      await db.transact(async (tx) => {
        for (const table of await tx.introspection.getTables()) await tx.schema.dropTable(table.name).execute();
      });
      const programs = [1, 2, 3].map(() => start("migrate", { url: db.url, name: "" }));
      const applied = await Promise.all(programs.map(async (program) => JSON.parse((await take(program, 1))[0] ?? "")));
      expect(await Promise.all(programs.map((program) => program.ended))).toEqual([0, 0, 0]);
      const steps = readdirSync(join(import.meta.dirname, "migrations")).filter((file) => /^\d{4}_/.test(file));
      expect(applied.map((each) => each.length).sort()).toEqual([0, 0, steps.length]);
      expect(await db.migrate()).toEqual([]);
    });
  });
}
