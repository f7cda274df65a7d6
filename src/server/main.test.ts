import { afterEach, beforeEach, expect, test } from "vitest";
import { freshDatabase } from "#store/test-databases.ts";
import { serverConfig } from "./config.ts";
import { runServer } from "./main.ts";
import { buildTown, contextOf } from "./test-town.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;

beforeEach(async () => {
  db = await freshDatabase("sqlite");
});
afterEach(() => db.drop());

async function start(env: Record<string, string> = {}) {
  const printed: string[] = [];
  const stop = new AbortController();
  const deps = {
    ...contextOf(db),
    webDir: "/nonexistent",
    exportFolder: "/nonexistent/exports",
    print: (text: string) => printed.push(text),
  };
  const server = await runServer(serverConfig({ JICHAO_HTTP_PORT: "0", ...env }), deps, stop.signal);
  return { ...server, printed, stop, at: `http://127.0.0.1:${server.httpPort}` };
}

async function logsIn(at: string, password: string): Promise<boolean> {
  const body = JSON.stringify({ login: "admin", password });
  const answer = await fetch(`${at}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return answer.ok;
}

test("the first start makes up the administrator's password and shows it once, in two languages", async () => {
  const first = await start();
  expect(first.printed).toHaveLength(1);
  const [text = ""] = first.printed;
  expect(text).toMatch(/首次启动[\s\S]*First start/);
  const password = /密码 (\S+)/.exec(text)?.[1] ?? "";
  expect(await logsIn(first.at, password)).toBe(true);
  await first.close();
  const second = await start();
  expect(second.printed).toEqual([]);
  expect(await logsIn(second.at, password)).toBe(true);
  await second.close();
});

test("a given password is taken and never shown", async () => {
  const server = await start({ JICHAO_ADMIN_PASSWORD: "a given password" });
  expect(server.printed).toEqual([]);
  expect(await logsIn(server.at, "a given password")).toBe(true);
  await server.close();
});

test("what is due is settled by itself, and at once after a nudge", async () => {
  await buildTown(db);
  const server = await start();
  await db.transact((tx) =>
    tx
      .updateTable("meter_state")
      .set((eb) => ({ index_wh: 1_002_000, index_at: eb("settled_at", "+", 60_000), version: eb("version", "+", 1) }))
      .where("meter_id", "=", 12)
      .execute(),
  );
  server.nudge();
  await expect
    .poll(() =>
      db.read.selectFrom("meter_state").select("settled_index_wh").where("meter_id", "=", 12).executeTakeFirst(),
    )
    .toEqual({ settled_index_wh: 1_002_000 });
  await server.close();
});

test("a concentrator whose collector died is marked offline", async () => {
  await buildTown(db);
  await db.transact((tx) => tx.updateTable("concentrator").set({ lease_until: 1 }).where("id", "=", 1).execute());
  const server = await start();
  await expect
    .poll(() => db.read.selectFrom("concentrator").select(["id", "online"]).orderBy("id").execute())
    .toEqual([
      { id: 1, online: 0 },
      { id: 2, online: 1 },
    ]);
  await server.close();
});

test("the signal stops everything, also while a page listens", async () => {
  const server = await start({ JICHAO_ADMIN_PASSWORD: "a given password" });
  const body = JSON.stringify({ login: "admin", password: "a given password" });
  const login = await fetch(`${server.at}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  const live = await fetch(`${server.at}/api/live`, { headers: { cookie } });
  expect(live.status).toBe(200);
  server.stop.abort();
  await live.text();
  await server.close();
  await expect(fetch(`${server.at}/api/health`)).rejects.toThrow();
});

test("a port that is taken is an error at the start, and nothing is left running", async () => {
  const first = await start();
  await expect(start({ JICHAO_HTTP_PORT: String(first.httpPort) })).rejects.toThrow(/EADDRINUSE/);
  await first.close();
});
