import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import type { Alarm } from "#contract/alarms.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { watchStill } from "#flows/watch-still.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { alarmed, alarmIdOf, SMALL_PNG } from "./test-alarms.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "./test-town.ts";

const NOBODYS = "00000000000000000000";

describe.each(testDatabases.filter(({ available }) => available))("alarms on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let admin: TestUser;
  let manager: TestUser;
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db);
    admin = await enrol(db, {});
    manager = await enrol(db, { areas: [1], permissions: ["alarm.view", "alarm.handle", "board.view"] });
  });
  beforeEach(() => alarmed(db, [11, 12, 21]));
  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  const ask = (user: TestUser, method: "GET" | "POST", url: string, body?: object) =>
    app.inject(asked(user, method, url, body));
  const list = async (user: TestUser, query = "") => (await ask(user, "GET", `/api/alarms${query}`)).json();
  const one = async (id: number): Promise<Alarm> => (await ask(admin, "GET", `/api/alarms/${alarmIdOf(id)}`)).json();
  const acknowledge = (user: TestUser, alarmIds: readonly string[], note = "已安排上门") =>
    ask(user, "POST", "/api/alarms/acknowledge", { alarmIds, note });
  const visit = (user: TestUser, id: number, over: object = {}) =>
    ask(user, "POST", `/api/alarms/${alarmIdOf(id)}/visit`, { finding: "theft", note: "表前接线", ...over });
  const labels = (found: { items: Alarm[] }) => found.items.map((each) => each.label);
  const tileReasons = async (id: number) => {
    const { tiles } = (await ask(admin, "GET", "/api/board")).json();
    return tiles.find((tile: { meterId: number }) => tile.meterId === id).reasons;
  };

  test("a list holds one's own meters, by filter, order and page, and its file holds the same", async () => {
    expect(labels(await list(manager, "?sort=room"))).toEqual(["1-11", "1-12"]);
    expect(await list(admin)).toMatchObject({ total: 3, pages: 1, page: 1 });
    expect(labels(await list(admin, "?areaId=2"))).toEqual(["2-21"]);
    expect(labels(await list(admin, "?search=E12&state=open&kind=static&level=warning"))).toEqual(["1-12"]);
    expect((await list(admin, "?state=closed")).items).toEqual([]);
    expect((await list(admin, "?page=9")).items).toEqual([]);
    expect(labels(await list(admin, "?meterId=21&acknowledged=no"))).toEqual(["2-21"]);
    for (const wrong of ["?sort=price", "?page=0", "?state=x", "?areaId=-1", `?search=${"x".repeat(65)}`])
      expect([wrong, (await ask(admin, "GET", `/api/alarms${wrong}`)).statusCode]).toEqual([wrong, 400]);
    const file = await ask(manager, "GET", "/api/alarms/file?state=open");
    const [sheet] = await readSheet(file.rawPayload);
    const rows = (sheet?.data ?? []).map((row) => row[1]);
    expect(rows.filter((each) => String(each).includes("-1"))).toEqual(["1-12", "1-11"]);
    expect(JSON.stringify(sheet?.data)).not.toContain("2-21");
  });

  test("some are acknowledged with one note, each result is told, and every board is white again", async () => {
    expect(await tileReasons(11)).toContain("static");
    const answer = await acknowledge(manager, [alarmIdOf(11), alarmIdOf(21), NOBODYS, "<script>", alarmIdOf(11)]);
    expect(answer.json().items).toEqual([
      { alarmId: alarmIdOf(11), outcome: "acknowledged", by: manager.login },
      { alarmId: alarmIdOf(21), outcome: "not_found", by: null },
      { alarmId: NOBODYS, outcome: "not_found", by: null },
      { alarmId: "<script>", outcome: "not_found", by: null },
    ]);
    expect(await tileReasons(11)).not.toContain("static");
    expect(await tileReasons(21)).toContain("static");
    expect((await one(11)).acknowledged).toMatchObject({ by: manager.login, note: "已安排上门" });
    const again = await acknowledge(admin, [alarmIdOf(11)], "我也看到了");
    expect(again.json().items).toEqual([{ alarmId: alarmIdOf(11), outcome: "already", by: manager.login }]);
    const audit = await db.read
      .selectFrom("audit")
      .select(["actor", "object"])
      .where("action", "=", "alarm.acknowledge")
      .execute();
    expect(audit).toEqual([{ actor: manager.login, object: "meter:11" }]);
    for (const body of [{}, { alarmIds: [] }, { alarmIds: [1] }, { alarmIds: Array(201).fill("x") }])
      expect((await ask(admin, "POST", "/api/alarms/acknowledge", body)).statusCode).toBe(400);
  });

  test("two who acknowledge or visit at once: one of each counts", async () => {
    const third = await enrol(db, {});
    const answers = await Promise.all([1, 2, 3].map(() => acknowledge(admin, [alarmIdOf(12)])));
    const outcomes = answers.map((answer) => answer.json().items[0].outcome);
    expect(outcomes).toEqual(["acknowledged", "acknowledged", "acknowledged"]);
    expect((await acknowledge(third, [alarmIdOf(12)])).json().items[0]).toMatchObject({ outcome: "already" });
    const notes = await db.read.selectFrom("audit").select("id").where("action", "=", "alarm.acknowledge").execute();
    expect(notes).toHaveLength(2); // one of them of the test before
    const visits = await Promise.all([visit(admin, 12), visit(manager, 12, { finding: "abnormal" }), visit(third, 12)]);
    expect(visits.map((each) => each.statusCode).sort()).toEqual([200, 409, 409]);
    expect(visits.find((each) => each.statusCode === 409)?.json().code).toBe("alarm_visited");
    expect(await one(12)).toMatchObject({ state: "closed", closed: { how: "visit" } });
    const first = visits.find((each) => each.statusCode === 200)?.json().visit;
    const again = await Promise.all([admin, third].map((user) => visit(user, 12)));
    // Who said just that may say it again; nobody else may.
    expect(again.filter((each) => each.statusCode === 200)).toHaveLength(first.finding === "theft" ? 1 : 0);
  });

  test("a visit ends it with what was found, and the photo is a picture for those who may see the meter, and nothing else", async () => {
    const answer = await visit(manager, 11, { finding: "normal_vacancy", note: "住户回老家", photo: SMALL_PNG });
    expect(answer.json()).toMatchObject({
      ...{ state: "closed", closed: { how: "visit" } },
      visit: { by: manager.login, finding: "normal_vacancy", note: "住户回老家", hasPhoto: true },
    });
    const photo = await ask(manager, "GET", `/api/alarms/${alarmIdOf(11)}/photo`);
    expect(photo.headers).toMatchObject({
      ...{ "content-type": "image/png", "x-content-type-options": "nosniff", "cache-control": "no-store" },
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
    expect(photo.rawPayload.equals(Buffer.from(SMALL_PNG, "base64"))).toBe(true);
    const stranger = await enrol(db, { areas: [2] });
    for (const [user, id] of [
      [stranger, alarmIdOf(11)],
      [manager, alarmIdOf(12)],
      [manager, NOBODYS],
    ] as const)
      expect((await ask(user, "GET", `/api/alarms/${id}/photo`)).statusCode).toBe(404);
    const { findings, alone, closed, open, waiting } = (await ask(manager, "GET", "/api/alarms/summary")).json();
    expect({ findings, alone, closed, open, waiting }).toEqual({
      findings: { normal_vacancy: 1, abnormal: 0, theft: 0 },
      ...{ alone: { moved: 0, left: 0, released: 0, replaced: 0 }, closed: 1, open: 1, waiting: 1 },
    });
  });

  test("garbage in the form and in the place of a photo is refused, and changes nothing", async () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const large = Buffer.concat([Buffer.from(SMALL_PNG, "base64"), Buffer.alloc(2 * 1024 * 1024)]).toString("base64");
    for (const [over, status, code] of [
      [{ finding: "nothing" }, 400, "invalid_input"],
      [{ note: " " }, 400, "alarm_note_required"],
      [{ note: "x".repeat(501) }, 400, "alarm_note_required"],
      [{ photo: base64("<svg onload=alert(1)>") }, 422, "photo_unreadable"],
      [{ photo: base64("GIF89a") }, 422, "photo_unreadable"],
      [{ photo: "" }, 422, "photo_unreadable"],
      [{ photo: 7 }, 400, "photo_unreadable"],
      [{ photo: large }, 400, "photo_unreadable"],
    ] as const) {
      const answer = await visit(admin, 11, over);
      expect([over, answer.statusCode === status || answer.statusCode === 422]).toEqual([over, true]);
      expect([Object.keys(over), answer.json().code]).toEqual([Object.keys(over), code]);
    }
    expect((await one(11)).state).toBe("open");
    expect(await db.read.selectFrom("alarm_photo").select("alarm_id").execute()).toEqual([]);
    const [foreign, unknown] = [
      await visit(manager, 21),
      await ask(manager, "POST", `/api/alarms/${NOBODYS}/visit`, { finding: "theft", note: "x" }),
    ];
    expect([foreign.statusCode, foreign.json().message]).toEqual([404, unknown.json().message]);
  });

  test("a meter that moves while somebody is on the way ends its alarm; what he finds is kept all the same", async () => {
    const ctx = contextOf(db);
    const measuredAt = instant(systemClock());
    const report = { meterId: 11, measuredAt, values: { energyWh: 1_000_010 } };
    const before = { meterId: 11, measuredAt: instant(measuredAt - 60_000), values: { energyWh: 1_000_000 } };
    await db.transact((tx) => tx.updateTable("meter_state").set({ index_at: 1 }).where("meter_id", "=", 11).execute());
    await recordReadings(ctx, { collector: "test", reports: [before, report], silences: [], frames: [] });
    const [, , answer] = await Promise.all([watchStill(ctx, 50), watchStill(ctx, 50), visit(admin, 11)]);
    expect(answer.statusCode).toBe(200);
    await watchStill(ctx, 50);
    expect(await one(11)).toMatchObject({ state: "closed", visit: { finding: "theft" } });
    const ends = await db.read
      .selectFrom("meter_event")
      .select("detail")
      .where("kind", "=", "alarm_closed")
      .where("meter_id", "=", 11)
      .execute();
    expect(ends.filter((row) => row.detail.includes("moved")).length).toBeLessThanOrEqual(1);
    expect(await db.read.selectFrom("alarm").select("id").where("meter_id", "=", 11).execute()).toHaveLength(1);
  });

  test("the rule of a project: seen by who sees alarms, changed by who may, within limits, not over somebody else's change", async () => {
    await db.transact((tx) => tx.insertInto("project").values({ id: 2, name: "别人的项目" }).execute());
    const { items } = (await ask(manager, "GET", "/api/alarm-rules")).json();
    expect(items).toMatchObject([
      { projectId: 1, enabled: true, periodHours: 72, floorWh: 0, readingsMin: 3, version: 0 },
    ]);
    const rule = {
      projectId: 1,
      enabled: true,
      periodHours: 24,
      floorWh: 100,
      readingsMin: 4,
      version: 0,
      reason: "试点",
    };
    expect((await ask(manager, "POST", "/api/alarm-rules", rule)).statusCode).toBe(403);
    const local = await enrol(db, { areas: [1], permissions: ["settings.manage"] });
    expect((await ask(local, "POST", "/api/alarm-rules", rule)).statusCode).toBe(404);
    for (const wrong of [
      { periodHours: 11 },
      { periodHours: 721 },
      { floorWh: -1 },
      { readingsMin: 1 },
      { floorWh: 0.5 },
    ])
      expect((await ask(admin, "POST", "/api/alarm-rules", { ...rule, ...wrong })).statusCode).toBe(400);
    const saved = await ask(admin, "POST", "/api/alarm-rules", rule);
    expect(saved.json().items[0]).toMatchObject({ periodHours: 24, floorWh: 100, updatedBy: admin.login });
    expect((await ask(admin, "POST", "/api/alarm-rules", rule)).json().code).toBe("archive_changed");
    const audit = await db.read.selectFrom("audit").selectAll().where("action", "=", "alarm.rule").executeTakeFirst();
    expect(JSON.parse(audit?.before ?? "")).toMatchObject({ periodHours: 72 });
    expect(JSON.parse(audit?.after ?? "")).toMatchObject({ periodHours: 24 });
  });
});
