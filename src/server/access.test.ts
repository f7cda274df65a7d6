import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, DAY_MS, dayOf, later } from "#base/time.ts";
import { type Permission, permissions } from "#domain/permission.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { demandAccess } from "./route.ts";
import { type AccessLine as Line, matrix } from "./test-access-matrix.ts";
import { archiveUrl, prepareArchive } from "./test-concentrators.ts";
import { deskBodies, stopOrder } from "./test-desk.ts";
import { deviceBodies, deviceFor } from "./test-devices.ts";
import { differ } from "./test-difference.ts";
import { exportFor, testShelf } from "./test-exports.ts";
import { foreignGroup, groupBodies, prepareGroup } from "./test-groups.ts";
import { importBodies, importId, prepareImport, smallImport } from "./test-imports.ts";
import { linkBodies } from "./test-links.ts";
import { moveOutBodies, moveOutFor, prepareMoveOut } from "./test-move-out.ts";
import { peopleBodies, preparePeople, userUrl } from "./test-people.ts";
import { quarantineBodies, quarantined } from "./test-quarantine.ts";
import { moveMoney, refundBodies, refundFor } from "./test-refund.ts";
import { safetyBodies } from "./test-safety.ts";
import { hvacUnit, shareRule, shareTerms } from "./test-share.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

test("a route that does not say who may call it stops the start", () => {
  const app = Fastify();
  demandAccess(app);
  expect(() => app.get("/api/forgotten", async () => "secret")).toThrow(
    "/api/forgotten does not declare who may call it",
  );
  expect(() => app.get("/api/empty", { config: { access: [] } }, async () => "secret")).toThrow("/api/empty");
});

const noCut = { scope: "project", refId: 1, name: "夜间", days: ["workday"], fromMinute: 1_020, toMinute: 510 };

describe.each(testDatabases.filter(({ available }) => available))("on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let order: string;
  let command: string;
  let foreignOrder: string;
  let foreignCommand: string;
  let manager: TestUser;
  const shelf = testShelf();
  let importFile: Buffer;
  /** An approved change of prices that has not taken effect, by the meter that it is about. */
  const changes = new Map<number, string>();
  const windows = new Map<number, string>();
  /** What was shared of the public meter next door, and an indoor unit behind it, by the meter that takes part. */
  const shares = new Map<number, { run: string; unit: number }>();
  const yesterday = addDays(dayOf(systemClock()), -1);

  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db, { shelf });
    importFile = await smallImport();
    const admin = await enrol(db, {});
    manager = await enrol(db, { areas: [1] });
    order = await recharge(admin, 11, "first-order");
    foreignOrder = await recharge(admin, 21, "other-order");
    command = await read(admin, 11, "first-command");
    const alone = { kind: "price", on: false, limit: "0", reason: "一人值守" };
    await app.inject(asked(admin, "POST", "/api/approval-rules", alone));
    for (const meter of [11, 21]) {
      changes.set(meter, await newPrice(admin, meter));
      windows.set(meter, await newWindow(admin, meter));
    }
    foreignCommand = await read(admin, 21, "other-command");
    await db.transact((tx) =>
      tx.insertInto("area").values({ id: 3, project_id: 1, parent_id: null, name: "3 号街", sort: 3 }).execute(),
    );
    await preparePeople(db);
    for (const meter of [11, 21]) shares.set(meter, await share(admin, meter));
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
    await shelf.clear();
  });

  async function recharge(user: TestUser, meterId: number, key: string): Promise<string> {
    const body = { key, meterId, amount: "100", channel: "cash" };
    return (await app.inject(asked(user, "POST", "/api/recharges", body))).json().orderNo;
  }
  async function newPrice(user: TestUser, meterId: number): Promise<string> {
    const body = priceChange(meterId, `price-of-${meterId}`, 2);
    return (await app.inject(asked(user, "POST", "/api/price-changes", body))).json().id;
  }
  async function newWindow(user: TestUser, meterId: number): Promise<string> {
    const body = { ...noCut, scope: "meter", refId: meterId, name: `${meterId}` };
    const { items } = (await app.inject(asked(user, "POST", "/api/no-cut-windows", body))).json();
    return items.find((each: { refId: number }) => each.refId === meterId).id;
  }
  function priceChange(meterId: number, key: string, daysAhead: number) {
    const what = { kind: "assignment", meters: { meterIds: [meterId] }, tariffId: null, price: "0.9" };
    return { key, what, from: systemClock() + daysAhead * DAY_MS, reason: "调价" };
  }
  async function read(user: TestUser, meterId: number, key: string): Promise<string> {
    return (await app.inject(asked(user, "POST", `/api/meters/${meterId}/commands`, { key, kind: "read" }))).json().id;
  }
  async function share(user: TestUser, meterId: number): Promise<{ run: string; unit: number }> {
    const source = meterId + 2;
    const area = Math.floor(meterId / 10);
    const box = 100 + area;
    await db.transact(async (tx) => {
      await tx
        .insertInto("box")
        .values({ id: box, area_id: area, name: `${area} 号箱` })
        .execute();
      await tx.updateTable("meter").set({ box_id: box, master_of: "area" }).where("id", "=", meterId).execute();
      const meter = await tx.selectFrom("meter").selectAll().where("id", "=", meterId).executeTakeFirstOrThrow();
      const lamp = { number: `E${source}`, address: String(source).padStart(12, "0"), mode: "public" as const };
      // In a street that the manager of the first one does not see.
      const place = { area_id: 3, account_id: null, label: `3-${source}` };
      await tx
        .insertInto("meter")
        .values({ ...meter, id: source, ...lamp, ...place })
        .execute();
      const day = { meter_id: source, day: yesterday, rev: 0, segment: 1, latest: 1 as const, ratio: 1, cost_e4: null };
      const open = { open_wh: 0, open_at: 1, open_source: "read" as const };
      const close = { close_wh: 500, close_at: 2, close_source: "read" as const, usage_wh: 500 };
      const made = { quality: "measured" as const, cause: "close" as const, made_at: 1, looked_at: 1 };
      await tx
        .insertInto("meter_day")
        .values({ ...day, ...open, ...close, ...made })
        .execute();
    });
    await app.inject(asked(user, "POST", "/api/shares/rules", shareRule(meterId, `share-of-${meterId}`, yesterday)));
    const run = { sourceMeterId: source, period: yesterday };
    const unit = await app.inject(asked(user, "POST", "/api/hvac/units", hvacUnit(meterId, `N${meterId}`)));
    return {
      run: (await app.inject(asked(user, "POST", "/api/shares/runs", run))).json().runId,
      unit: unit.json().unitId,
    };
  }

  /** A request that would succeed for somebody who may make it. */
  function example(
    [method, path]: Line,
    of: {
      meter: number;
      order: string;
      command: string;
      refund?: string;
      moveOut?: string;
      device?: string;
      made?: string;
      group?: string;
      groupMeter?: number;
    },
  ) {
    // Of every two meters of a street the second has its credit on the server.
    const meter = /overdraft|emergency|ratio|mode/.test(path) ? of.meter + 1 : of.meter;
    const query: Record<string, string> = {
      "GET /api/calendar": "?year=2026",
      "GET /api/cuts/preview": `?at=${systemClock()}`,
      "DELETE /api/no-cut-windows/:id": "?rev=0",
    };
    const url = `${archiveUrl(path, of)}${query[`${method} ${path}`] ?? ""}`
      .replace("/api/users/:id", userUrl(of.meter))
      .replace("/meters/:id", `/meters/${meter}`)
      .replace("/api/no-cut-windows/:id", `/api/no-cut-windows/${windows.get(of.meter) ?? "00000000000000000000"}`)
      .replace("/api/differences/:id", `/api/differences/difference-${of.meter}`)
      .replace("/api/doubts/:id", `/api/doubts/${of.meter}`)
      .replace("/api/shares/sources/:id", `/api/shares/sources/${of.meter + 2}`)
      .replace("/api/shares/runs/:id", `/api/shares/runs/${shares.get(of.meter)?.run ?? "00000000000000000000"}`)
      .replace(/matrix(\/export)?$/, "$&?month=2026-03")
      .replace(/((reports\/(day|completeness)|slots)(\/export|\/missing)?|readings|curve)$/, "$&?day=2026-03-01")
      .replace(/reports\/(period|meters\/\d+|losses(\/area\/\d+)?)(\/export)?$/, "$&?period=2026-03")
      .replace(/shares\/sources$/, "$&?kind=box")
      .replace(/hvac\/inputs$/, method === "GET" ? `$&?outdoorMeterId=${of.meter + 2}&day=2026-03-01` : "$&")
      .replace("/api/price-changes/:id", `/api/price-changes/${changes.get(of.meter) ?? "00000000000000000000"}`)
      .replace("/api/imports/:id", `/api/imports/${importId(of.meter)}`)
      .replace(/imports(\/archive)?$/, method === "POST" ? "$&?projectId=1&name=a.xlsx" : "$&?projectId=1")
      .replace("/api/commands/:id", `/api/commands/${of.command}`)
      .replace("/api/exports/:id", `/api/exports/${of.made ?? "00000000000000000000"}`)
      .replace("readings/export", "$&?from=2026-03-01&to=2026-03-02")
      .replace("/api/customers/:id", `/api/customers/${of.meter}`)
      .replace("/api/rooms/:id", `/api/rooms/${of.meter}`)
      .replace("/api/shifts/:id", `/api/shifts/${of.meter === 99 ? 99 : 1}`) // the first payment opened it
      .replace(/statement(\/file)?$/, "$&?from=2026-01-01&to=2026-12-31")
      .replace(":paymentNo", of.order)
      .replace(":orderNo", of.order)
      .replace(":refundNo", of.refund ?? "F20260101999999")
      .replace(":moveOutNo", of.moveOut ?? "T20260101999999")
      .replace(":groupNo", of.group ?? "G99999999999999")
      .replace(":meterId", String(of.groupMeter ?? of.meter))
      .replace(/:(exchange|change)No/, of.device ?? "H20260101999999")
      .replace("mode-preview", "mode-preview?to=postpaid")
      .replace(/(options|tenant)$/, `$&?meterId=${of.meter}`);
    const bodies: Record<string, object> = {
      ...deskBodies(of),
      "/api/tariffs": { name: "单一价", kind: "electricity" },
      "/api/price-changes": priceChange(of.meter, `key-${of.meter}-matrix`, 3),
      "/api/price-changes/what-if": {
        month: "2026-03",
        what: { kind: "assignment", meters: { meterIds: [of.meter] }, tariffId: null, price: "0.9" },
      },
      "/api/price-changes/:id/revoke": { reason: "算错" },
      "/api/calendar": { days: [{ day: dayOf(later(systemClock(), 40 * DAY_MS)), kind: "holiday", name: "试" }] },
      "/api/no-cut-windows": noCut,
      ...linkBodies,
      ...quarantineBodies,
      ...peopleBodies,
      "/api/meters/:id/guard": { on: true, reason: "诊所" },
      "/api/meters/:id/overdraft": { amount: "0", reason: "试" },
      "/api/meters/:id/emergency": { key: `key-${of.meter}-matrix`, amount: "5", reason: "夜间应急" },
      "/api/meters/:id/corrections": {
        key: `corrects-${of.meter}`,
        ...{ measuredAt: systemClock() - 1, decision: "correct", value: "1000", reason: "到现场看过" },
      },
      "/api/shares/preview": { ...shareTerms(of.meter), sharedFor: yesterday },
      "/api/shares/rules": shareRule(of.meter, `key-${of.meter}-matrix`, addDays(yesterday, 2)),
      "/api/shares/runs": { sourceMeterId: of.meter + 2, period: yesterday },
      "/api/boxes": { boxId: null, areaId: 1, name: "新箱", meterIds: [], reason: "新装" },
      "/api/hvac/units": hvacUnit(of.meter, `M${of.meter}`),
      "/api/hvac/inputs": {
        ...{ day: yesterday, source: "manual", reason: "" },
        units: [{ unitId: shares.get(of.meter)?.unit ?? 9, minutes: { low: 1, middle: 2, high: 3 } }],
      },
      ...refundBodies(of),
      ...moveOutBodies(of),
      ...deviceBodies(of),
      ...groupBodies(of),
      "/api/exports": { key: `key-${of.meter}-matrix`, report: "day", filter: { day: "2026-03-01" } },
      ...importBodies(importFile),
      ...safetyBodies,
      "/api/approval-rules": { kind: "refund", on: true, limit: "200", reason: "试" },
    };
    return { method, url, body: method === "POST" ? (bodies[path] ?? {}) : undefined };
  }

  const guarded = matrix.filter(([, path, access]) => access !== "public" && path !== "/api/live");
  const permitted = guarded.filter(([, , access]) => access !== "logged_in");
  const byObject = permitted.filter(([, path]) => path.includes(":"));

  test("everything that can be reached is in the matrix, with exactly this access", () => {
    const found = app.declaredRoutes
      .filter(({ method }) => method !== "HEAD")
      .map(({ method, path, access }) => [method, path, ...access]);
    expect(found.map(String).sort()).toEqual(matrix.map(String).sort());
  });

  test.each([...guarded, matrix.find(([, path]) => path === "/api/live") as Line])(
    "%s %s refuses who is not logged in",
    async (...line) => {
      const { method, url, body } = example(line, { meter: 11, order, command });
      for (const user of [null, { ...manager, cookie: "jc_s=made-up" }]) {
        const answer = await app.inject(asked(user, method, url, body));
        expect([answer.statusCode, answer.json().code]).toEqual([401, "unauthenticated"]);
      }
    },
  );

  test.each(permitted)("%s %s refuses who has every permission but %s", async (...line) => {
    const [, , ...access] = line;
    const others: Permission[] = permissions.filter((each) => !access.includes(each));
    const user = await enrol(db, { permissions: others });
    const { method, url, body } = example(line, { meter: 11, order, command });
    const answer = await app.inject(asked(user, method, url, body));
    expect([answer.statusCode, answer.json().code]).toEqual([403, "forbidden"]);
    expect(answer.json().message).toMatch(/^您没有此项权限:[一-龥]+$/);
  });

  /** What has to be so before a route about refunds has something to do. */
  async function prepareRefund(path: string): Promise<string | undefined> {
    if (path === "/api/refunds/preview") await moveMoney(db, "wallet", 50_000);
    if (path === "/api/refunds/write-off") await moveMoney(db, "debt", -10_000);
    if (path === "/api/refunds/:refundNo/payout") await moveMoney(db, "refund_payable", 10_000);
    if (path === "/api/refunds/clear") {
      await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 0 }).where("id", "=", 11).execute());
      await db.transact((tx) =>
        tx.updateTable("recharge_order").set({ state: "withdrawn" }).where("meter_id", "=", 11).execute(),
      );
    }
    if (path === "/api/refunds/:refundNo/replacement") {
      await db.transact((tx) =>
        tx.updateTable("recharge_order").set({ state: "confirmed" }).where("order_no", "=", order).execute(),
      );
    }
    if (path === "/api/refunds/:refundNo/recheck") {
      await db.transact((tx) =>
        tx.updateTable("command").set({ state: "stopped" }).where("id", "=", command).execute(),
      );
    }
    return path.includes(":refundNo") ? refundFor(db, path, { meterId: 11, command }) : undefined;
  }

  test.each(permitted)("%s %s answers who has the permission", async (...line) => {
    const [, path, ...access] = line;
    if (path.startsWith("/api/differences/")) await differ(db, 11);
    if (path.startsWith("/api/quarantine/")) await quarantined(db, 11);
    if (path === "/api/recharges/:orderNo/recheck") await stopOrder(db, order);
    const refund = path.startsWith("/api/refunds") ? await prepareRefund(path) : undefined;
    const device = await deviceFor(db, path, { meter: 11, command });
    await prepareArchive(db, path);
    await prepareImport(db, path);
    await preparePeople(db);
    const user = await enrol(db, { permissions: permissions.filter((each) => access.includes(each)) });
    const group = await prepareGroup(db, path, command);
    const exported = path.startsWith("/api/exports/:id") ? { made: await exportFor(db, shelf, user.id) } : {};
    const made = { ...(refund && { refund }), ...(await prepareMoveOut(db, path)), ...device, ...group, ...exported };
    const { method, url, body } = example(line, { meter: 11, order, command, ...made });
    const answer = await app.inject(asked(user, method, url, body));
    expect(answer.statusCode, answer.body).toBeLessThan(300);
  });

  test.each(byObject)(
    "%s %s answers for a foreign object as for one that does not exist, byte for byte",
    async (...line) => {
      const refund = line[1].includes(":refundNo") ? await refundFor(db, line[1], { meterId: 21, command }) : undefined;
      const device = await deviceFor(db, line[1], { meter: 21, command: foreignCommand });
      const made = { ...(refund && { refund }), ...(await moveOutFor(db, line[1], 21)), ...device };
      Object.assign(made, await foreignGroup(db, line[1], 21));
      if (line[1].startsWith("/api/exports/:id")) Object.assign(made, { made: await exportFor(db, shelf, 1) });
      const foreign = example(line, { meter: 21, order: foreignOrder, command: foreignCommand, ...made });
      const unknown = example(line, { meter: 99, order: "R20260101999999", command: "00000000000000000000" });
      const answers = [];
      const asker = await enrol(db, { areas: [1] }); // one for each: nobody may write so much in a minute
      for (const { method, url, body } of [foreign, unknown])
        answers.push(await app.inject(asked(asker, method, url, body)));
      const [first, second] = answers.map((answer) => ({
        status: answer.statusCode,
        body: answer.body.replace(answer.json().requestId, ""),
        headers: Object.keys(answer.headers).sort(),
        length: answer.headers["content-length"],
      }));
      expect(first?.status).toBe(404);
      expect(first).toEqual(second);
    },
  );

  test.each(["/api/recharges/preview", "/api/recharges", "/api/payments/preview", "/api/payments"])(
    "POST %s answers for a foreign meter as for none",
    async (path) => {
      const answers = [];
      for (const meterId of [21, 99]) {
        const part = { meterId, amount: "50" };
        const body = { key: `foreign-${meterId}`, ...part, parts: [part], channel: "cash" };
        answers.push(await app.inject(asked(manager, "POST", path, body)));
      }
      expect(answers.map((answer) => [answer.statusCode, answer.json().code])).toEqual(
        Array(2).fill([404, "meter_not_found"]),
      );
      expect(answers[0]?.json().message).toBe(answers[1]?.json().message);
    },
  );

  test("lists hold the caller's scope and nothing else", async () => {
    const board = (await app.inject(asked(manager, "GET", "/api/board"))).json();
    expect(board.tiles.map((tile: { meterId: number }) => tile.meterId).sort()).toEqual([11, 12]);
    expect(board.counts.total).toBe(2);
    const hits = (await app.inject(asked(manager, "GET", "/api/meters?search=E"))).json();
    expect(hits.items.map((hit: { meterId: number }) => hit.meterId).sort()).toEqual([11, 12]);
    for (const query of ["", "?meterId=21"]) {
      const orders = (await app.inject(asked(manager, "GET", `/api/recharges${query}`))).json();
      expect(orders.items.filter((each: { meterId: number }) => each.meterId > 20)).toEqual([]);
    }
  });

  test("customers, payments, files and sums hold the caller's scope and nothing else", async () => {
    const customers = (await app.inject(asked(manager, "GET", "/api/customers"))).json();
    expect(customers.items.map((hit: { customerId: number }) => hit.customerId).sort()).toEqual([11, 12]);
    const all = await enrol(db, {});
    const sums = [];
    for (const user of [manager, all]) {
      const totals = (await app.inject(asked(user, "GET", "/api/recharges/totals"))).json();
      const items = (await app.inject(asked(user, "GET", "/api/recharges?limit=100"))).json().items;
      expect(totals.count).toBe(items.length);
      expect(Number(totals.amount)).toBe(
        items.reduce((sum: number, each: { amount: string }) => sum + Number(each.amount), 0),
      );
      sums.push(totals.count);
    }
    expect(sums[0]).toBeLessThan(sums[1] ?? 0);
    const shifts = (await app.inject(asked(manager, "GET", "/api/shifts"))).json();
    expect(shifts.items).toEqual([]);
  });

  test("a key that was used for a foreign meter opens nothing", async () => {
    const used = { key: "other-order", meterId: 21, amount: "100", channel: "cash" };
    const answer = await app.inject(asked(manager, "POST", "/api/recharges", used));
    expect(answer.json()).toMatchObject({ code: "meter_not_found" });
  });

  test("each kind of command needs its own permission", async () => {
    const reader = await enrol(db, { permissions: ["meter.read"] });
    for (const kind of ["trip", "close"]) {
      const body = { key: `reader-${kind}`, kind, reason: "试" };
      const answer = await app.inject(asked(reader, "POST", "/api/meters/11/commands", body));
      expect([answer.statusCode, answer.json().details]).toEqual([403, { permission: `meter.${kind}` }]);
    }
  });

  test("who has an empty scope sees an empty board", async () => {
    const board = (await app.inject(asked(await enrol(db, { areas: [] }), "GET", "/api/board"))).json();
    expect(board).toMatchObject({ counts: { total: 0 }, tiles: [] });
  });
});
