import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SetupView } from "#contract/setup.ts";
import { enrollDemo } from "#flows/try-town.ts";
import { townPlan } from "#simulator/plan.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { createSealer } from "#system/seal.ts";
import { tryTown } from "../cli/demo.ts";
import { readImportFile } from "./excel-read/import-file.ts";
import { leaveAreaNumbers, readDone } from "./test-setup.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "./test-town.ts";

const sealer = createSealer("5e".repeat(32));
const plan = townPlan({ seed: 1, concentrators: 1, metersPer: 5 });

describe.each(testDatabases.filter(({ available }) => available))("the set-up assistant on $name", ({ name }) => {
  let db: TestDatabase;
  let app: FastifyInstance;
  let admin: TestUser;
  const open = async () => {
    db = await freshDatabase(name);
    const ctx = contextOf(db);
    app = await testApp(db, { tryTown: (by) => tryTown(ctx, sealer, { ...by, plan, stateFile: null }) });
    admin = await enrol(db, {});
  };
  const close = async () => {
    await app.close();
    await db.drop();
  };
  const tell = async (path: string, body: object, user = admin) => {
    const answer = await app.inject(asked(user, "POST", `/api/setup/${path}`, body));
    return { status: answer.statusCode, ...answer.json() };
  };
  const look = async (user = admin): Promise<SetupView> => (await app.inject(asked(user, "GET", "/api/setup"))).json();
  const stateOf = (view: SetupView, step: string) => view.steps.find((each) => each.step === step);
  const audited = async (action: string) =>
    (await db.read.selectFrom("audit").select("id").where("action", "=", action).execute()).length;
  const count = async (table: "project" | "area" | "meter" | "face_reading" | "root_key") =>
    (await db.read.selectFrom(table).selectAll().execute()).length;
  const project = { name: "阳光商场", electricityPrice: "0.8", waterPrice: "", version: 0 };

  describe("from nothing", () => {
    beforeAll(open);
    afterAll(close);

    test("nothing is there, the simulated town is offered, and every step says why it is not done", async () => {
      const view = await look();
      expect(view).toMatchObject({
        empty: true,
        demo: { offered: true, enrolled: false },
        next: "project",
        project: null,
      });
      expect(view.steps.map(({ why }) => why)).toEqual(
        [
          ...["no_project", "no_areas", "no_meters", "no_concentrators", "not_compared", "unavailable"],
          "done", // the users of this test are all administrators
        ]
          .slice(0, 6)
          .concat(stateOf(view, "people")?.why ?? ""),
      );
    });

    test.each([
      [{ electricityPrice: "" }, "setup_price_invalid"],
      [{ electricityPrice: "0" }, "setup_price_invalid"],
      [{ electricityPrice: "-1" }, "setup_price_invalid"],
      [{ electricityPrice: "0.80001" }, "setup_price_invalid"],
      [{ electricityPrice: "10000" }, "setup_price_invalid"],
      [{ electricityPrice: "0,8" }, "setup_price_invalid"],
      [{ waterPrice: "八块" }, "setup_price_invalid"],
      [{ name: " " }, "invalid_input"],
      [{ name: "长".repeat(51) }, "invalid_input"],
      [{ version: 3 }, "setup_changed"],
    ])("a project like %o is refused, and nothing is made", async (wrong, code) => {
      expect(await tell("project", { ...project, ...wrong })).toMatchObject({ code });
      expect(await count("project")).toBe(0);
    });

    test("two who make it at once, alike and not alike, make one; a repeat does nothing", async () => {
      const answers = await Promise.all([
        tell("project", project),
        tell("project", project),
        tell("project", { ...project, name: "另一个名字" }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual(
        answers[2]?.status === 200 ? [200, 409, 409] : [200, 200, 409],
      );
      expect([await count("project"), await count("area"), await audited("setup.project")]).toEqual([1, 1, 1]);
      const { project: made } = await look();
      if (made?.name !== project.name) await tell("project", { ...project, version: 1 });
      const { version } = (await look()).project ?? { version: 0 };
      expect(await tell("project", { ...project, version: 0 })).toMatchObject({ status: 200 });
      expect((await look()).project).toMatchObject({ name: project.name, version, electricityPrice: "0.80" });
    });

    test("prices and the name are changed over what was seen, never over what was not", async () => {
      const { version = 0 } = (await look()).project ?? {};
      expect(await tell("project", { ...project, waterPrice: "4.5", version: version + 7 })).toMatchObject({
        code: "setup_changed",
      });
      const other = { ...project, name: "阳光广场", waterPrice: "4.5", version };
      expect(await tell("project", other)).toMatchObject({ project: { name: "阳光广场", waterPrice: "4.50" } });
      expect((await look()).tops).toMatchObject([{ name: "阳光广场" }]);
      expect(stateOf(await look(), "project")).toMatchObject({ state: "done" });
    });

    test("areas: one wrong line and none is made; the same lines again, and two at once, make nothing twice", async () => {
      const [top] = (await look()).tops;
      const topId = top?.areaId ?? 0;
      const before = await count("area");
      expect(await tell("areas", { topId, text: "A座\n\t\t" })).toMatchObject({ added: 1 });
      expect(await tell("areas", { topId, text: "B座\n/1层" })).toMatchObject({ code: "setup_lines_wrong" });
      expect(await tell("areas", { topId, text: " \n" })).toMatchObject({ code: "setup_lines_none" });
      expect(await tell("areas", { topId, text: "A\n".repeat(501) })).toMatchObject({ code: "setup_lines_many" });
      expect(await tell("areas", { topId: 999, text: "A座" })).toMatchObject({ status: 404, code: "area_not_found" });
      expect(await count("area")).toBe(before + 1);
      const text = "A座\t1层\n\t2层\nB座\t1层";
      const answers = await Promise.all([tell("areas", { topId, text }), tell("areas", { topId, text })]);
      expect(answers.map(({ added }) => added).sort()).toEqual([0, 4]);
      expect(await tell("areas", { topId, text })).toMatchObject({ added: 0, there: 5 });
      expect(await count("area")).toBe(before + 5);
      expect(await audited("area.add")).toBe(5);
      expect(await look()).toMatchObject({ areas: 5, next: "meters" });
    });

    test("the file to fill in names the areas and the usual prices", async () => {
      const { id = 0 } = (await look()).project ?? {};
      const url = `/api/imports/archive?projectId=${id}&language=zh-CN`;
      const { rows, faults } = await readImportFile((await app.inject(asked(admin, "GET", url))).rawPayload);
      const of = (sheet: string) => rows.filter((row) => row.sheet === sheet).map(({ values }) => values);
      expect(faults).toEqual([]);
      expect(of("areas").map(({ area }) => area)).toContain("阳光广场/A座/2层");
      expect(of("prices")).toEqual([
        { name: "电价", kind: "electricity", price: "0.8" },
        { name: "水价", kind: "water", price: "4.5" },
      ]);
    });

    test("what may be skipped is skipped and taken up again, each once in the audit; what may not is not", async () => {
      expect(await tell("skip", { step: "meters", skipped: true })).toMatchObject({ code: "setup_step_fixed" });
      const view = await tell("skip", { step: "messages", skipped: true });
      expect(stateOf(view as unknown as SetupView, "messages")).toMatchObject({ state: "skipped", why: "unavailable" });
      await tell("skip", { step: "messages", skipped: true });
      expect(await audited("setup.skip")).toBe(1);
      await tell("skip", { step: "messages", skipped: false });
      await tell("skip", { step: "messages", skipped: false });
      expect([stateOf(await look(), "messages")?.state, await audited("setup.resume")]).toEqual(["open", 1]);
    });

    test("a project is there: the simulated town is not offered any more, and refused", async () => {
      expect((await look()).demo).toEqual({ offered: false, enrolled: false });
      expect(await tell("demo", {})).toMatchObject({ status: 409, code: "setup_not_empty" });
      expect([await count("meter"), await count("root_key"), await audited("setup.demo")]).toEqual([0, 0, 0]);
    });
  });

  describe("with the simulated town", () => {
    beforeAll(open);
    afterAll(close);

    test("only who looks after everything gets it; two clicks and two people make one, told once in the audit", async () => {
      const part = await enrol(db, { areas: [1] });
      expect(await tell("demo", {}, part)).toMatchObject({ status: 403, code: "setup_all_needed" });
      expect(await tell("project", project, part)).toMatchObject({ status: 403, code: "setup_all_needed" });
      const other = await enrol(db, {});
      const answers = await Promise.all([tell("demo", {}), tell("demo", {}), tell("demo", {}, other)]);
      expect(answers.map(({ enrolled }) => enrolled).sort()).toEqual([false, false, true]);
      expect(await tell("demo", {})).toMatchObject({ enrolled: false });
      expect([await count("project"), await count("root_key"), await audited("setup.demo")]).toEqual([1, 1, 1]);
      expect(await count("meter")).toBe(plan.meters.length);
      const view = await look();
      expect(view).toMatchObject({ empty: false, demo: { offered: false, enrolled: true }, hasRootKey: true });
      expect(stateOf(view, "concentrators")).toMatchObject({ state: "problem", why: "no_collector" });
      expect(view.candidates).toHaveLength(Math.min(10, plan.meters.length));
    });

    test("the project's name stays once there are meters", async () => {
      const name = (await look()).project?.name ?? "";
      expect(await tell("project", { ...project, name: "别名", version: 0 })).toMatchObject({ code: "setup_changed" });
      expect(await tell("project", { ...project, name, version: 0 })).toMatchObject({ status: 200 });
      expect(await tell("project", { ...project, name: "别名", version: 1 })).toMatchObject({
        code: "setup_name_fixed",
      });
    });

    test("a root key that is there already refuses it: meters would believe a key that everybody knows", async () => {
      const ctx = contextOf(db);
      await db.transact(async (tx) => {
        await tx.deleteFrom("setting").execute();
      });
      const actor = {
        userId: 1,
        login: "a",
        name: "a",
        permissions: new Set([] as never[]),
        scope: { all: true } as const,
      };
      const archive = { project: "x", areas: [], concentrators: [], meterMasterKey: new Uint8Array(16) };
      const enrolling = enrollDemo(ctx, sealer, { actor, ip: "", archive, also: async () => {} });
      await expect(enrolling).rejects.toMatchObject({ code: "setup_not_empty" });
    });
  });

  describe("the face of a meter", () => {
    beforeAll(async () => {
      await open();
      await buildTown(db);
      await leaveAreaNumbers(db);
    });
    afterAll(close);
    let n = 0;
    const read = async (meterId: number, energyWh: number | null): Promise<string> => {
      const body = { key: `face-read-${++n}`, kind: "read" };
      const { id } = (await app.inject(asked(admin, "POST", `/api/meters/${meterId}/commands`, body))).json();
      if (energyWh !== null) await readDone(db, id, energyWh);
      return id;
    };

    test("what was typed is kept beside what was read, and shown to everybody later", async () => {
      const commandId = await read(11, 1_234_560);
      expect(await tell("faces", { meterId: 11, commandId, typed: "1234.56" })).toMatchObject({ verdict: "same" });
      const face = (await look()).candidates.find(({ meterId }) => meterId === 11)?.face;
      expect(face).toMatchObject({ typed: "1234.56", readWh: 1_234_560, differenceWh: 0, verdict: "same" });
      expect(stateOf(await look(), "readings")).toMatchObject({ state: "done" });
    });

    test("the same again answers with the same; another number of the same reading is refused, also at once", async () => {
      const commandId = await read(12, 500_000);
      const answers = await Promise.all([
        tell("faces", { meterId: 12, commandId, typed: "500" }),
        tell("faces", { meterId: 12, commandId, typed: "500.0" }),
        tell("faces", { meterId: 12, commandId, typed: "5000" }),
      ]);
      const kept = answers.filter(({ status }) => status === 200);
      expect(kept.length).toBe(answers[2]?.status === 200 ? 1 : 2);
      expect(new Set(kept.map(({ id }) => id)).size).toBe(1);
      expect(answers.find(({ status }) => status === 409)).toMatchObject({ code: "face_taken" });
      expect(await count("face_reading")).toBe(2);
    });

    test("all comparisons of one's own meters are taken out as Excel, with numbers", async () => {
      const url = "/api/setup/faces/file?language=en";
      const rowsOf = async (user: TestUser) =>
        (await readSheet((await app.inject(asked(user, "GET", url))).rawPayload))[0]?.data ?? [];
      const rows = await rowsOf(admin);
      const line = rows.find((row) => row.includes("1-11"));
      expect(line?.filter((cell) => typeof cell === "number")).toEqual([1234.56, 1234.56, 0]);
      expect(JSON.stringify(await rowsOf(await enrol(db, { areas: [2] })))).not.toContain("1-11");
    });

    test("a difference makes the step a problem until it is compared once more", async () => {
      const wrong = await tell("faces", { meterId: 12, commandId: await read(12, 500_000), typed: "5000.0" });
      expect(wrong).toMatchObject({ verdict: "different", hint: "decimal", differenceWh: 4_500_000 });
      expect(stateOf(await look(), "readings")).toMatchObject({ state: "problem", why: "different" });
      await tell("faces", { meterId: 12, commandId: await read(12, 500_000), typed: "500.0" });
      expect(stateOf(await look(), "readings")).toMatchObject({ state: "done" });
    });

    test.each([
      ["", "reading_value_invalid"],
      ["abc", "reading_value_invalid"],
      ["1e3", "reading_value_invalid"],
      ["-5", "reading_value_invalid"],
      ["1.2345", "reading_value_invalid"],
      ["999999999", "reading_value_invalid"],
      ["1,234.5", "reading_value_invalid"],
    ])("%j is no number of a meter's face", async (typed, code) => {
      const before = await count("face_reading");
      expect(await tell("faces", { meterId: 11, commandId: await read(11, 1_000), typed })).toMatchObject({ code });
      expect(await count("face_reading")).toBe(before);
    });

    test("a reading that has not ended, of another meter, too old, or a trip is not compared with", async () => {
      const faces = (over: object) => tell("faces", { meterId: 11, typed: "1", ...over });
      expect(await faces({ commandId: await read(11, null) })).toMatchObject({ code: "face_not_read" });
      expect(await faces({ commandId: await read(21, 1_000) })).toMatchObject({ code: "command_not_found" });
      const old = await read(11, 1_000);
      await db.transact((tx) => tx.updateTable("command").set({ done_at: 1_000 }).where("id", "=", old).execute());
      expect(await faces({ commandId: old })).toMatchObject({ code: "face_reading_old" });
      expect(await faces({ commandId: "x".repeat(20) })).toMatchObject({ code: "command_not_found" });
    });

    test("who looks after one street sees and compares its meters alone; a foreign one is as none", async () => {
      const part = await enrol(db, { areas: [1] });
      const view = await look(part);
      expect(view.candidates.map(({ meterId }) => meterId).sort()).toEqual([11, 12]);
      expect([view.meters, view.concentrators.map(({ id }) => id), view.tops.length]).toEqual([2, [1], 1]);
      const commandId = await read(21, 1_000);
      const foreign = await tell("faces", { meterId: 21, commandId, typed: "1" }, part);
      const none = await tell("faces", { meterId: 99, commandId, typed: "1" }, part);
      expect([foreign.code, none.code]).toEqual(["meter_not_found", "meter_not_found"]);
      expect(await tell("areas", { topId: 2, text: "A" }, part)).toMatchObject({ code: "area_not_found" });
      expect(await tell("areas", { topId: 1, text: "A" }, part)).toMatchObject({ added: 1 });
    });
  });
});
