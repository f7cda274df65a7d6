import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal } from "#contract/session.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { WRITES_PER_MINUTE } from "./limits.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let app: FastifyInstance;
let user: TestUser;

beforeAll(async () => {
  db = await freshDatabase("sqlite");
  await buildTown(db);
  app = await testApp(db);
  user = await enrol(db, {});
});
afterAll(async () => {
  await app.close();
  await db.drop();
});

const good = { key: "a-good-key", meterId: 11, amount: "10", channel: "cash" };

async function refused(payload: unknown, headers: Record<string, string> = {}, url = "/api/recharges") {
  const answer = await app.inject({
    method: "POST",
    url,
    headers: { "sec-fetch-site": "same-origin", "content-type": "application/json", cookie: user.cookie, ...headers },
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
  });
  const body = refusal.strict().parse(answer.json());
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(body.message).toMatch(/[一-龥]/);
  return { status: answer.statusCode, ...body };
}

async function ordersBooked(): Promise<number> {
  return (await db.read.selectFrom("recharge_order").select("order_no").execute()).length;
}

test.each([
  "0",
  "-1",
  "0.001",
  "1e9",
  "abc",
  "",
  " ",
  "1,000",
  "9".repeat(20),
  "9".repeat(60_000),
  "１００",
  "NaN",
  "0x10",
  100,
  null,
  true,
  [],
  {},
  undefined,
])("the amount %j is refused with its own code, and nothing is booked", async (amount) => {
  for (const path of ["/api/recharges", "/api/recharges/preview"]) {
    const answer = await refused({ ...good, amount }, {}, path);
    expect([answer.status, answer.code]).toEqual([400, "amount_invalid"]);
    expect(answer.message).toContain("0.01");
  }
  expect(await ordersBooked()).toBe(0);
});

test.each([
  ["key", undefined, "缺少「请求编号」"],
  ["key", "short", "「请求编号」格式不正确"],
  ["key", "x".repeat(65), "「请求编号」格式不正确"],
  ["key", "with blank", "「请求编号」格式不正确"],
  ["key", 12345678, "「请求编号」应为文本"],
  ["meterId", "11", "「表计」应为数字"],
  ["meterId", 1.5, "「表计」应为整数"],
  ["meterId", -1, "「表计」不能小于 0"],
  ["channel", "bitcoin", "「收款方式」只能是 cash、transfer"],
  ["note", "x".repeat(201), "「备注」最多 200 个字符"],
])("%s = %j is refused in words that name the field", async (field, value, words) => {
  const answer = await refused({ ...good, [field]: value });
  expect(answer).toMatchObject({ status: 400, code: "invalid_input", details: { field } });
  expect(answer.message).toBe(`输入有误:${words}`);
  expect(await ordersBooked()).toBe(0);
});

test.each([["null"], ["[]"], ['"text"'], ["5"]])("a body that is JSON but no object is refused: %s", async (body) => {
  expect(await refused(body)).toMatchObject({ status: 400, code: "invalid_input" });
});

test.each([
  ["{", 400],
  ["", 400],
  ['{"key":}', 400],
  ['{"__proto__":{"admin":true}}', 400],
  [JSON.stringify({ ...good, note: "x".repeat(70_000) }), 413],
])("a body that cannot be read is refused in the same shape (%#)", async (body, status) => {
  expect(await refused(body)).toMatchObject({ status, code: "invalid_input" });
});

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"])(
  "%s is not accepted",
  async (type) => {
    expect(await refused("a=b", { "content-type": type })).toMatchObject({ status: 415, code: "invalid_input" });
  },
);

test("a POST without any body is refused, not crashed upon", async () => {
  const answer = await app.inject(asked(user, "POST", "/api/recharges"));
  expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_input"]);
});

test.each([
  "/api/nothing",
  "/api",
  "/api/",
  "/api/meters/11/secrets",
  "/assets/missing.js",
  "/.env",
  "/%2e%2e/package.json",
])("GET %s is not found, in the same shape", async (url) => {
  const answer = await app.inject(asked(user, "GET", url));
  expect(answer.statusCode).toBe(404);
  expect(refusal.strict().parse(answer.json()).code).toBe("not_found");
});

test.each(["abc", "0", "-1", "1.5", "1e1", "9".repeat(30), "11%00", "%20"])(
  "a meter numbered %s does not exist",
  async (id) => {
    const answer = await app.inject(asked(user, "GET", `/api/meters/${id}`));
    expect([answer.statusCode, answer.json().code]).toEqual([404, "meter_not_found"]);
  },
);

test("a path that cannot be decoded is refused in the same shape", async () => {
  const answer = await app.inject(asked(user, "GET", "/api/meters/%ff"));
  expect(answer.statusCode).toBe(400);
  expect(refusal.strict().parse(answer.json()).code).toBe("invalid_input");
});

test.each(["limit=0", "limit=101", "limit=abc", `search=${"x".repeat(65)}`])(
  "a search with %s is refused",
  async (query) => {
    const answer = await app.inject(asked(user, "GET", `/api/meters?${query}`));
    expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_input"]);
  },
);

test.each([
  ["HELO jichao\r\n\r\n", 400],
  [`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`, 431],
])("bytes that are no HTTP request get a refusal and an end (%#)", async (bytes, status) => {
  const open = await testApp(db);
  const { port } = new URL(await open.listen({ host: "127.0.0.1", port: 0 }));
  const socket = connect(Number(port), "127.0.0.1", () => socket.write(bytes));
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(refusal.strict().parse(JSON.parse(body)).code).toBe("invalid_input");
  await open.close();
});

test("fields that nobody asked for are dropped", async () => {
  const answer = await app.inject(
    asked(user, "POST", "/api/recharges", { ...good, key: "with-extras", state: "confirmed", createdBy: "nobody" }),
  );
  expect(answer.statusCode).toBe(201);
  expect(answer.json()).toMatchObject({ state: "booked", createdBy: user.login });
});

test("the same key again answers with the same order; another amount under it is refused", async () => {
  const first = await app.inject(asked(user, "POST", "/api/recharges", { ...good, key: "pressed-twice" }));
  const second = await app.inject(asked(user, "POST", "/api/recharges", { ...good, key: "pressed-twice" }));
  expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
  expect(second.json().orderNo).toBe(first.json().orderNo);
  expect(await refused({ ...good, key: "pressed-twice", amount: "11" })).toMatchObject({
    status: 409,
    code: "order_key_conflict",
  });
});

test("a preview tells what the recharge then does", async () => {
  const preview = (
    await app.inject(asked(user, "POST", "/api/recharges/preview", { meterId: 12, amount: "33.33" }))
  ).json();
  const booked = (
    await app.inject(asked(user, "POST", "/api/recharges", { ...good, key: "previewed", meterId: 12, amount: "33.33" }))
  ).json();
  for (const figure of ["amount", "walletBefore", "debts", "price", "unitsWh", "unitsCost", "walletAfter"]) {
    expect(booked[figure], figure).toEqual(preview[figure]);
  }
});

test.each([
  [{ "sec-fetch-site": "cross-site" }, 403],
  [{ "sec-fetch-site": "same-site" }, 403],
  [{ "sec-fetch-site": "cross-site", origin: "http://localhost:80" }, 403],
  [{ origin: "https://evil.example" }, 403],
  [{ origin: "null" }, 403],
  [{ origin: "http://localhost.evil.example" }, 403],
  [{}, 403],
  [{ "sec-fetch-site": "same-origin" }, 400],
  [{ origin: "http://localhost:80" }, 400],
])("a changing request with our cookie and %j gets %i", async (headers, status) => {
  const answer = await app.inject({
    method: "POST",
    url: "/api/recharges",
    headers: { ...headers, cookie: user.cookie },
    payload: {},
  });
  expect(answer.statusCode).toBe(status);
  if (status === 403) expect(refusal.parse(answer.json()).code).toBe("cross_site");
});

test("a program without cookie and without browser headers is only not logged in", async () => {
  const answer = await app.inject({ method: "POST", url: "/api/recharges", payload: good });
  expect(answer.json().code).toBe("unauthenticated");
});

test("an unknown failure tells nothing but its number, and is logged with its stack", async () => {
  const logged: object[] = [];
  const failing = await testApp(db, {
    loadCaller: async () => {
      throw new Error("password=hunter2 at table user");
    },
    log: { error: (fields) => logged.push(fields), warn() {}, info() {}, debug() {}, child: () => ({}) as never },
  });
  const answer = await failing.inject(asked(user, "GET", "/api/board"));
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toMatch(/hunter2|table|at /);
  const { code, requestId, message } = refusal.strict().parse(answer.json());
  expect(code).toBe("internal");
  expect(message).toContain(requestId);
  expect(logged).toMatchObject([{ requestId, err: { message: expect.stringContaining("hunter2") } }]);
  await failing.close();
});

test.each([
  "/slots?day=2026-02-30",
  "/slots?day=2026-3-1",
  "/slots?day=",
  "/slots?day=2026-03-01&minutes=7",
  "/slots?day=2026-03-01&minutes=0",
  "/slots?day=2026-03-01&minutes=60&minutes=5",
  "/slots/export?day=2026-03-01&hour=24",
  "/slots/export?day=2026-03-01&hour=-1",
  "/slots/export?day=2026-03-01&hour=x",
  "/slots/export?day=2026-03-01&compare=week",
  "/export?period=2026-13",
  "/export?period=2026-03&compare=x",
  "/curve?day=2026-13-01",
  "/curve",
])("of one meter %s is not asked for", async (path) => {
  const answer = await app.inject(asked(user, "GET", `/api/reports/meters/11${path}`));
  expect(answer.statusCode, answer.body).toBe(400);
  expect(refusal.strict().parse(answer.json()).message).toMatch(/[一-龥]/);
  expect((await app.inject(asked(user, "GET", "/api/reports/meters/11/slots?day=2026-03-01"))).statusCode).toBe(200);
});

test("one user's writes are limited over all routes together; reading goes on, and so do others", async () => {
  const busy = await enrol(db, {});
  let last = 0;
  for (let i = 0; i <= WRITES_PER_MINUTE; i++) {
    const path = i % 2 === 0 ? "/api/recharges" : "/api/meters/11/commands";
    last = (await app.inject(asked(busy, "POST", path, {}))).statusCode;
    if (i < WRITES_PER_MINUTE) expect(last).toBe(400);
  }
  expect(last).toBe(429);
  const answer = await app.inject(asked(busy, "POST", "/api/recharges", {}));
  expect(refusal.strict().parse(answer.json())).toMatchObject({
    code: "too_many_requests",
    details: { seconds: expect.any(Number) },
  });
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  expect((await app.inject(asked(busy, "GET", "/api/board"))).statusCode).toBe(200);
  expect((await app.inject(asked(busy, "POST", "/api/recharges/preview", {}))).statusCode).toBe(400);
  expect((await app.inject(asked(user, "POST", "/api/recharges", {}))).statusCode).toBe(400);
});
