import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { describe, expect, test } from "vitest";
import { OPEN_IMPORTS_MAX } from "#flows/archive-import.ts";
import { runImports } from "#flows/run-import.ts";
import { insertRows } from "#store/portable.ts";
import { testDatabases } from "#store/test-databases.ts";
import { readImportFile } from "./excel-read/import-file.ts";
import { area, book, IMPORT, importTown, meter, number, plain } from "./test-import-town.ts";
import { asked, enrol } from "./test-town.ts";

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`rights and limits of imports on ${name}${why ? ` (${why})` : ""}`, () => {
    const town = importTown(name);
    const { accept, check, ctx, metersThere, send, view, work } = town;

    /** Flat tariffs that are all called the same: id, project, price. */
    async function named(tariffs: readonly [id: number, project: number, price: number][]): Promise<void> {
      const kept = { note: "", rev: 0, created_by: "t", created_at: 1 };
      const approved = { from_at: 0, change_id: "c", approved_by: "t", approved_at: 1, applied_at: 1 };
      await town.db.transact(async (tx) => {
        for (const [id, project_id, price] of tariffs) {
          await insertRows(tx, "tariff", [{ id, project_id, name: "居民价", kind: "electricity", ...kept }]);
          const terms = JSON.stringify({ kind: "flat", price });
          await insertRows(tx, "tariff_version", [{ id: `version-${id}`, tariff_id: id, terms, ...approved }]);
        }
      });
    }

    test("a price that is named is the tariff of the project, not another's of the same name", async () => {
      await named([[902, 2, 9_900]]);
      expect((await check({ meters: [meter(97, { price: "居民价" })] })).faults).toEqual([
        "meters O2 import_price_unknown",
      ]);
      await named([
        [900, 1, 6_000],
        [903, 3, 7_700],
      ]);
      const seen = await check({ meters: [meter(97, { price: "居民价" })] });
      expect(seen.faults).toEqual([]);
      await accept(seen);
      await work();
      const row = await town.db.read.selectFrom("meter").select("price_e4").where("number", "=", number(97)).execute();
      expect(row).toEqual([{ price_e4: 6_000 }]);
    });

    test("boxes are for who may manage them, and customers and tariffs for who may look at them", async () => {
      await town.db.transact((tx) => tx.insertInto("box").values({ id: 9_000, area_id: 1, name: "旧箱" }).execute());
      const keeper = await enrol(town.db, { permissions: ["archive.import", "meter.manage"] });
      const known = { ...plain, number: "E12", address: "000000000012", room: "1-12" };
      const moved = await check({ meters: [{ ...known, box: "旧箱" }] }, keeper);
      expect(moved.faults).toEqual(["meters 0 import_permission"]);
      const boxed = await check({ meters: [meter(90, { box: "旧箱" })] }, keeper);
      expect(boxed.faults).toEqual(["meters 0 import_permission"]);
      const guessed = await check({ meters: [{ ...known, customer: "x" }] }, keeper);
      const { items } = (await town.app.inject(asked(keeper, "GET", `/api/imports/${guessed.id}/faults`))).json();
      expect(items[0].details).toMatchObject({ column: "customer", now: "***" });
      expect(JSON.stringify(items)).not.toContain('000000000012","page');
      const taken = await town.app.inject(asked(keeper, "GET", "/api/imports/archive?projectId=1"));
      const { rows } = await readImportFile(taken.rawPayload);
      expect(new Set(rows.map((row) => row.sheet))).not.toContain("customers");
      expect(new Set(rows.map((row) => row.sheet))).not.toContain("prices");
      const noted = await town.db.read
        .selectFrom("audit")
        .select("actor")
        .where("action", "=", "archive.export")
        .execute();
      expect(noted.map((line) => line.actor)).toContain(keeper.login);
    });

    test("who loses his right or his area after he said yes has nothing more written", async () => {
      for (const lose of ["right", "area"] as const) {
        const user = await enrol(town.db, { areas: [1] });
        const before = await metersThere();
        const path = `${area}/${lose}`;
        const seen = await check({ areas: [{ area: path }], meters: [meter(lose === "right" ? 91 : 92)] }, user);
        expect(seen.faults).toEqual([]);
        await accept(seen, user);
        await runImports(ctx()); // compared once more: it is about to be written
        await town.db.transact(async (tx) => {
          const permissions = JSON.stringify(["archive.import"]);
          if (lose === "right") await tx.updateTable("role").set({ permissions }).where("id", "=", user.id).execute();
          else await tx.updateTable("user_scope").set({ ref_id: 2 }).where("user_id", "=", user.id).execute();
        });
        await work();
        const row = await town.db.read
          .selectFrom("archive_import")
          .select(["state", "stopped_by"])
          .where("id", "=", seen.id)
          .executeTakeFirstOrThrow();
        const code = lose === "right" ? "forbidden" : "area_not_found";
        expect([row.state, JSON.parse(row.stopped_by ?? "{}").code]).toEqual(["stopped", code]);
        expect(await metersThere()).toBe(before);
        const made = await town.db.read.selectFrom("area").select("id").where("name", "=", lose).execute();
        expect(made).toEqual([]);
      }
    });

    test("what was given up is forgotten at once, and nobody keeps more than ten files", async () => {
      const user = await enrol(town.db, {});
      const file = await book({ meters: [meter(93)] });
      const first = (await send(file, user)).json().id;
      await town.app.inject(asked(user, "POST", `/api/imports/${first}/cancel`));
      const parts = (id: string) =>
        town.db.read.selectFrom("archive_import_part").select("n").where("import_id", "=", id).execute();
      expect(await parts(first)).toEqual([]);
      const sent: string[] = [];
      for (let i = 0; i <= OPEN_IMPORTS_MAX; i++) sent.push((await send(file, user)).json().id);
      const states = await Promise.all(sent.map(async (id) => (await view(id, user)).state));
      expect(states.filter((state) => state === "cancelled")).toHaveLength(1);
      expect(await parts(sent[states.indexOf("cancelled")] ?? "")).toEqual([]);
      const audits = await town.db.read
        .selectFrom("audit")
        .select("action")
        .where("object", "=", `import:${first}`)
        .execute();
      expect(audits.map((row) => row.action)).toContain("archive.import.cancel");
    });

    test("a person sends one file at a time, and the next when that was read", async () => {
      const user = await enrol(town.db, {});
      const file = await book({ meters: [meter(94)] });
      const { headers } = asked(user, "POST", IMPORT, file);
      const address = (await town.app.listen({ host: "127.0.0.1", port: 0 })) + IMPORT;
      const begin = () => {
        const sending = request(address, {
          agent: false,
          method: "POST",
          headers: { ...(headers as Record<string, string>), "content-length": file.length },
        });
        let status = 0;
        const answered = once(sending, "response").then(([answer]) => {
          status = (answer as IncomingMessage).resume().statusCode ?? 0;
          return status;
        });
        sending.write(file.subarray(0, 10));
        return { answered, isOver: () => status > 0, end: () => sending.end(file.subarray(10)) };
      };
      let slow = begin();
      const beside = async () => {
        if (!slow.isOver()) return (await send(file, user)).statusCode;
        slow = begin(); // the other was quicker: this time it waits
        return 0;
      };
      await expect.poll(beside, { interval: 500 }).toBe(429);
      expect((await send(file, user)).statusCode).toBe(429);
      slow.end();
      expect(await slow.answered).toBe(201);
      expect((await send(Buffer.from("a,b"), user)).statusCode).toBe(422);
      expect((await send(file, user)).statusCode).toBe(201);
    });

    test("an import that cannot go on does not hold up those of others", async () => {
      await work();
      const stuck = await check({ meters: [meter(95)] });
      const other = await check({ meters: [meter(96)] });
      await accept(stuck);
      await runImports(ctx());
      await town.db.transact((tx) =>
        tx
          .updateTable("archive_import_part")
          .set({ content: "{" })
          .where("import_id", "=", stuck.id)
          .where("kind", "=", "step")
          .execute(),
      );
      await expect(runImports(ctx())).rejects.toThrow();
      await accept(other);
      await town.db.transact((tx) =>
        tx.updateTable("archive_import").set({ lease_until: 1 }).where("id", "=", stuck.id).execute(),
      );
      await runImports(ctx());
      await runImports(ctx());
      expect((await view(other.id)).state).toBe("done");
      await town.db.transact((tx) =>
        tx.updateTable("archive_import").set({ state: "cancelled" }).where("id", "=", stuck.id).execute(),
      );
    });
  });
}
