import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { instant, later } from "#base/time.ts";
import { me } from "#contract/session.ts";
import { peekActor, SESSION_IDLE_MS } from "#flows/log-in.ts";
import { FAILURES_PER_LOGIN_MAX, LOCK_MS } from "#flows/login-lock.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { hashPassword } from "#system/password.ts";
import { LOGINS_PER_MINUTE } from "./limits.ts";
import { asked, buildTown, contextOf, enrol, testApp } from "./test-town.ts";

const PASSWORD = "correct horse 电池";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let app: FastifyInstance;
let login = "";
let skewMs = 0;

beforeAll(async () => {
  db = await freshDatabase("sqlite");
  await buildTown(db);
  const passwordHash = await hashPassword(PASSWORD);
  ({ login } = await enrol(db, { permissions: ["board.view", "recharge.view"], areas: [1], passwordHash }));
});
beforeEach(async () => {
  // A new app counts requests anew; failures are in the database.
  skewMs = 0;
  await app?.close();
  app = await testApp(db, { clock: () => later(systemClock(), skewMs), trustProxy: ["127.0.0.1"] });
  await db.transact((tx) => tx.deleteFrom("login_failure").execute());
});
afterAll(async () => {
  await app.close();
  await db.drop();
});

function tryLogIn(password: string, headers: Record<string, string> = {}, name = login) {
  const payload = { login: name, password };
  return app.inject({
    method: "POST",
    url: "/api/session",
    headers: { "sec-fetch-site": "same-origin", ...headers },
    payload,
  });
}

test("logging in answers who I am and sets a cookie that no script and no other site gets", async () => {
  const answer = await tryLogIn(PASSWORD);
  expect(answer.statusCode).toBe(200);
  expect(me.strict().parse(answer.json())).toEqual({
    login,
    name: expect.any(String),
    permissions: ["board.view", "recharge.view"],
    meters: 2,
    mustChangePassword: false,
    previewedBy: null,
  });
  expect(answer.cookies).toEqual([
    { name: "jc_s", value: expect.stringMatching(/^[\w-]{43}$/), path: "/", httpOnly: true, sameSite: "Strict" },
  ]);
  expect(answer.body).not.toContain(answer.cookies[0]?.value);
});

test("behind a trusted https proxy the cookie is bound to its host and to https", async () => {
  const https = { "x-forwarded-proto": "https" };
  const answer = await tryLogIn(PASSWORD, https);
  const [cookie] = answer.cookies;
  expect(cookie).toMatchObject({ name: "__Host-jc_s", secure: true, httpOnly: true, path: "/", sameSite: "Strict" });
  expect(cookie).not.toHaveProperty("domain");
  expect(answer.headers["strict-transport-security"]).toMatch(/max-age=\d+/);
  const own = await app.inject({ url: "/api/board", headers: { ...https, cookie: `__Host-jc_s=${cookie?.value}` } });
  expect(own.statusCode).toBe(200);
  const plain = await app.inject({ url: "/api/board", headers: { ...https, cookie: `jc_s=${cookie?.value}` } });
  expect(plain.statusCode).toBe(401);
});

test("only the hash of a token is stored", async () => {
  const token = (await tryLogIn(PASSWORD)).cookies[0]?.value ?? "";
  const rows = await db.read.selectFrom("session").selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(token);
});

test("logging out ends the session on the server, not only in the browser", async () => {
  const cookie = `jc_s=${(await tryLogIn(PASSWORD)).cookies[0]?.value}`;
  const user = { id: 0, login, token: "", cookie };
  expect((await app.inject(asked(user, "GET", "/api/board"))).statusCode).toBe(200);
  const out = await app.inject(asked(user, "DELETE", "/api/session"));
  expect([out.statusCode, out.body]).toEqual([204, ""]);
  expect(out.cookies[0]).toMatchObject({ name: "jc_s", value: "" });
  expect((await app.inject(asked(user, "GET", "/api/board"))).statusCode).toBe(401);
  expect((await app.inject(asked(user, "DELETE", "/api/session"))).statusCode).toBe(401);
});

test("a login replaces the session that the browser had", async () => {
  const earlier = `jc_s=${(await tryLogIn(PASSWORD)).cookies[0]?.value}`;
  await tryLogIn(PASSWORD, { cookie: earlier });
  expect((await app.inject({ url: "/api/board", headers: { cookie: earlier } })).statusCode).toBe(401);
});

test("an unknown name and a wrong password are refused alike", async () => {
  const answers = [await tryLogIn("wrong"), await tryLogIn("wrong", {}, "nobody")];
  const shown = answers.map((answer) => ({ ...answer.json(), requestId: "", status: answer.statusCode }));
  expect(shown[0]).toMatchObject({ status: 401, code: "login_failed" });
  expect(shown[0]).toEqual(shown[1]);
  expect(answers[0]?.cookies).toEqual([]);
});

test("after too many wrong passwords even the right one has to wait", async () => {
  for (let i = 0; i < FAILURES_PER_LOGIN_MAX; i++) expect((await tryLogIn("wrong")).statusCode).toBe(401);
  const locked = await tryLogIn(PASSWORD);
  expect([locked.statusCode, locked.json().code]).toEqual([429, "too_many_logins"]);
  expect(locked.json().details.minutes).toBeGreaterThan(0);
  skewMs = LOCK_MS + 1000;
  expect((await tryLogIn(PASSWORD)).statusCode).toBe(200);
});

test("one address gets ten tries a minute, whatever the names; another address is not held up", async () => {
  for (let i = 0; i < LOGINS_PER_MINUTE; i++) {
    await db.transact((tx) => tx.deleteFrom("login_failure").execute());
    expect((await tryLogIn("wrong", {}, `name${i}`)).statusCode).toBe(401);
  }
  const limited = await tryLogIn(PASSWORD);
  expect([limited.statusCode, limited.json().code]).toEqual([429, "too_many_requests"]);
  await db.transact((tx) => tx.deleteFrom("login_failure").execute());
  expect((await tryLogIn(PASSWORD, { "x-forwarded-for": "203.0.113.7" })).statusCode).toBe(200);
});

test("without a trusted proxy nobody chooses his address or pretends to be on https", async () => {
  const direct = await testApp(db);
  const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9", "sec-fetch-site": "same-origin" };
  const answer = await direct.inject({
    method: "POST",
    url: "/api/session",
    headers,
    payload: { login, password: PASSWORD },
  });
  expect(answer.cookies[0]?.name).toBe("jc_s");
  const seen = await db.read.selectFrom("session").select("ip").where("ip", "=", "203.0.113.9").execute();
  expect(seen).toEqual([]);
  await direct.close();
});

test("a login from another site is refused before the password is looked at", async () => {
  const answer = await tryLogIn(PASSWORD, { "sec-fetch-site": "cross-site" });
  expect([answer.statusCode, answer.json().code]).toEqual([403, "cross_site"]);
});

test.each([
  {},
  { login: "somebody" },
  { login: "", password: "x" },
  { login: 5, password: "x" },
  { login: "somebody", password: "x".repeat(300) },
])("a login of %j is refused as input", async (payload) => {
  const answer = await app.inject({ method: "POST", url: "/api/session", payload });
  expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_input"]);
  expect(answer.body).not.toContain("xxx");
});

test("a session left alone ends; listening does not keep it alive, requests do", async () => {
  const token = (await tryLogIn(PASSWORD)).cookies[0]?.value ?? "";
  const headers = { cookie: `jc_s=${token}` };
  const peek = () => peekActor({ ...contextOf(db), clock: () => instant(systemClock() + skewMs) }, token);
  skewMs = SESSION_IDLE_MS - 60_000;
  expect(await peek()).not.toBeNull();
  expect((await app.inject({ url: "/api/board", headers })).statusCode).toBe(200);
  skewMs += SESSION_IDLE_MS - 60_000;
  for (let i = 0; i < 3; i++) expect(await peek()).not.toBeNull();
  skewMs += 60_001;
  expect(await peek()).toBeNull();
  expect((await app.inject({ url: "/api/board", headers })).statusCode).toBe(401);
});

test("who has no session is told that nobody is logged in, which is no refusal", async () => {
  const answer = await app.inject({ url: "/api/session" });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toBeNull();
  const foreign = await app.inject({ url: "/api/session", headers: { cookie: "jc_s=made-up" } });
  expect(foreign.json()).toBeNull();
});
