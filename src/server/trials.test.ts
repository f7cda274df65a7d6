import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SOFTWARE_VERSION } from "#base/version.ts";
import { permissions } from "#domain/permission.ts";
import { TRIAL_METERS_MAX } from "#domain/trial.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";
import { trialOf, tried } from "./test-trials.ts";

test("reports name the version of the package", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  expect((JSON.parse(text) as { version: string }).version).toBe(SOFTWARE_VERSION);
});

describe.each(testDatabases.filter(({ available }) => available))("trial runs on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let admin: TestUser;
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db);
    admin = await enrol(db, {});
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
  });
  const ask = async (user: TestUser, method: "GET" | "POST", url: string, body?: object) => {
    const answer = await app.inject(asked(user, method, url, body));
    return [answer.statusCode, answer.json()] as const;
  };

  test("garbage is refused by name, and nothing is begun", async () => {
    await tried(db, [], "finished");
    const good = { key: "garbage-key", place: "meters", meterIds: [11] };
    for (const change of [
      { key: "" },
      { place: "town" },
      { meterIds: [] },
      { meterIds: null },
      { meterIds: ["11"] },
      { meterIds: Array.from({ length: 501 }, (_, i) => i + 1) },
      { place: "area", placeId: null },
      { switchTest: "yes" },
      { inUseMeterIds: [-1] },
    ]) {
      const [status, body] = await ask(admin, "POST", "/api/trials", { ...good, ...change });
      expect([status, body.code], JSON.stringify(change)).toEqual([400, "invalid_input"]);
      expect(body.message).toMatch(/[一-龥]/);
    }
    for (const body of [{ note: "" }, { note: "x".repeat(300) }, {}])
      expect((await ask(admin, "POST", `/api/trials/${trialOf(11)}/sign`, body))[0]).toBe(400);
    expect(await db.read.selectFrom("trial_run").select("trial_no").execute()).toEqual([]);
    for (const no of ["C20990101000001", "..%2F..", "x".repeat(50), "%00"])
      expect((await ask(admin, "GET", `/api/trials/${no}`))[1].code).toBe("trial_not_found");
  });

  test("a plan, and a run of a whole place, hold as many meters as one run may have; beyond it the limit is named", async () => {
    const project = await db.read.selectFrom("area").select("project_id").where("id", "=", 1).executeTakeFirstOrThrow();
    const area = { id: 90, project_id: project.project_id, parent_id: null, name: "大片区", sort: 90 };
    const first = 9_000;
    await db.transact(async (tx) => {
      await tx.insertInto("area").values(area).execute();
      await tx
        .insertInto("area")
        .values({ ...area, id: 91, parent_id: 90, name: "其中一栋" })
        .execute();
      const above = [
        [90, 90],
        [91, 90],
        [91, 91],
      ] as const;
      for (const [area_id, ancestor_id] of above)
        await tx.insertInto("area_ancestor").values({ area_id, ancestor_id }).execute();
      const like = await tx.selectFrom("meter").selectAll().where("id", "=", 11).executeTakeFirstOrThrow();
      const alike = Array.from({ length: TRIAL_METERS_MAX }, (_, i) => ({
        ...{ ...like, id: first + i, area_id: 90, account_id: null, box_id: null, master_of: null, room_id: null },
        ...{ number: `L${first + i}`, address: String(first + i).padStart(12, "0"), label: `L${i}` },
      }));
      for (let at = 0; at < alike.length; at += 50)
        await tx
          .insertInto("meter")
          .values(alike.slice(at, at + 50))
          .execute();
    });
    const url = "/api/trials/plan?place=area&placeId=90";
    const [status, plan] = await ask(admin, "GET", url);
    expect([status, plan.items.length]).toEqual([200, TRIAL_METERS_MAX]);
    await db.transact((tx) => tx.updateTable("meter").set({ area_id: 91 }).where("id", "=", 12).execute());
    const run = { key: "too-many-at-once", place: "area", placeId: 90 };
    for (const [refused, said] of [await ask(admin, "GET", url), await ask(admin, "POST", "/api/trials", run)]) {
      expect([refused, said.code, said.details]).toEqual([422, "trial_too_many", { max: TRIAL_METERS_MAX }]);
      expect(said.message).toContain(String(TRIAL_METERS_MAX));
    }
    // Somebody who sees fewer of them may try what he sees.
    const few = await enrol(db, { areas: [91] });
    expect((await ask(few, "GET", url))[1].items).toHaveLength(1);
    await db.transact((tx) => tx.updateTable("meter").set({ area_id: 1 }).where("id", "=", 12).execute());
  });

  test("a plan of garbage, or of what is not there, is refused; more than a list may hold is told with its limit", async () => {
    for (const query of [
      "place=area&placeId=abc",
      "place=area&placeId=-1",
      "place=area&placeId=1.5",
      "place=area&placeId=99999999999999999999",
      "place=area&placeId=1&placeId=2",
      "place=town&placeId=1",
      "place[]=area&placeId=1",
      `place=area&placeId=${"9".repeat(4_000)}`,
      `place=${"x".repeat(4_000)}`,
    ]) {
      const [status, body] = await ask(admin, "GET", `/api/trials/plan?${query}`);
      expect([query.slice(0, 40), status]).toEqual([
        query.slice(0, 40),
        expect.toSatisfy((it) => it >= 400 && it < 500),
      ]);
      expect(body.message).toMatch(/[一-龥]/);
    }
    for (const query of [
      "",
      "place=meters",
      "place=area",
      "place=area&placeId=4242",
      "place=concentrator&placeId=4242",
    ])
      expect((await ask(admin, "GET", `/api/trials/plan?${query}`))[1].code).toBe("trial_place_empty");
    const many = { key: "too-many-ids", place: "meters", meterIds: Array.from({ length: 501 }, (_, i) => i + 1) };
    expect((await ask(admin, "POST", "/api/trials", many))[1].message).toBe("输入有误:「表计」最多 500 项");
    const huge = { ...many, meterIds: Array.from({ length: 400_000 }, (_, i) => i + 1) };
    expect([400, 413]).toContain((await ask(admin, "POST", "/api/trials", huge))[0]);
    const wild = ["NaN", "1e3", { $gt: 0 }, [1], null, 1e308, -0.5, 2 ** 53];
    for (const each of wild)
      expect((await ask(admin, "POST", "/api/trials", { ...many, meterIds: [each] }))[1].code).toBe("invalid_input");
  });

  test("a switch test needs the right to trip and to close, besides that to begin", async () => {
    const body = { key: "without-right", place: "meters", meterIds: [11], switchTest: true };
    for (const missing of ["meter.trip", "meter.close"] as const) {
      const user = await enrol(db, { permissions: permissions.filter((each) => each !== missing) });
      const [status, refusal] = await ask(user, "POST", "/api/trials", body);
      expect([status, refusal.details]).toEqual([403, { permission: missing }]);
    }
    await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 1 }).where("id", "=", 11).execute());
    const chosen = { ...body, inUseMeterIds: [11] };
    expect((await ask(admin, "POST", "/api/trials", chosen))[1].code).toBe("meter_protected");
    await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 0 }).where("id", "=", 11).execute());
  });

  test("where tripping or closing asks for a second factor, so does a switch test", async () => {
    await tried(db, [11], "finished");
    const begin = { key: "second-factor", place: "meters", meterIds: [12] };
    for (const value of ["meter.trip", "meter.close"]) {
      const demanded = { key: "security.totp_permissions", value, updated_by: "x", updated_at: 1 };
      await db.transact((tx) => tx.insertInto("setting").values(demanded).execute());
      for (const [url, body] of [
        ["/api/trials", begin],
        [`/api/trials/${trialOf(11)}/repeat`, {}],
      ] as const)
        expect((await ask(admin, "POST", url, { ...body, switchTest: true }))[1].code).toBe("totp_enrol_required");
      expect((await ask(admin, "POST", "/api/trials", begin))[0]).toBe(200);
      await db.transact((tx) => tx.deleteFrom("setting").where("key", "=", demanded.key).execute());
    }
  });

  test("who sees a part of a run sees none of it: not in the list, not in the file, not by its number", async () => {
    const manager = await enrol(db, { areas: [1] });
    await tried(db, [11, 21], "finished");
    const listOf = async (user: TestUser) =>
      (await ask(user, "GET", "/api/trials"))[1].items.map((each: { trialNo: string }) => each.trialNo);
    expect(await listOf(manager)).toEqual([trialOf(11)]);
    expect(await listOf(admin)).toEqual([trialOf(21), trialOf(11)]);
    await db.transact(async (tx) => {
      const row = await tx.selectFrom("trial_meter").selectAll().where("meter_id", "=", 11).executeTakeFirstOrThrow();
      await tx
        .insertInto("trial_meter")
        .values({ ...row, meter_id: 22, seq: 1 })
        .execute();
    });
    expect(await listOf(manager)).toEqual([]);
    expect((await ask(manager, "GET", `/api/trials/${trialOf(11)}`))[1].code).toBe("trial_not_found");
    expect((await ask(admin, "GET", "/api/trials?result=failed&search=c2026"))[1].total).toBe(2);
    expect((await ask(admin, "GET", "/api/trials?result=passed"))[1].total).toBe(0);
    expect((await ask(admin, "GET", "/api/trials?state=signed"))[1].items).toEqual([]);
  });
});
