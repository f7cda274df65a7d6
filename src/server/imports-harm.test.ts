import { describe, expect, test } from "vitest";
import { runImports } from "#flows/run-import.ts";
import { testDatabases } from "#store/test-databases.ts";
import { importTown, meter, number } from "./test-import-town.ts";

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`what an import must not do to tenants, on ${name}${why ? ` (${why})` : ""}`, () => {
    const town = importTown(name);
    const { accept, check, ctx, metersThere, view, work } = town;

    test("what a meter showed before is charged to nobody: with a tenant the first index is needed", async () => {
      const customers = [{ number: "T-1", name: "王小明" }];
      const bare = await check({ customers, meters: [meter(1, { customer: "T-1" })] });
      expect(bare.faults).toEqual(["meters Q2 import_cell_missing"]);
      const told = await check({ customers, meters: [meter(1, { customer: "T-1", openIndex: "12345.67" }), meter(2)] });
      expect([told.faults, told.changes]).toEqual([[], 2]);
    });

    test("who lived there before is not cut off for an account that begins at nothing", async () => {
      const lives = { customer: "T-2", openIndex: 5 };
      const seen = await check({
        customers: [{ number: "T-2", name: "李小红" }],
        meters: [
          meter(11, { ...lives, ratio: 10 }), // credit on the server
          meter(12, lives), // the meter counts its own
          meter(13, { ...lives, ratio: 10, mode: "后付费" }),
          meter(14, { ...lives, ratio: 10, switchKind: "无" }),
          meter(15, { ratio: 10 }), // empty
        ],
      });
      expect(seen.faults).toEqual([]);
      await accept(seen);
      await work();
      const rows = await town.db.read
        .selectFrom("meter")
        .leftJoin("account", "account.id", "meter.account_id")
        .select(["meter.number", "supply_guard", "credit_at"])
        .where("meter.number", "in", [11, 12, 13, 14, 15].map(number))
        .orderBy("meter.number")
        .execute();
      expect(rows.map((row) => [row.credit_at, row.supply_guard])).toEqual([
        ["server", 1],
        ["meter", 0],
        ["server", 0],
        ["server", 0],
        [null, 0],
      ]);
      const audits = await town.db.read
        .selectFrom("audit")
        .select("reason")
        .where("action", "=", "guard.set")
        .execute();
      expect(audits).toEqual([{ reason: `import ${seen.id}` }]);
    });

    test("a server that was slower than its lease puts no steps back", async () => {
      const before = await metersThere();
      const seen = await check({ meters: [meter(21), meter(22)] });
      await accept(seen);
      const reached = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      let calls = 0;
      const transact: typeof town.db.transact = async (body) => {
        if (++calls === 2) {
          reached.resolve(); // claimed and compared: what it writes comes late
          await gate.promise;
        }
        return town.db.transact(body);
      };
      const slow = runImports({ ...ctx(), db: { ...town.db, transact } });
      await reached.promise;
      await town.db.transact((tx) => tx.updateTable("archive_import").set({ lease_until: 0 }).execute());
      await work(); // another one
      expect((await view(seen.id)).state).toBe("done");
      gate.resolve();
      await slow;
      const steps = await town.db.read
        .selectFrom("archive_import_part")
        .select("n")
        .where("import_id", "=", seen.id)
        .where("kind", "=", "step")
        .execute();
      expect([steps, (await view(seen.id)).state, (await metersThere()) - before]).toEqual([[], "done", 2]);
    });
  });
}
