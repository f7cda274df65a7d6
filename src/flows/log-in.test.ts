import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { instant, later } from "#base/time.ts";
import { permissions, seedRoles } from "#domain/permission.ts";
import { nextNumbers } from "#store/sequences.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { hashPassword } from "#system/password.ts";
import type { FlowContext } from "./context.ts";
import {
  cleanSessions,
  ensureFirstAdministrator,
  loadActor,
  logIn,
  logOut,
  SESSION_IDLE_MS,
  SESSION_MS,
} from "./log-in.ts";
import { FAILURES_PER_ADDRESS_MAX, FAILURES_PER_LOGIN_MAX, LOCK_MS, LOCK_MS_MAX, LOCKS_KEPT_MS } from "./login-lock.ts";

const PASSWORD = "correct horse 电池";
const START = instant(Date.parse("2026-08-01T00:00:00Z"));

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`${name}${why ? ` (${why})` : ""}`, () => {
    let db: TestDatabase;
    let ctx: FlowContext;
    let now = START;

    beforeAll(async () => {
      db = await freshDatabase(name);
      ctx = { db, clock: () => now, newId, log: silentLog };
      const passwordHash = await hashPassword(PASSWORD);
      await db.transact(async (tx) => {
        const role = { id: 7, code: "cashier", name: "收费员" };
        const granted = JSON.stringify(["recharge.create", "no.such.permission", "board.view"]);
        await tx
          .insertInto("role")
          .values({ ...role, permissions: granted, version: 0 })
          .execute();
        for (const [id, login, disabled] of [
          [1, "zhang", 0],
          [2, "gone", 1],
          [3, "li", 0],
        ] as const) {
          const user = {
            id,
            login,
            disabled,
            name: login,
            password_hash: passwordHash,
            all_meters: 0,
            created_at: 1,
            must_change: 0,
            seen_at: 0,
            version: 0,
          } as const;
          await tx.insertInto("user").values(user).execute();
          await tx.insertInto("user_role").values({ user_id: id, role_id: 7 }).execute();
        }
        await tx.insertInto("user_scope").values({ user_id: 1, kind: "area", ref_id: 11 }).execute();
        await tx.insertInto("user_scope").values({ user_id: 1, kind: "meter", ref_id: 22 }).execute();
      });
    });
    beforeEach(async () => {
      now = START;
      await db.transact(async (tx) => {
        for (const table of ["login_failure", "session", "audit"] as const) await tx.deleteFrom(table).execute();
      });
    });
    afterAll(() => db?.drop());

    const enter = (login: string, password: string, ip = "10.0.0.1") => logIn(ctx, { login, password, ip });
    const refused = async (login: string, password: string, ip?: string) =>
      enter(login, password, ip).then(
        () => "let in",
        (error: unknown) => (error instanceof AppError ? error.code : String(error)),
      );
    const audit = () => db.read.selectFrom("audit").select(["actor", "action", "ip"]).orderBy("id").execute();

    test("a right password opens a session for who he is, what he may do and where", async () => {
      const { token, actor } = await enter("zhang", PASSWORD);
      expect(actor).toEqual({
        userId: 1,
        login: "zhang",
        name: "zhang",
        permissions: new Set(["board.view", "recharge.create"]),
        scope: { all: false, areaIds: [11], meterIds: [22] },
      });
      expect(await loadActor(ctx, token)).toEqual(actor);
      expect(await loadActor(ctx, `${token}x`)).toBeNull();
      expect(await audit()).toEqual([{ actor: "zhang", action: "login", ip: "10.0.0.1" }]);
      const sessions = await db.read.selectFrom("session").selectAll().execute();
      expect(JSON.stringify(sessions)).not.toContain(token);
    });

    test("a wrong password, an unknown name and a disabled user get the same answer and one audit line each", async () => {
      for (const [login, password] of [
        ["zhang", "wrong"],
        ["nobody", PASSWORD],
        ["gone", PASSWORD],
        ["zhang ", "wrong"],
      ]) {
        expect(await refused(login ?? "", password ?? "")).toBe("login_failed");
      }
      expect((await audit()).map((row) => row.action)).toEqual(new Array(4).fill("login.failed"));
      expect(await db.read.selectFrom("session").selectAll().execute()).toEqual([]);
    });

    test("after five failures a name waits a quarter of an hour, even with the right password", async () => {
      for (let i = 0; i < FAILURES_PER_LOGIN_MAX; i++)
        expect(await refused("zhang", "wrong", `10.0.1.${i}`)).toBe("login_failed");
      expect(await refused("zhang", PASSWORD, "10.0.1.99")).toBe("too_many_logins");
      expect(await refused("li", PASSWORD, "10.0.1.99")).toBe("let in");
      now = later(START, LOCK_MS - 1);
      expect(await refused("zhang", PASSWORD)).toBe("too_many_logins");
      now = later(START, LOCK_MS);
      expect(await refused("zhang", PASSWORD)).toBe("let in");
    });

    test("each lock is twice as long as the one before, up to a limit, and forgotten after a day", async () => {
      const lockedFor = async (): Promise<number> => {
        for (let i = 0; i < FAILURES_PER_LOGIN_MAX; i++) await refused("zhang", "wrong", `10.0.2.${i}`);
        const [row] = await db.read
          .selectFrom("login_failure")
          .select("locked_until")
          .where("subject", "=", "login:zhang")
          .execute();
        const ms = (row?.locked_until ?? 0) - now;
        now = later(now, ms);
        return ms;
      };
      const locks = [];
      for (let i = 0; i < 6; i++) locks.push((await lockedFor()) / LOCK_MS);
      expect(locks).toEqual([1, 2, 4, 8, 16, 16]);
      expect(LOCK_MS_MAX / LOCK_MS).toBe(16);
      now = later(now, LOCKS_KEPT_MS);
      expect(await lockedFor()).toBe(LOCK_MS);
      expect(await refused("zhang", PASSWORD)).toBe("let in");
      expect((await lockedFor()) / LOCK_MS).toBe(1); // a success forgets them
    });

    test("a success forgets the failures of the name but not of the address", async () => {
      for (let i = 1; i < FAILURES_PER_LOGIN_MAX; i++) await refused("zhang", "wrong");
      expect(await refused("zhang", PASSWORD)).toBe("let in");
      for (let i = 1; i < FAILURES_PER_LOGIN_MAX; i++) await refused("zhang", "wrong");
      expect(await refused("zhang", PASSWORD)).toBe("let in");
      const kept = await db.read.selectFrom("login_failure").selectAll().execute();
      const failures = 2 * (FAILURES_PER_LOGIN_MAX - 1);
      expect(kept).toEqual([{ subject: "ip:10.0.0.1", failures, last_at: START, locks: 0, locked_until: 0 }]);
    });

    test("an address that guesses many names is locked as well", async () => {
      for (let i = 0; i < FAILURES_PER_ADDRESS_MAX; i++) await refused(`guess${i}`, "wrong");
      expect(await refused("zhang", PASSWORD)).toBe("too_many_logins");
      expect(await refused("zhang", PASSWORD, "10.0.0.2")).toBe("let in");
    });

    test("many guesses at once count one by one", async () => {
      const guesses = Array.from({ length: 12 }, () => refused("zhang", "wrong"));
      await Promise.all(guesses);
      const rows = await db.read
        .selectFrom("login_failure")
        .select("failures")
        .where("subject", "=", "login:zhang")
        .execute();
      expect(rows).toEqual([{ failures: 12 }]);
      expect(await refused("zhang", PASSWORD)).toBe("too_many_logins");
    });

    test("a session ends when it is left alone, after a shift, at log-out, and when its user is disabled", async () => {
      const { token } = await enter("zhang", PASSWORD);
      now = later(START, SESSION_IDLE_MS - 1);
      expect(await loadActor(ctx, token)).not.toBeNull(); // and it counts as used
      now = later(START, 2 * SESSION_IDLE_MS - 2);
      expect(await loadActor(ctx, token)).not.toBeNull();
      now = later(now, SESSION_IDLE_MS);
      expect(await loadActor(ctx, token)).toBeNull();

      now = START;
      const { token: busy } = await enter("zhang", PASSWORD);
      for (; now < START + SESSION_MS; now = later(now, SESSION_IDLE_MS / 2))
        expect(await loadActor(ctx, busy)).not.toBeNull();
      expect(await loadActor(ctx, busy)).toBeNull();

      now = START;
      const { token: left } = await enter("zhang", PASSWORD);
      const { token: other } = await enter("zhang", PASSWORD);
      await logOut(ctx, left);
      expect(await loadActor(ctx, left)).toBeNull();
      expect(await loadActor(ctx, other)).not.toBeNull();
      await db.transact((tx) => tx.updateTable("user").set({ disabled: 1 }).where("id", "=", 1).execute());
      expect(await loadActor(ctx, other)).toBeNull();
      await db.transact((tx) => tx.updateTable("user").set({ disabled: 0 }).where("id", "=", 1).execute());
    });

    test("sessions and failures that are over are forgotten", async () => {
      await enter("zhang", PASSWORD);
      await refused("li", "wrong");
      expect(await cleanSessions(ctx)).toBe(0);
      now = later(START, SESSION_IDLE_MS + 1);
      expect(await cleanSessions(ctx)).toBe(1);
      now = later(START, LOCKS_KEPT_MS + 1);
      await cleanSessions(ctx);
      expect(await db.read.selectFrom("login_failure").selectAll().execute()).toEqual([]);
    });

    test("where there are users no administrator is made", async () => {
      expect(await ensureFirstAdministrator(ctx, undefined)).toBeNull();
    });

    test("two programs that start on an empty database make one administrator, and only one tells his password", async () => {
      const empty = await freshDatabase(name);
      const fresh = { ...ctx, db: empty };
      const made = (await Promise.all([1, 2, 3].map(() => ensureFirstAdministrator(fresh, undefined)))).filter(
        (each) => each,
      );
      expect(made).toEqual([{ login: "admin", password: expect.stringMatching(/^[\w-]{16}$/) }]);
      const { actor } = await logIn(fresh, { login: "admin", password: made[0]?.password ?? "", ip: "10.0.0.1" });
      expect(actor.permissions).toEqual(new Set(permissions));
      expect(actor.scope).toEqual({ all: true });
      const roles = await empty.read.selectFrom("role").select("code").orderBy("id").execute();
      expect(roles.map((role) => role.code)).toEqual(seedRoles.map((role) => role.code));
      expect(await empty.transact((tx) => nextNumbers(tx, "user"))).toBe(2);
      await empty.drop();
    });

    test("a password that was given is used and not told", async () => {
      const empty = await freshDatabase(name);
      const fresh = { ...ctx, db: empty };
      expect(await ensureFirstAdministrator(fresh, PASSWORD)).toBeNull();
      const { actor } = await logIn(fresh, { login: "admin", password: PASSWORD, ip: "10.0.0.1" });
      expect(actor.login).toBe("admin");
      await empty.drop();
    });

    test("a first administrator whose commit was answered late is still told", async () => {
      const empty = await freshDatabase(name);
      // The database wrote everything, but the answer was lost: the body runs once more.
      const twice: FlowContext["db"] = {
        ...empty,
        transact: (body) => empty.transact(body).then(() => empty.transact(body)),
      };
      expect(await ensureFirstAdministrator({ ...ctx, db: twice }, undefined)).toMatchObject({ login: "admin" });
      const { token } = await enterTwice(twice);
      expect(await loadActor({ ...ctx, db: empty }, token)).not.toBeNull();
      expect(await empty.read.selectFrom("audit").selectAll().execute()).toHaveLength(1);
      await empty.drop();
    });

    async function enterTwice(twice: FlowContext["db"]) {
      await twice.transact((tx) => tx.updateTable("user").set({ login: "zhang" }).where("id", "=", 1).execute());
      const hash = await hashPassword(PASSWORD);
      await twice.transact((tx) => tx.updateTable("user").set({ password_hash: hash }).where("id", "=", 1).execute());
      return logIn({ ...ctx, db: twice }, { login: "zhang", password: PASSWORD, ip: "10.0.0.1" });
    }
  });
}
