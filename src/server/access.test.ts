import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Permission, permissions } from "#domain/permission.ts";
import { testDatabases } from "#store/test-databases.ts";
import { demandAccess } from "./route.ts";
import { type AccessLine as Line, matrix } from "./test-access-matrix.ts";
import { accessTown, type Town } from "./test-access-town.ts";
import { deviceFor } from "./test-devices.ts";
import { exportFor } from "./test-exports.ts";
import { foreignGroup } from "./test-groups.ts";
import { moveOutFor } from "./test-move-out.ts";
import { refundFor } from "./test-refund.ts";
import { asked, enrol, type TestUser } from "./test-town.ts";

test("a route that does not say who may call it stops the start", () => {
  const app = Fastify();
  demandAccess(app);
  expect(() => app.get("/api/forgotten", async () => "secret")).toThrow(
    "/api/forgotten does not declare who may call it",
  );
  expect(() => app.get("/api/empty", { config: { access: [] } }, async () => "secret")).toThrow("/api/empty");
});

describe.each(testDatabases.filter(({ available }) => available))("on $name", ({ name }) => {
  let db: Town["db"];
  let app: Town["app"];
  let town: Town;
  let order: string;
  let command: string;
  let manager: TestUser;
  beforeAll(async () => {
    town = await accessTown(name);
    ({ db, app, order, command, manager } = town);
  });
  afterAll(() => town.close());

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
      const { method, url, body } = town.example(line, { meter: 11, order, command });
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
    const { method, url, body } = town.example(line, { meter: 11, order, command });
    const answer = await app.inject(asked(user, method, url, body));
    expect([answer.statusCode, answer.json().code]).toEqual([403, "forbidden"]);
    expect(answer.json().message).toMatch(/^您没有此项权限:[一-龥]+$/);
  });

  test.each(permitted)("%s %s answers who has the permission", async (...line) => {
    const [, , ...access] = line;
    const { user, method, url, body } = await town.readied(
      line,
      permissions.filter((each) => access.includes(each)),
    );
    const answer = await app.inject(asked(user, method, url, body));
    expect(answer.statusCode, answer.body).toBeLessThan(300);
  });

  test.each(byObject)(
    "%s %s answers for a foreign object as for one that does not exist, byte for byte",
    async (...line) => {
      const refund = line[1].includes(":refundNo") ? await refundFor(db, line[1], { meterId: 21, command }) : undefined;
      const device = await deviceFor(db, line[1], { meter: 21, command: town.foreignCommand });
      const made = { ...(refund && { refund }), ...(await moveOutFor(db, line[1], 21)), ...device };
      Object.assign(made, await foreignGroup(db, line[1], 21));
      if (line[1].startsWith("/api/exports/:id")) Object.assign(made, { made: await exportFor(db, town.shelf, 1) });
      const foreign = town.example(line, {
        meter: 21,
        order: town.foreignOrder,
        command: town.foreignCommand,
        ...made,
      });
      const unknown = town.example(line, { meter: 99, order: "R20260101999999", command: "00000000000000000000" });
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
