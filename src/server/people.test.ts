import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Users } from "#contract/people.ts";
import type { Permission } from "#domain/permission.ts";
import type { Db } from "#store/db.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { PASSWORD, type PeopleDesk, peopleDesk, reason } from "./test-people.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

const NONE = { all: false, areaIds: [], meterIds: [] };
const AREA_1 = { all: false, areaIds: [1], meterIds: [] };

describe.each(testDatabases.filter(({ available }) => available))("users on $name", ({ name }) => {
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

  test("a new user logs in with the password that was told once, and can do nothing before he has his own", async () => {
    const { roleId } = await role(["board.view"]);
    const colleague = await add({ roleIds: [roleId] });
    expect(colleague.password).toMatch(/^\w{4}(-\w{4}){3}$/);
    const { user } = await logIn(` ${colleague.login.toUpperCase()} `, colleague.password);
    expect((await get(user, "/api/session")).body).toMatchObject({ mustChangePassword: true, meters: 2 });
    for (const url of ["/api/board", "/api/areas", "/api/approvals"])
      expect((await get(user, url)).code).toBe("password_must_change");
    expect((await app.inject(asked(user, "GET", "/api/live"))).json().code).toBe("password_must_change");
    const own = { old: colleague.password, password: PASSWORD };
    expect((await post(user, "/api/session/password", { ...own, password: colleague.password })).code).toBe(
      "password_same",
    );
    expect((await post(user, "/api/session/password", { ...own, password: "short-1A" })).code).toBe("password_short");
    expect((await post(user, "/api/session/password", { ...own, password: "alllowercase" })).code).toBe(
      "password_plain",
    );
    expect((await post(user, "/api/session/password", { ...own, password: `A1-${colleague.login}` })).code).toBe(
      "password_has_login",
    );
    expect((await post(user, "/api/session/password", own)).body).toMatchObject({ mustChangePassword: false });
    expect((await get(user, "/api/board")).body.counts.total).toBe(2);
    const lines = await audited(`user:${colleague.userId}`);
    expect(lines.map((line) => line.action)).toEqual(["user.create", "user.password"]);
    expect(JSON.stringify(lines)).not.toContain(colleague.password);
    expect(JSON.stringify(lines)).not.toContain(PASSWORD);
  });

  test("one's own password needs the old one, has few guesses, and ends the other sessions", async () => {
    const first = await enrol(db, { permissions: ["board.view"], passwordHash: desk.passwordHash });
    const second = (await logIn(first.login, PASSWORD)).user;
    const change = { old: "Wrong-horse-1", password: "Other-horse-2" };
    for (let i = 0; i < 4; i++)
      expect((await post(first, "/api/session/password", change)).code).toBe("password_wrong");
    expect((await post(first, "/api/session/password", { ...change, old: PASSWORD })).status).toBe(200);
    expect((await get(first, "/api/board")).status).toBe(200);
    expect((await get(second, "/api/board")).code).toBe("unauthenticated");
    for (let i = 0; i < 5; i++)
      expect((await post(first, "/api/session/password", change)).code).toBe("password_wrong");
    expect((await post(first, "/api/session/password", { ...change, old: "Other-horse-2" })).code).toBe(
      "too_many_logins",
    );
  });

  test.each([
    ["case", (login: string) => login.toUpperCase()],
    ["spaces", (login: string) => `  ${login}　`],
    [
      "full width",
      (login: string) => login.replace(/[a-z0-9]/g, (char) => String.fromCodePoint(char.charCodeAt(0) + 0xfee0)),
    ],
  ])("a login name that differs in %s alone is the same", async (_, other) => {
    const { login } = await add();
    const body = { login: other(login), name: "双", roleIds: [], scope: NONE, password: null, reason };
    expect((await post(admin, "/api/users", body)).code).toBe("login_taken");
  });

  test("of two who enter the same login at once one is told that it is taken", async () => {
    const body = { login: "twice", name: "双", roleIds: [], scope: NONE, password: null, reason };
    const answers = await Promise.all([post(admin, "/api/users", body), post(admin, "/api/users", body)]);
    expect(answers.map(({ code }) => code).sort()).toEqual(["login_taken", undefined]);
  });

  test.each([
    [{ login: "x".repeat(200) }, "login_invalid"],
    [{ login: "a b" }, "login_invalid"],
    [{ login: "" }, "login_invalid"],
    [{ login: 7 }, "login_invalid"],
    [{ name: "名".repeat(200) }, "invalid_input"],
    [{ name: "  " }, "invalid_input"],
    [{ roleIds: [999_999] }, "role_not_found"],
    [{ roleIds: [-1] }, "invalid_input"],
    [{ roleIds: Array.from({ length: 101 }, (_, i) => i + 1) }, "invalid_input"],
    [{ scope: { all: false, areaIds: [987], meterIds: [] } }, "scope_beyond_you"],
    [{ scope: { all: false, areaIds: [], meterIds: [987] } }, "scope_beyond_you"],
    [{ scope: { all: "yes" } }, "invalid_input"],
    [{ scope: null }, "invalid_input"],
    [{ password: "short" }, "password_short"],
    [{ password: "A1-garbage-in" }, "password_has_login"],
    [{ password: "x".repeat(1_000) }, "invalid_input"],
    [{ reason: " " }, "reason_required"],
  ])("a new user with %j is refused with %s and nobody is made", async (over, code) => {
    const body = { login: "garbage", name: "坏", roleIds: [], scope: NONE, password: null, reason, ...over };
    expect((await post(admin, "/api/users", body)).code).toBe(code);
    expect((await get(admin, "/api/users?search=garbage")).body.items).toEqual([]);
  });

  test("an edit keeps what it was and what it became, and is refused to who saw an older version", async () => {
    const { roleId } = await role(["board.view", "meter.view"]);
    const { userId, version } = await add();
    const wanted = { name: "改过的名", roleIds: [roleId], scope: { all: false, areaIds: [], meterIds: [21] }, reason };
    const edited = await post(admin, `/api/users/${userId}`, { ...wanted, version });
    expect(edited.body.user).toMatchObject({ name: "改过的名", scope: { singleMeters: 1, meters: 1 } });
    expect((await post(admin, `/api/users/${userId}`, { ...wanted, version })).code).toBe("user_changed");
    expect((await get(admin, `/api/users/${userId}`)).body).toMatchObject({ areaIds: [], singles: [{ meterId: 21 }] });
    const line = (await audited(`user:${userId}`)).at(-1);
    expect([line?.action, line?.actor, line?.reason]).toEqual(["user.edit", admin.login, reason]);
    expect(JSON.parse(line?.before ?? "")).toMatchObject({ roles: [], scope: { areas: [1], meters: [] } });
    expect(JSON.parse(line?.after ?? "")).toMatchObject({
      permissions: ["board.view", "meter.view"],
      scope: { areas: [], meters: [21] },
    });
  });

  test("who is disabled is out at once, his old session stays dead when he comes back, and a random id is nobody", async () => {
    const colleague = await add({ password: PASSWORD });
    const { user } = await logIn(colleague.login, PASSWORD);
    await post(user, "/api/session/password", { old: PASSWORD, password: "Other-horse-2" });
    expect((await get(user, "/api/session")).body.login).toBe(colleague.login);
    const { version } = (await get(admin, `/api/users/${colleague.userId}`)).body;
    const url = `/api/users/${colleague.userId}/state`;
    expect((await post(admin, url, { disabled: true, version, reason })).body.user).toMatchObject({
      disabled: true,
      sessions: 0,
    });
    expect((await get(user, "/api/areas")).code).toBe("unauthenticated");
    expect((await logIn(colleague.login, "Other-horse-2")).status).toBe(401);
    expect((await post(admin, url, { disabled: false, version: version + 1, reason })).status).toBe(200);
    expect((await get(user, "/api/areas")).code).toBe("unauthenticated");
    expect((await logIn(colleague.login, "Other-horse-2")).status).toBe(200);
    for (const id of ["999999", "0", "x", "9007199254740993"])
      expect((await post(admin, `/api/users/${id}/state`, { disabled: true, version: 0, reason })).code).toBe(
        "user_not_found",
      );
  });

  test("a new password and a sign-out end every session of the user", async () => {
    const someone = await enrol(db, { permissions: ["board.view"], areas: [1], passwordHash: desk.passwordHash });
    expect((await post(admin, `/api/users/${someone.id}/sign-out`, { reason })).body.user.sessions).toBe(0);
    expect((await get(someone, "/api/board")).code).toBe("unauthenticated");
    const { user } = await logIn(someone.login, PASSWORD);
    const reset = await post(admin, `/api/users/${someone.id}/password`, { password: null, reason });
    expect((await get(user, "/api/board")).code).toBe("unauthenticated");
    expect((await logIn(someone.login, PASSWORD)).status).toBe(401);
    expect((await logIn(someone.login, reset.body.password)).status).toBe(200);
    expect((await post(admin, `/api/users/${admin.id}/password`, { password: null, reason })).code).toBe(
      "user_own_password",
    );
  });

  describe("nobody gives what he has not got", () => {
    let manager: TestUser;
    beforeAll(async () => {
      manager = await enrol(db, { permissions: ["user.manage", "board.view"], areas: [1] });
    });
    const person = { name: "甲", roleIds: [] as number[], scope: NONE as object, reason };

    test("no role with more permissions, no area and no meter beyond his own, not all meters", async () => {
      const [small, large] = [await role(["board.view"]), await role(["board.view", "refund.approve"])];
      const body = { ...person, login: "escalate", password: null };
      for (const [over, code] of [
        [{ roleIds: [large.roleId] }, "role_beyond_you"],
        [{ roleIds: [small.roleId, large.roleId] }, "role_beyond_you"],
        [{ scope: { all: true } }, "scope_beyond_you"],
        [{ scope: { all: false, areaIds: [1, 2], meterIds: [] } }, "scope_beyond_you"],
        [{ scope: { all: false, areaIds: [1], meterIds: [21] } }, "scope_beyond_you"],
      ] as const)
        expect((await post(manager, "/api/users", { ...body, ...over })).code).toBe(code);
      const scope = { all: false, areaIds: [1], meterIds: [12] };
      const answer = await post(manager, "/api/users", { ...body, roleIds: [small.roleId], scope });
      expect(answer.body.user).toMatchObject({ scope: { areas: ["1 号街"], meters: 2 } });
    });

    test("who may do more is shown and cannot be touched: his new password would lend everything he may", async () => {
      const stronger = await enrol(db, {
        permissions: ["board.view", "refund.approve"],
        areas: [1],
        passwordHash: desk.passwordHash,
      });
      const url = `/api/users/${stronger.id}`;
      const list = (await get(manager, "/api/users")).body as Users;
      expect(list.items.find((each) => each.userId === stronger.id)).toMatchObject({ mine: false });
      for (const [path, body] of [
        ["", { ...person, version: 0 }],
        ["/state", { disabled: true, version: 0, reason }],
        ["/password", { password: null, reason }],
        ["/sign-out", { reason }],
        ["/preview", { reason }],
      ] as const)
        expect((await post(manager, url + path, body)).code).toBe("user_beyond_you");
      expect((await get(stronger, "/api/board")).status).toBe(200);
    });

    test("who looks after other meters does not exist for him", async () => {
      const [other, everywhere] = [
        await enrol(db, { areas: [2], permissions: [] }),
        await enrol(db, { permissions: [] }),
      ];
      const ids = ((await get(manager, "/api/users")).body as Users).items.map((each) => each.userId);
      for (const user of [other, everywhere, admin]) {
        expect(ids).not.toContain(user.id);
        expect((await get(manager, `/api/users/${user.id}`)).code).toBe("user_not_found");
        expect((await post(manager, `/api/users/${user.id}/preview`, { reason })).code).toBe("user_not_found");
      }
    });

    test("he cannot change roles, which hold everywhere, nor his own rights", async () => {
      const { roleId, version } = await role(["board.view"]);
      const changes = [{ roleId, version, permissions: ["board.view", "user.manage"] }];
      expect((await post(manager, "/api/roles/permissions", { changes, reason })).code).toBe("roles_need_all_meters");
      expect((await post(manager, "/api/roles", { name: "我的", like: null, reason })).code).toBe(
        "roles_need_all_meters",
      );
      const own = { name: "自己", roleIds: [], scope: AREA_1, version: 0, reason };
      expect((await post(manager, `/api/users/${manager.id}`, own)).code).toBe("user_own_rights");
      expect((await post(manager, `/api/users/${manager.id}/state`, { disabled: true, version: 0, reason })).code).toBe(
        "user_own_rights",
      );
    });

    test("who manages users of all meters gives and takes only permissions that he has", async () => {
      const half = await enrol(db, { permissions: ["user.manage", "board.view", "meter.view"] });
      const { roleId, version } = await role(["board.view", "refund.approve"]);
      const save = (granted: readonly Permission[]) =>
        post(half, "/api/roles/permissions", { changes: [{ roleId, version, permissions: granted }], reason });
      expect((await save(["board.view", "refund.approve", "meter.trip"])).code).toBe("permission_beyond_you");
      expect((await save(["board.view"])).code).toBe("permission_beyond_you");
      expect((await save(["meter.view", "refund.approve"])).status).toBe(200);
      expect((await post(half, "/api/roles", { name: "照抄", like: roleId, reason })).code).toBe("role_beyond_you");
      expect((await post(half, "/api/roles/remove", { roleId, version: version + 1, reason })).code).toBe(
        "role_beyond_you",
      );
    });
  });

  test("the last who has everything stays, also when two disable each other at once", async () => {
    for (let round = 0; round < 3; round++) {
      const town = await freshDatabase(name);
      await buildTown(town);
      const own = await testApp(town);
      const [a, b] = [await enrol(town, {}), await enrol(town, {})];
      const disable = (by: TestUser, whom: TestUser) =>
        own.inject(asked(by, "POST", `/api/users/${whom.id}/state`, { disabled: true, version: 0, reason }));
      const answers = await Promise.all([disable(a, b), disable(b, a)]);
      expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 401]);
      const active = await town.read.selectFrom("user").select("id").where("disabled", "=", 0).execute();
      expect(active).toHaveLength(1);
      // Somebody who may manage users, but not everything, cannot take the last one's rights away by his role.
      const [last] = active;
      const helper = await enrol(town, {});
      const rights = { changes: [{ roleId: last?.id ?? 0, version: 0, permissions: ["user.manage"] }], reason };
      expect((await own.inject(asked(helper, "POST", "/api/roles/permissions", rights))).statusCode).toBe(200);
      const self = { changes: [{ roleId: helper.id, version: 0, permissions: ["user.manage"] }], reason };
      expect((await own.inject(asked(helper, "POST", "/api/roles/permissions", self))).json().code).toBe(
        "last_administrator",
      );
      await own.close();
      await town.drop();
    }
  });

  test("the tree of areas counts what the asker has, and offers nothing else", async () => {
    const manager = await enrol(db, { permissions: ["user.manage"], areas: [1] });
    expect((await get(admin, "/api/scope-tree")).body).toMatchObject({ all: true, meters: 4 });
    expect((await get(manager, "/api/scope-tree")).body).toMatchObject({
      all: false,
      meters: 2,
      areas: [{ areaId: 1, name: "1 号街", meters: 2, inside: true }],
    });
  });

  test("a list finds by login, name and role, and says when somebody was last here", async () => {
    const { roleId } = await role(["board.view"]);
    const { items } = (await get(admin, "/api/roles")).body;
    const roleNameOf = items.find((each: { roleId: number }) => each.roleId === roleId).name;
    const colleague = await add({ roleIds: [roleId], password: PASSWORD });
    const find = async (text: string) =>
      ((await get(admin, `/api/users?search=${encodeURIComponent(text)}`)).body as Users).items;
    expect((await find(roleNameOf)).map((each) => each.login)).toEqual([colleague.login]);
    expect(await find(colleague.login.toUpperCase())).toMatchObject([{ seenAt: null, sessions: 0 }]);
    const since = systemClock();
    await logIn(colleague.login, PASSWORD);
    const [seen] = await find(colleague.login);
    expect(seen?.sessions).toBe(1);
    expect(seen?.seenAt).toBeGreaterThanOrEqual(since);
    expect(await find("没有这个人")).toEqual([]);
  });
});
