import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { UserDetail, Users } from "#contract/people.ts";
import type { Permission } from "#domain/permission.ts";
import { testDatabases } from "#store/test-databases.ts";
import { type PeopleDesk, peopleDesk, reason } from "./test-people.ts";
import { enrol, type TestUser } from "./test-town.ts";

const NONE = { rechargeDay: null, rechargeOne: null, refundDay: null, batchMeters: null };
const EVERYWHERE = { all: true };

describe.each(testDatabases.filter(({ available }) => available))("limits of users on $name", ({ name }) => {
  let desk: PeopleDesk;
  let admin: TestUser;
  beforeAll(async () => {
    desk = await peopleDesk(name);
    ({ admin } = desk);
  });
  afterAll(() => desk.close());

  const seen = async (userId: number, by = admin) => (await desk.get(by, `/api/users/${userId}`)).body as UserDetail;
  /** Changes the limits of a user and nothing else of him. */
  async function limit(by: TestUser, userId: number, limits: object | undefined, over: object = {}) {
    const { name: called, version, roles, scope, areaIds, singles } = await seen(userId);
    const meterIds = singles.map((single) => single.meterId);
    return desk.post(by, `/api/users/${userId}`, {
      ...{ version, name: called, roleIds: roles.map((role) => role.roleId), reason },
      ...{ scope: scope.all ? EVERYWHERE : { all: false, areaIds, meterIds }, limits },
      ...over,
    });
  }
  const sell = (by: TestUser, amount: string, over: object = {}) =>
    desk.post(by, "/api/recharges", { key: crypto.randomUUID(), meterId: 11, amount, channel: "cash", ...over });

  test("nobody has any until one is set, with before and after and a line of the audit of its own", async () => {
    const cashier = await enrol(desk.db, { permissions: ["recharge.create", "recharge.view"], areas: [1] });
    expect((await seen(cashier.id)).limits).toEqual(NONE);
    const wanted = { ...NONE, rechargeDay: "500", batchMeters: 20 };
    expect((await limit(admin, cashier.id, wanted)).body.user.limits).toEqual({ ...wanted, rechargeDay: "500.00" });
    const [line] = (await desk.audited(`user:${cashier.id}`)).filter((each) => each.action === "user.limits");
    expect([line?.actor, line?.reason]).toEqual([admin.login, reason]);
    expect(JSON.parse(line?.before ?? "")).toEqual(NONE);
    expect(JSON.parse(line?.after ?? "")).toEqual({ ...wanted, rechargeDay: "500.00" });
    // Another change of him leaves them, and says nothing of them.
    expect((await limit(admin, cashier.id, undefined, { name: "改名" })).body.user.limits.rechargeDay).toBe("500.00");
    expect((await limit(admin, cashier.id, { ...wanted, rechargeDay: "500.00" })).status).toBe(200);
    const lines = (await desk.audited(`user:${cashier.id}`)).map((each) => each.action);
    expect(lines.filter((each) => each === "user.limits")).toHaveLength(1);
    const { items } = (await desk.get(admin, "/api/users")).body as Users;
    expect(items.find((each) => each.userId === cashier.id)?.limits.batchMeters).toBe(20);

    const refused = await sell(cashier, "500.01");
    expect([refused.status, refused.code]).toEqual([409, "limit_recharge_day"]);
    expect(refused.body.details).toEqual({ amount: "500.01", limit: "500.00", used: "0.00", left: "500.00" });
    expect(refused.body.message).toMatch(/500\.01.*500\.00.*0\.00/);
    expect((await sell(cashier, "100")).status).toBe(201);
    // They hold from his next request on, and end as they began.
    await limit(admin, cashier.id, { ...wanted, rechargeDay: "100" });
    expect((await sell(cashier, "1")).code).toBe("limit_recharge_day");
    await limit(admin, cashier.id, NONE);
    expect((await sell(cashier, "1")).status).toBe(201);
  });

  test.each([
    { rechargeDay: "1.234" },
    { rechargeDay: "-1" },
    { rechargeOne: "10000000.01" },
    { refundDay: "" },
    { refundDay: 5 },
    { batchMeters: -1 },
    { batchMeters: 1.5 },
    { batchMeters: 501 },
    { batchMeters: "5" },
    { rechargeOne: undefined },
  ])("%j is no limit, and nothing is saved", async (bad) => {
    const someone = await enrol(desk.db, { permissions: ["recharge.create"], areas: [1] });
    expect((await limit(admin, someone.id, { ...NONE, ...bad })).code).toBe("limit_invalid");
    expect(await seen(someone.id)).toMatchObject({ limits: NONE, version: 0 });
  });

  test("nobody changes his own, nor without the permission, an old version or a reason", async () => {
    const other = await enrol(desk.db, {});
    expect((await limit(other, other.id, { ...NONE, rechargeDay: "5" })).code).toBe("user_own_rights");
    const cashier = await enrol(desk.db, { permissions: ["recharge.create"] });
    expect((await limit(cashier, cashier.id, NONE)).code).toBe("forbidden");
    expect((await limit(admin, cashier.id, { ...NONE, rechargeDay: "5" }, { version: 7 })).code).toBe("user_changed");
    expect((await limit(admin, cashier.id, { ...NONE, rechargeDay: "5" }, { reason: " " })).code).toBe(
      "reason_required",
    );
    expect((await seen(cashier.id)).limits).toEqual(NONE);
  });

  describe("who is limited himself", () => {
    const own = { rechargeDay: "500.00", rechargeOne: "100.00", refundDay: "50.00", batchMeters: 10 };
    const sells: Permission[] = ["recharge.create", "recharge.view"];
    let manager: TestUser;
    let seller: { roleId: number };
    beforeAll(async () => {
      manager = await enrol(desk.db, { permissions: [...sells, "user.manage", "board.view", "meter.trip"] });
      seller = await desk.role(sells);
      expect((await limit(admin, manager.id, own)).status).toBe(200);
    });

    test("gives at most as much, and whoever he enters has his own where he says none", async () => {
      const body = { name: "新人", roleIds: [seller.roleId], scope: EVERYWHERE, password: null, reason };
      const made = await desk.post(manager, "/api/users", { ...body, login: `his.first.${name}` });
      expect(made.body.user.limits).toEqual(own);
      const { userId } = made.body.user;
      for (const limits of [NONE, { ...own, rechargeDay: "500.01" }, { ...own, rechargeOne: null }])
        expect((await limit(manager, userId, limits)).code).toBe("limit_beyond_you");
      expect((await limit(manager, userId, { ...own, rechargeDay: "20" })).status).toBe(200);
      // What his role cannot do needs no limit.
      expect((await limit(manager, userId, { ...own, refundDay: null, batchMeters: null })).status).toBe(200);
      const wide = { ...body, login: `his.second.${name}`, limits: { ...own, rechargeDay: "501" } };
      expect((await desk.post(manager, "/api/users", wide)).code).toBe("limit_beyond_you");
    });

    test("changes nobody with wider limits, whose password he would otherwise make his own", async () => {
      const free = await enrol(desk.db, { permissions: sells });
      expect((await seen(free.id, manager)).mine).toBe(false);
      for (const [path, body] of [
        ["/state", { disabled: true, version: 0, reason }],
        ["/password", { password: null, reason }],
        ["/preview", { reason }],
      ] as const)
        expect((await desk.post(manager, `/api/users/${free.id}${path}`, body)).code).toBe("user_beyond_limits");
      const looker = await enrol(desk.db, { permissions: ["board.view"] });
      expect((await seen(looker.id, manager)).mine).toBe(true);
    });

    test("does not give by a role what he may do within limits only, to users who have none", async () => {
      const { roleId, version } = await desk.role(["board.view"]);
      const save = (granted: readonly Permission[], by = manager) =>
        desk.post(by, "/api/roles/permissions", { changes: [{ roleId, version, permissions: granted }], reason });
      expect((await save(["board.view", "recharge.create"])).code).toBe("role_beyond_limits");
      expect((await save(["board.view", "recharge.view"])).status).toBe(200);
    });
  });

  test("somebody without any, who may do everything, always remains", async () => {
    const town = await peopleDesk(name);
    try {
      const second = await enrol(town.db, {});
      const line = (await town.get(town.admin, `/api/users/${second.id}`)).body as UserDetail;
      const change = { name: line.name, roleIds: line.roles.map((role) => role.roleId), scope: EVERYWHERE, reason };
      const limits = { ...NONE, batchMeters: 5 };
      const limited = await town.post(town.admin, `/api/users/${second.id}`, { ...change, version: 0, limits });
      expect(limited.status).toBe(200);
      const first = (await town.get(second, `/api/users/${town.admin.id}`)).body as UserDetail;
      const back = { ...change, roleIds: first.roles.map((role) => role.roleId), version: 0, limits };
      expect((await town.post(second, `/api/users/${town.admin.id}`, back)).code).toBe("user_beyond_limits");
    } finally {
      await town.close();
    }
  });
});
