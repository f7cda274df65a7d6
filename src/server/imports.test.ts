import { describe, expect, test } from "vitest";
import { runImports } from "#flows/run-import.ts";
import { testDatabases } from "#store/test-databases.ts";
import { area, book, importTown, meter, number, plain } from "./test-import-town.ts";
import { asked, enrol } from "./test-town.ts";

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`import of archives on ${name}${why ? ` (${why})` : ""}`, () => {
    const town = importTown(name);
    const { accept, check, ctx, metersThere, send, view, work } = town;

    test("a whole site is made from one file, and the same file again makes nothing", async () => {
      const file = await book({
        areas: [{ area: "新区" }, { area: "新区/B座" }],
        rooms: [{ area: "新区/B座", name: "储藏室" }],
        boxes: [{ area: "新区/B座", name: "一层箱" }],
        concentrators: [{ code: "NEW-1", name: "新集中器", area: "新区", linkKey: "00".repeat(16) }],
        prices: [{ name: "居民", kind: "电", price: "0.75" }],
        customers: [{ number: "K-1", name: "=王<img onerror=alert(1)>", phone: "13800001111" }],
        meters: [
          {
            ...{ number: "B0001", count: 24, area: "新区/B座", room: "{1-6}{01-04}", address: "000123450001" },
            ...{ profile: "jc1", concentrator: "NEW-1", price: "居民", box: "一层箱", openIndex: "12.5" },
          },
          meter(1, {
            area: "新区/B座",
            concentrator: "NEW-1",
            customer: "K-1",
            from: "2026-08-01",
            bus: 2,
            openIndex: 0,
          }),
        ],
      });
      const before = await metersThere();
      const seen = await check(file);
      expect(seen.faults).toEqual([]);
      expect(seen.sheets.map((each: { sheet: string; counts: object }) => [each.sheet, each.counts])).toEqual([
        ["areas", { add: 2, change: 0, same: 0, wrong: 0 }],
        ["rooms", { add: 1, change: 0, same: 0, wrong: 0 }],
        ["boxes", { add: 1, change: 0, same: 0, wrong: 0 }],
        ["concentrators", { add: 1, change: 0, same: 0, wrong: 0 }],
        ["prices", { add: 0, change: 0, same: 1, wrong: 0 }],
        ["customers", { add: 1, change: 0, same: 0, wrong: 0 }],
        ["meters", { add: 25, change: 0, same: 0, wrong: 0 }],
      ]);
      expect(await metersThere()).toBe(before); // checked, and nothing is written
      const [once, twice] = await Promise.all([accept(seen), accept(seen)]);
      expect([once.statusCode, twice.statusCode].filter((status) => status === 204).length).toBeGreaterThan(0);
      await Promise.all([work(), work()]);
      expect((await view(seen.id)).state).toBe("done");
      expect(await metersThere()).toBe(before + 25);
      expect((await accept(seen)).statusCode).toBe(204); // later still: nothing more
      await work();
      expect(await metersThere()).toBe(before + 25);
      const last = await town.db.read
        .selectFrom("meter")
        .innerJoin("room", "room.id", "meter.room_id")
        .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
        .select(["address", "room.name as room", "price_e4", "index_wh", "box_id"])
        .where("number", "=", "B0024")
        .executeTakeFirstOrThrow();
      expect(last).toMatchObject({ address: "000123450024", room: "604", price_e4: 7500, index_wh: 12_500 });
      expect(last.box_id).not.toBeNull();
      const again = await check(file);
      expect(again.faults).toEqual([]);
      expect(again.changes).toBe(0);
      // Later the file says which of them measures the whole box; a meter of no box cannot.
      const row = { area: "新区/B座", concentrator: "NEW-1", price: "0.75", profile: "jc1" };
      const first = { ...row, number: "B0001", room: "101", address: "000123450001", box: "一层箱" };
      const boxless = meter(1, { area: row.area, concentrator: "NEW-1", bus: 2, masterOf: "电表箱" });
      const wrong = await check(await book({ meters: [boxless] }));
      expect(wrong.faults).toEqual([expect.stringMatching(/^meters \w+2 meter_not_in_box$/)]);
      const said = await check(await book({ meters: [{ ...first, masterOf: "电表箱" }] }));
      expect([said.faults, said.changes]).toEqual([[], 1]);
      await accept(said);
      await work();
      const master = await town.db.read.selectFrom("meter").select("number").where("master_of", "=", "box").execute();
      expect(master).toEqual([{ number: "B0001" }]);
      expect((await check(await book({ meters: [{ ...first, masterOf: "电表箱" }] }))).changes).toBe(0);
      expect((await check(await book({ meters: [first] }))).changes).toBe(0);
      const audits = await town.db.read
        .selectFrom("audit")
        .select("action")
        .where("object", "=", `import:${seen.id}`)
        .execute();
      expect(audits.map((row) => row.action).sort()).toEqual([
        "archive.import.accept",
        "archive.import.done",
        "archive.import.upload",
      ]);
    });

    test("what was taken out changes nothing when it is taken in, and a name may be changed", async () => {
      const answer = await town.app.inject(asked(town.admin, "GET", "/api/imports/archive?projectId=1"));
      const seen = await check(answer.rawPayload);
      expect(seen.faults).toEqual([]);
      expect(seen.changes).toBe(0);
      const renamed = await check({
        meters: [{ ...plain, number: "E11", address: "000000000011", room: "1-11", label: "新名" }],
      });
      expect([renamed.faults, renamed.changes]).toEqual([[], 1]);
      await accept(renamed);
      await work();
      const row = await town.db.read.selectFrom("meter").select("label").where("number", "=", "E11").executeTakeFirst();
      expect(row?.label).toBe("新名");
    });

    test("seven mistakes are told by cell, and nothing is written", async () => {
      const before = await metersThere();
      const seen = await check({
        meters: [
          meter(50, { address: "1.23457E+11" }),
          meter(51, { address: "１２３" }),
          meter(52, { price: "很贵" }),
          meter(53, { concentrator: "NONE" }),
          meter(54),
          meter(54),
          meter(55, { from: "8月1日", customer: "K-9" }),
          meter(56, { room: "长".repeat(200) }),
        ],
      });
      expect(seen.faults).toEqual([
        "meters H2 import_cell_mangled",
        "meters H3 profile_mismatch",
        "meters O4 import_price_unknown",
        "meters I5 import_concentrator_unknown",
        "meters B7 import_twice",
        "meters W8 import_cell_day",
        "meters E9 import_cell_long",
      ]);
      expect((await accept(seen)).json().code).toBe("import_has_faults");
      expect(await metersThere()).toBe(before);
      const file = await town.app.inject(asked(town.admin, "GET", `/api/imports/${seen.id}/faults/file`));
      expect([file.statusCode, file.rawPayload.subarray(0, 2).toString()]).toEqual([200, "PK"]);
    });

    test("an import does not change what has a page of its own", async () => {
      const known = { ...plain, number: "E12", address: "000000000012", room: "1-12" };
      const seen = await check({
        meters: [
          { ...known, ratio: 40 },
          { ...known, number: "E11", address: "000000000099", room: "1-11" },
        ],
        customers: [{ number: "000000000012", name: "别人" }],
      });
      expect(seen.faults).toEqual([
        "customers C2 import_customer_differs",
        "meters P2 import_meter_differs",
        "meters H3 import_meter_differs",
      ]);
      for (const change of [{ price: "0.9" }, { customer: "000000000011" }, { mode: "公共" }, { openIndex: "5" }]) {
        expect((await check({ meters: [{ ...known, ...change }] })).count).toBe(1);
      }
    });

    test("nobody imports into what he does not see", async () => {
      const seen = await check(
        { meters: [meter(60, { area: "2 号街" }), meter(61, { concentrator: "C2" }), meter(62)] },
        town.manager,
      );
      expect(seen.faults).toEqual(["meters D2 import_area_unknown", "meters I3 import_concentrator_unknown"]);
      expect(
        (await town.app.inject(asked(town.manager, "GET", `/api/imports/${(await check({ meters: [meter(63)] })).id}`)))
          .statusCode,
      ).toBe(404);
      const without = await enrol(town.db, { permissions: ["archive.import"] });
      expect((await check({ meters: [meter(64)] }, without)).faults).toEqual(["meters 0 import_permission"]);
    });

    test("the 501st meter of a concentrator is refused by its row, and nothing is made", async () => {
      const there = await town.db.read.selectFrom("meter").select("id").where("concentrator_id", "=", 1).execute();
      const fits = 500 - there.length;
      const rows = Array.from({ length: fits + 1 }, (_, i) => meter(1_000 + i));
      const seen = await check({ meters: rows });
      expect(seen.faults).toEqual([`meters I${fits + 2} concentrator_full`]);
    });

    test("an archive that changed after the check is not overrun", async () => {
      const seen = await check({ meters: [meter(70)] });
      const other = await check({ meters: [meter(71, { number: number(70), address: number(70) })] });
      await accept(other);
      await work();
      await accept(seen);
      await work();
      expect((await view(seen.id)).state).toBe("outdated");
      await town.app.inject(asked(town.admin, "POST", `/api/imports/${seen.id}/recheck`));
      await work();
      expect((await view(seen.id)).state).toBe("checked");
    });

    test("a killed import goes on where it was, and nothing is there twice", async () => {
      const before = await metersThere();
      const codes = ["K1", "K2"].map((code) => ({ code, name: code, area, linkKey: "11".repeat(16) }));
      const rows = Array.from({ length: 510 }, (_, i) => meter(5_000 + i, { concentrator: i < 400 ? "K1" : "K2" }));
      const seen = await check({ concentrators: codes, meters: rows });
      expect([seen.faults, seen.changes]).toEqual([[], 512]);
      await accept(seen);
      await runImports(ctx()); // compared once more
      let left = 150;
      const dying = {
        ...ctx(),
        newId: (at: number) => {
          if (left-- < 0) throw new Error("killed");
          return ctx().newId(at as never);
        },
      };
      await expect(runImports(dying)).rejects.toThrow("killed");
      const half = await view(seen.id);
      expect([half.state, half.done > 0, half.done < 512]).toEqual(["running", true, true]);
      expect(await metersThere()).toBe(before + half.done - 2);
      // The lease of the dead one runs out.
      await town.db.transact((tx) => tx.updateTable("archive_import").set({ lease_until: 0 }).execute());
      await Promise.all([work(), work()]);
      expect((await view(seen.id)).state).toBe("done");
      expect(await metersThere()).toBe(before + 510);
    }, 180_000); // five hundred meters, entered one by one, on whatever machine

    test("what is no workbook is refused with what to do", async () => {
      const refused = async (file: Buffer) => (await send(file)).json().code;
      expect(await refused(Buffer.from("表号,地址\n1,2\n"))).toBe("import_file_csv");
      expect(await refused(Buffer.from("d0cf11e0a1b11ae1", "hex"))).toBe("import_file_old");
      expect(await refused(Buffer.from([1, 2, 0, 4, 5]))).toBe("import_file_not_excel");
      expect(await refused(Buffer.alloc(11 * 1024 * 1024))).toBe("import_file_large");
      const good = await book({ meters: [meter(80)] });
      expect(await refused(good.subarray(0, good.length - 40))).toBe("import_file_broken");
      expect(await refused(await book({}))).toBe("import_sheets_missing");
      expect(await refused(await book({ meters: [] }))).toBe("import_empty");
    });
  });
}
