import type { FastifyInstance } from "fastify";
import { expect } from "vitest";
import type { Permission } from "#domain/permission.ts";
import type { Db } from "#store/db.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { hashPassword } from "#system/password.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

/** Nobody special (no roles) with the scope of one street: 811 with the first, 821 with the second; and 850, a role that nobody has. */
const [FIRST, SECOND, ROLE] = [811, 821, 850];

/** The users and the role as no request has changed them yet. */
export async function preparePeople(db: Db): Promise<void> {
  await db.transact(async (tx) => {
    await tx.deleteFrom("user").where("id", "in", [FIRST, SECOND]).execute();
    await tx.deleteFrom("user").where("login", "=", "new.user").execute();
    await tx.deleteFrom("user_role").where("user_id", "in", [FIRST, SECOND]).execute();
    await tx.deleteFrom("user_scope").where("user_id", "in", [FIRST, SECOND]).execute();
    await tx
      .deleteFrom("role")
      .where((eb) => eb.or([eb("id", "=", ROLE), eb("name", "=", "新角色")]))
      .execute();
    for (const [id, area] of [
      [FIRST, 1],
      [SECOND, 2],
    ] as const) {
      const user = { id, login: `person${id}`, name: `人员${id}`, password_hash: "none" };
      const state = { disabled: 0, all_meters: 0, created_at: 1, must_change: 0, seen_at: 0, version: 0 } as const;
      await tx
        .insertInto("user")
        .values({ ...user, ...state })
        .execute();
      await tx.insertInto("user_scope").values({ user_id: id, kind: "area", ref_id: area }).execute();
    }
    const role = { id: ROLE, code: "empty", name: "空角色", permissions: "[]", version: 0 };
    await tx.insertInto("role").values(role).execute();
  });
}

/** The address of the user of a street, by a meter of it; of nobody for another meter. */
export const userUrl = (meter: number) => `/api/users/${800 + meter}`;

/** Why everything in these tests is done. */
export const reason = "新来的同事";
/** A password that is taken. */
export const PASSWORD = "Correct-horse-1";
const nothing = { roleIds: [], scope: { all: false, areaIds: [], meterIds: [] } };

/** What asks the routes about people for something that they would do. */
export const peopleBodies: Readonly<Record<string, object>> = {
  "/api/session/password": { old: "x", password: "Kf7m-wPq2x" },
  "/api/users": { login: "new.user", name: "新用户", ...nothing, password: null, reason },
  "/api/users/:id": { version: 0, name: "改名", ...nothing, reason },
  "/api/users/:id/state": { version: 0, disabled: true, reason },
  "/api/users/:id/password": { password: null, reason },
  "/api/users/:id/sign-out": { reason },
  "/api/users/:id/preview": { reason },
  "/api/roles": { name: "新角色", like: null, reason },
  "/api/roles/rename": { roleId: ROLE, version: 0, name: "改名的角色", reason },
  "/api/roles/remove": { roleId: ROLE, version: 0, reason },
  "/api/roles/permissions": { changes: [{ roleId: ROLE, version: 0, permissions: ["user.manage"] }], reason },
};

/** A town with an administrator, and what is done there over and over. */
export type PeopleDesk = Awaited<ReturnType<typeof peopleDesk>>;

/** Opens such a town on one of the databases. */
export async function peopleDesk(name: Parameters<typeof freshDatabase>[0]) {
  const db = await freshDatabase(name);
  await buildTown(db);
  // Far from the numbers of those whom the tests enrol by themselves.
  const sequences = ["user", "role"].map((each) => ({ name: each, next: 500_000 }));
  await db.transact((tx) => tx.insertInto("sequence").values(sequences).execute());
  const app: FastifyInstance = await testApp(db);
  const admin = await enrol(db, {});
  const passwordHash = await hashPassword(PASSWORD);
  const close = async (): Promise<void> => {
    await app.close();
    await db.drop();
  };

  const post = async (user: TestUser | null, url: string, body: object = {}) => {
    const answer = await app.inject(asked(user, "POST", url, body));
    return { status: answer.statusCode, code: answer.json().code as string | undefined, body: answer.json() };
  };
  const get = async (user: TestUser | null, url: string) => {
    const answer = await app.inject(asked(user, "GET", url));
    return { status: answer.statusCode, code: answer.json()?.code as string | undefined, body: answer.json() };
  };
  let made = 0;
  /** Somebody entered by the administrator, with the password that was made for him. */
  async function add(over: object = {}) {
    const login = `colleague${++made}`;
    const body = {
      login,
      name: `同事${made}`,
      roleIds: [],
      scope: { all: false, areaIds: [1], meterIds: [] },
      password: null,
      reason,
      ...over,
    };
    const answer = await post(admin, "/api/users", body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { user, password } = answer.body as { user: { userId: number; version: number }; password: string };
    return { userId: user.userId, login, password, version: user.version };
  }
  async function role(granted: readonly Permission[], by = admin): Promise<{ roleId: number; version: number }> {
    const roleNameOf = `角色${++made}`;
    const { body } = await post(by, "/api/roles", { name: roleNameOf, like: null, reason });
    const { roleId } = body.items.find((each: { name: string }) => each.name === roleNameOf);
    const saved = await post(by, "/api/roles/permissions", {
      changes: [{ roleId, version: 0, permissions: granted }],
      reason,
    });
    expect(saved.status, JSON.stringify(saved.body)).toBe(200);
    return { roleId, version: 1 };
  }
  /** Logs in without the limit on log-ins in the way: another app counts anew. */
  async function logIn(login: string, password: string): Promise<{ status: number; user: TestUser }> {
    const own = await testApp(db);
    const answer = await own.inject(asked(null, "POST", "/api/session", { login, password }));
    await own.close();
    const token = answer.cookies.find((each) => each.name === "jc_s")?.value ?? "";
    return { status: answer.statusCode, user: { id: 0, login, token, cookie: `jc_s=${token}` } };
  }
  const audited = (object: string) =>
    db.read.selectFrom("audit").selectAll().where("object", "=", object).orderBy("id").execute();

  return { db, app, admin, passwordHash, close, post, get, add, role, logIn, audited };
}
