import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { GUARD_OFF, type LoadGuardShown } from "#domain/load-guard.ts";
import { seedRoles } from "#domain/permission.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "./test-town.ts";

const LOCKED: LoadGuardShown = {
  ...{ state: "locked", cause: "sudden_change", trips: 3, total: 3, trippedAt: null, powerW: 2400 },
};
const OPEN = { word: 0x10, relayOpen: true, fault: false };

describe.each(testDatabases.filter(({ available }) => available))("load guards over HTTP on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let admin: TestUser;
  let maintenance: TestUser;
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db);
    admin = await enrol(db, {});
    const permissions = seedRoles.find((role) => role.code === "maintenance")?.permissions ?? [];
    maintenance = await enrol(db, { permissions: [...permissions] });
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  const ask = (user: TestUser, method: "GET" | "POST", url: string, body?: object) =>
    app.inject(asked(user, method, url, body));
  const path = (meterId: number) => `/api/meters/${meterId}/load-guard`;
  const release = (user: TestUser, meterId: number, note = "已拔掉电炉", key = "release-key-1") =>
    ask(user, "POST", `${path(meterId)}/release`, { key, note });
  /** The meter is read: what its guard says, and that supply is off. */
  const heard = (meterId: number, loadGuard: LoadGuardShown | null, measuredAt: number = systemClock()) =>
    recordReadings(contextOf(db), {
      ...{ collector: "test", silences: [], frames: [] },
      reports: [{ meterId, measuredAt: instant(measuredAt), values: { remainingWh: 0, status: OPEN, loadGuard } }],
    });
  const state = async (meterId: number) =>
    db.read.selectFrom("meter_state").selectAll().where("meter_id", "=", meterId).executeTakeFirstOrThrow();
  const commands = (meterId: number) =>
    db.read
      .selectFrom("command")
      .select(["kind", "state"])
      .where("meter_id", "=", meterId)
      .where("kind", "in", ["release_load_guard", "set_load_guard", "close"])
      .execute();

  test("an empty meter that its guard holds is off for safety, not for arrears; told twice, it is one trip and one alarm", async () => {
    const at = systemClock();
    await heard(11, LOCKED, at);
    await heard(11, LOCKED, at);
    await heard(11, LOCKED, at + 1);
    expect(await state(11)).toMatchObject({ relay: "open", off_cause: "safety" });
    // What it said an instant before comes late, and is no release.
    await heard(11, { ...LOCKED, state: "free" }, at - 1);
    expect((await ask(admin, "GET", path(11))).json().shown).toMatchObject({ state: "locked", total: 3 });
    const events = await db.read.selectFrom("meter_event").select("kind").where("meter_id", "=", 11).execute();
    expect(
      events
        .filter(({ kind }) => kind.startsWith("load_guard"))
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(["load_guard_locked", "load_guard_tripped"]);
    const { items } = (await ask(admin, "GET", "/api/alarms?kind=safety_lock")).json();
    expect(items).toMatchObject([
      { state: "open", level: "severe", still: null, lock: { cause: "sudden_change", trips: 3, powerW: 2400 } },
    ]);
    // A visit does not end it: the meter is locked until it is released.
    const visit = { finding: "abnormal", note: "电炉" };
    const refused = await ask(admin, "POST", `/api/alarms/${items[0].alarmId}/visit`, visit);
    expect([refused.statusCode, refused.json().code]).toEqual([409, "alarm_needs_release"]);
  });

  test("asked, and it did not say: the reason is not known, and nobody takes it for arrears", async () => {
    await heard(12, null);
    expect(await state(12)).toMatchObject({ relay: "open", off_cause: "unknown" });
  });

  test("maintenance sees it and may neither close nor release it; without a finding nobody may, and a second click is the same", async () => {
    expect((await ask(maintenance, "GET", path(11))).json().shown.state).toBe("locked");
    expect((await release(maintenance, 11)).json()).toMatchObject({ code: "forbidden" });
    const close = { key: "close-key-1", kind: "close", reason: "客户催" };
    for (const user of [maintenance, admin])
      expect((await ask(user, "POST", "/api/meters/11/commands", close)).json().code).toBe("meter_safety_off");
    for (const note of ["", " 好 ", "看过了"])
      expect((await release(admin, 11, note)).json().code).toBe("load_guard_note_short");
    expect(await commands(11)).toEqual([]);
    const both = await Promise.all([release(admin, 11), release(admin, 11)]);
    expect(both.map((each) => each.statusCode)).toEqual([200, 200]);
    expect(await commands(11)).toEqual([{ kind: "release_load_guard", state: "waiting" }]);
    // Another wish takes its place: never two at a time.
    await release(admin, 11, "又去看了一次", "release-key-2");
    expect((await commands(11)).map((row) => row.state).sort()).toEqual(["cancelled", "waiting"]);
  });

  test("the meter lets go: the alarm ends, and what keeps it off now is that nothing is left", async () => {
    await heard(11, { ...LOCKED, state: "free", trips: 0 }, systemClock() + 5);
    expect(await state(11)).toMatchObject({ relay: "open", off_cause: "arrears" });
    const { items } = (await ask(admin, "GET", "/api/alarms?kind=safety_lock")).json();
    expect(items).toMatchObject([{ state: "closed", closed: { how: "released" } }]);
    expect((await release(admin, 11, "已拔掉电炉", "release-key-3")).json().code).toBe("load_guard_free");
  });

  test("in the three minutes nothing has to be released", async () => {
    const at = systemClock();
    await heard(21, { ...LOCKED, state: "waiting", trips: 1, total: 1, trippedAt: instant(at - 1_000) }, at);
    const { shown } = (await ask(admin, "GET", path(21))).json();
    expect(shown).toMatchObject({ state: "waiting", closesAt: at - 1_000 + 3 * 60_000 });
    expect((await release(admin, 21, "已拔掉电炉", "release-key-4")).json().code).toBe("load_guard_waiting");
  });

  test("limits that no meter can hold, and garbage, are refused and change nothing", async () => {
    const good = { ...GUARD_OFF, maxW: 1000 };
    const set = (settings: unknown, reason = "合同") =>
      ask(admin, "POST", path(12), { key: "set-key-0001", settings, reason });
    for (const wrong of [
      ...[
        { ...good, maxW: -1 },
        { ...good, maxW: 79_001 },
        { ...good, maxW: 1.5 },
        { ...good, maxW: "1000" },
        { ...good, maxW: 2 }, // kW, perhaps
        { ...good, stepW: 49 },
        { ...good, maliciousW: 1 },
      ],
      ...[
        { ...good, offMinutes: 0 },
        { ...good, offMinutes: 61 },
        { ...good, tripsMax: 0 },
      ],
      ...[{ ...good, countFrom: "never" }, { ...good, exemptTo: 1440 }, {}, null, []],
    ])
      expect((await set(wrong)).statusCode, JSON.stringify(wrong)).toBe(400);
    expect((await set(good, " ")).json().code).toBe("reason_required");
    expect((await ask(admin, "GET", path(12))).json().settings).toEqual(GUARD_OFF);
    expect((await set(good)).json()).toMatchObject({
      settings: good,
      inMeter: false,
      asked: { kind: "set_load_guard" },
    });
    expect(await commands(12)).toEqual([{ kind: "set_load_guard", state: "waiting" }]);
  });
});
