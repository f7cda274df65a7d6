import { expect, test } from "vitest";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { readOpenMetrics } from "#system/test-openmetrics.ts";
import { asked, buildTown, contextOf, enrol, testApp } from "./test-town.ts";

const TOKEN = "0123456789abcdef";

test.each(testDatabases.filter(({ available }) => available))(
  "the server tells its metrics on $name, by patterns and without names",
  async ({ name }) => {
    const db = await freshDatabase(name);
    await buildTown(db);
    const user = await enrol(db, {});
    const app = await testApp(db);
    await db.transact((tx) =>
      tx
        .updateTable("meter_state")
        .set({ index_at: contextOf(db).clock() - 60_000, settled_at: 0 })
        .where("meter_id", "=", 11)
        .execute(),
    );
    const { status } = await app.inject(asked(user, "GET", "/api/meters/11")).then((a) => ({ status: a.statusCode }));
    const answer = await app.inject("/metrics");
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    const families = readOpenMetrics(answer.body);
    const counts = families.get("jichao_http_seconds")?.samples.filter((each) => each.name.endsWith("_count"));
    const labels = { method: "GET", route: "/api/meters/:id", status: `${Math.floor(status / 100)}xx` };
    expect(counts).toEqual([{ name: "jichao_http_seconds_count", labels, value: 1 }]);
    const lag = families.get("jichao_settlement_lag_seconds")?.samples[0]?.value ?? 0;
    expect(lag).toBeGreaterThanOrEqual(60);
    expect(families.get("jichao_live_connections")?.samples[0]?.value).toBe(0);
    expect(families.get("jichao_database_up")?.samples[0]?.value).toBe(1);
    expect(answer.body).not.toContain(user.login);
    await db.close();
    const without = readOpenMetrics((await app.inject("/metrics")).body);
    expect(without.get("jichao_database_up")?.samples[0]?.value).toBe(0);
    expect(without.get("jichao_settlement_lag_seconds")?.samples).toEqual([]);
    await app.close();
    await db.drop();
  },
);

test("metrics are for this machine, and for whoever has the token", async () => {
  const db = await freshDatabase("sqlite");
  const open = await testApp(db);
  expect((await open.inject("/metrics")).statusCode).toBe(200);
  const refusedAll = [
    { remoteAddress: "10.0.0.7" },
    { headers: { "x-forwarded-for": "127.0.0.1" } },
    { headers: { host: "metrics.example.com:8080" } },
    { headers: { host: "127.0.0.1.example.com" } },
    { headers: { authorization: `Bearer ${TOKEN}` } },
  ];
  for (const each of refusedAll) {
    const refused = await open.inject({ url: "/metrics", ...each });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers["www-authenticate"]).toBe("Bearer");
    expect(refused.json().code).toBe("unauthenticated");
  }
  await open.close();
  const guarded = await testApp(db, { metricsToken: TOKEN });
  const of = (authorization: string) =>
    guarded.inject({ url: "/metrics", remoteAddress: "10.0.0.7", headers: { authorization } });
  expect((await of(`Bearer ${TOKEN}`)).statusCode).toBe(200);
  expect((await of("Bearer 0123456789abcdeX")).statusCode).toBe(401);
  expect((await guarded.inject("/metrics")).statusCode).toBe(401);
  await guarded.close();
  await db.drop();
});
