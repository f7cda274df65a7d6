import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Db } from "#store/db.ts";
import { testDatabases } from "#store/test-databases.ts";
import { PASSWORD, type PeopleDesk, peopleDesk, reason } from "./test-people.ts";
import { asked, enrol, type TestUser } from "./test-town.ts";

const NONE = { all: false, areaIds: [], meterIds: [] };

describe.each(testDatabases.filter(({ available }) => available))("roles on $name", ({ name }) => {
  let desk: PeopleDesk;
  let app: FastifyInstance;
  let db: Db;
  let admin: TestUser;
  beforeAll(async () => {
    desk = await peopleDesk(name);
    ({ app, db, admin } = desk);
  });
  afterAll(() => desk.close());
  const post: PeopleDesk["post"] = (...call) => desk.post(...call);
  const get: PeopleDesk["get"] = (...call) => desk.get(...call);
  const add: PeopleDesk["add"] = (...call) => desk.add(...call);
  const role: PeopleDesk["role"] = (...call) => desk.role(...call);
  const logIn: PeopleDesk["logIn"] = (...call) => desk.logIn(...call);
  const audited: PeopleDesk["audited"] = (...call) => desk.audited(...call);

  test("roles: made, renamed, removed when nobody has them; two editors do not overwrite each other", async () => {
    const { roleId, version } = await role(["board.view"]);
    const one = { changes: [{ roleId, version, permissions: ["board.view", "meter.view"] }], reason };
    const two = { changes: [{ roleId, version, permissions: ["board.view", "report.view"] }], reason };
    const answers = await Promise.all([
      post(admin, "/api/roles/permissions", one),
      post(admin, "/api/roles/permissions", two),
    ]);
    expect(answers.map(({ code }) => code).sort()).toEqual(["role_changed", undefined]);
    const seen = { roleId, version: version + 1, reason };
    expect((await post(admin, "/api/roles/rename", { ...seen, name: "名".repeat(200) })).code).toBe("invalid_input");
    const { body } = await post(admin, "/api/roles/rename", { ...seen, name: "夜班" });
    expect(body.items.find((each: { roleId: number }) => each.roleId === roleId).name).toBe("夜班");
    expect((await post(admin, "/api/roles", { name: " 夜　班", like: null, reason })).code).toBe("role_name_taken");
    const { userId } = await add({ roleIds: [roleId] });
    expect((await post(admin, "/api/roles/remove", { ...seen, version: version + 2 })).code).toBe("role_in_use");
    await post(admin, `/api/users/${userId}`, { name: "无", roleIds: [], scope: NONE, version: 0, reason });
    expect((await post(admin, "/api/roles/remove", { ...seen, version: version + 2 })).status).toBe(200);
    expect((await post(admin, "/api/roles/remove", { ...seen, version: version + 2 })).code).toBe("role_not_found");
    const lines = await audited(`role:${roleId}`);
    expect(lines.map((line) => line.action)).toEqual([
      "role.create",
      "role.permissions",
      "role.permissions",
      "role.rename",
      "role.remove",
    ]);
    expect(JSON.parse(lines[1]?.after ?? "")).toMatchObject({ added: ["board.view"] });
  });

  test("a matrix with one column that is out of date saves none of them", async () => {
    const [a, b] = [await role(["board.view"]), await role(["board.view"])];
    const changes = [
      { roleId: a.roleId, version: a.version, permissions: ["meter.view"] },
      { roleId: b.roleId, version: b.version - 1, permissions: ["meter.view"] },
    ];
    expect((await post(admin, "/api/roles/permissions", { changes, reason })).code).toBe("role_changed");
    const { items } = (await get(admin, "/api/roles")).body;
    expect(items.find((each: { roleId: number }) => each.roleId === a.roleId).permissions).toEqual(["board.view"]);
    const unknown = [{ roleId: a.roleId, version: a.version, permissions: ["everything"] }];
    expect((await post(admin, "/api/roles/permissions", { changes: unknown, reason })).code).toBe("invalid_input");
  });

  test("a changed role holds at the next request, and the open page is told within five seconds", async () => {
    const { roleId, version } = await role(["board.view", "meter.view"]);
    const colleague = await add({ roleIds: [roleId], password: PASSWORD });
    const { user } = await logIn(colleague.login, PASSWORD);
    await post(user, "/api/session/password", { old: PASSWORD, password: "Other-horse-2" });
    const base = await app.listen({ port: 0, host: "127.0.0.1" });
    const stream = await fetch(`${base}/api/live`, { headers: { cookie: user.cookie } });
    const ended = stream.text();
    await post(admin, "/api/roles/permissions", {
      changes: [{ roleId, version, permissions: ["board.view"] }],
      reason,
    });
    expect((await get(user, "/api/meters?search=E")).code).toBe("forbidden");
    expect((await get(user, "/api/session")).body.permissions).toEqual(["board.view"]);
    await ended; // the page finds out why by asking who it is
  });

  describe("looking through another's eyes", () => {
    let looking: TestUser;
    let other: TestUser;
    beforeAll(async () => {
      looking = await enrol(db, {});
      other = await enrol(db, { permissions: ["board.view", "meter.view", "recharge.create"], areas: [1] });
    });
    const asLooker = () => get(looking, "/api/session");

    test("shows his menu and his meters, and refuses every change", async () => {
      expect((await post(looking, `/api/users/${other.id}/preview`, { reason })).body).toMatchObject({
        login: other.login,
        permissions: ["board.view", "meter.view", "recharge.create"],
        meters: 2,
        previewedBy: `用户${looking.id}`,
      });
      const board = (await get(looking, "/api/board")).body;
      expect(board.tiles.map((tile: { meterId: number }) => tile.meterId).sort()).toEqual([11, 12]);
      expect((await get(looking, "/api/meters/21")).code).toBe("meter_not_found");
      expect((await get(looking, "/api/users")).code).toBe("forbidden");
      const body = { key: "preview-pays", meterId: 11, amount: "50", channel: "cash" };
      expect((await post(looking, "/api/recharges", body)).code).toBe("preview_read_only");
      const change = { old: PASSWORD, password: "Other-horse-2" };
      expect((await post(looking, "/api/session/password", change)).code).toBe("preview_read_only");
      expect((await post(looking, `/api/users/${other.id}/preview`, { reason })).code).toBe("preview_read_only");
      expect((await get(other, "/api/session")).body.previewedBy).toBe(null);
      const orders = await db.read.selectFrom("recharge_order").select("order_no").execute();
      expect(orders).toEqual([]);
    });

    test("refuses every route that changes something, whatever it is", async () => {
      const writes = app.declaredRoutes.filter(
        ({ method, access }) => method !== "GET" && method !== "HEAD" && !access.includes("public"),
      );
      expect(writes.length).toBeGreaterThan(90);
      for (const { method, path } of writes) {
        if (path === "/api/session" || path === "/api/session/preview") continue;
        const url = path.replace(/:\w+/g, "1");
        const answer = await app.inject(asked(looking, method as "POST", url, method === "POST" ? {} : undefined));
        expect([path, answer.statusCode, answer.json().code]).toEqual([path, 403, "preview_read_only"]);
      }
      // What would stand in the audit under the other's name is no looking either.
      for (const url of ["/api/exports/1/file", "/api/imports/archive?projectId=1"])
        expect((await get(looking, url)).code).toBe("preview_read_only");
    });

    test("shows less, never more, when something changes meanwhile, and ends by one's own will", async () => {
      const widen = (permission: number, all: 0 | 1) =>
        db.transact((tx) => tx.updateTable("user").set({ all_meters: all }).where("id", "=", permission).execute());
      await widen(looking.id, 0); // the administrator's own area is gone
      expect((await asLooker()).body).toMatchObject({ permissions: [], meters: 0, previewedBy: `用户${looking.id}` });
      expect((await get(looking, "/api/board")).code).toBe("forbidden");
      await widen(looking.id, 1);
      await widen(other.id, 1);
      expect((await asLooker()).body.meters).toBe(4);
      await widen(other.id, 0);
      await db.transact((tx) => tx.updateTable("user").set({ disabled: 1 }).where("id", "=", other.id).execute());
      expect((await asLooker()).body).toMatchObject({ permissions: [], meters: 0 });
      const left = await app.inject(asked(looking, "DELETE", "/api/session/preview"));
      expect(left.json()).toMatchObject({ login: looking.login, previewedBy: null, meters: 4 });
      const lines = await audited(`user:${other.id}`);
      expect(lines.map(({ actor, action, reason: why }) => [actor, action, why])).toEqual([
        [looking.login, "user.preview", reason],
        [looking.login, "user.preview_end", ""],
      ]);
      expect((await post(looking, `/api/users/${other.id}/preview`, { reason })).code).toBe("preview_disabled");
      expect((await post(looking, `/api/users/${looking.id}/preview`, { reason })).code).toBe("preview_self");
    });
  });
});
