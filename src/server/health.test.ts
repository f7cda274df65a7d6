import { describe, expect, test } from "vitest";
import { health } from "#contract/session.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { asked, buildTown, enrol, testApp } from "./test-town.ts";

describe.each(testDatabases.filter(({ available }) => available))("on $name", ({ name }) => {
  test("health answers anybody, exactly as promised", async () => {
    const db = await freshDatabase(name);
    await buildTown(db);
    await db.transact((tx) => tx.insertInto("tally").values({ name: "readings:one", value: 12 }).execute());
    const app = await testApp(db);
    const answer = await app.inject("/api/health");
    expect(answer.statusCode).toBe(200);
    expect(health.strict().parse(answer.json())).toEqual({
      status: "ok",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      database: await db.version(),
      meters: 4,
      readings: 12,
    });
    expect((await app.inject({ method: "HEAD", url: "/api/health" })).statusCode).toBe(200);
    await app.close();
    await db.drop();
  });

  test("while the database is away health says so, and the others refuse without a promise", async () => {
    const db = await freshDatabase(name);
    const user = await enrol(db, {});
    const app = await testApp(db);
    await db.close();
    const answer = await app.inject("/api/health");
    expect(answer.statusCode).toBe(503);
    expect(health.strict().parse(answer.json())).toMatchObject({ status: "degraded", meters: 0, readings: 0 });
    const board = await app.inject(asked(user, "GET", "/api/board"));
    expect(board.statusCode).toBeGreaterThanOrEqual(500);
    expect(board.json().message).toMatch(/[一-龥]/);
    await app.close();
    await db.drop();
  });

  test("asking often costs the database nothing", async () => {
    const db = await freshDatabase(name);
    await buildTown(db);
    const app = await testApp(db);
    const first = (await app.inject("/api/health")).json();
    await db.transact((tx) => tx.insertInto("tally").values({ name: "readings:one", value: 12 }).execute());
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.inject("/api/health")));
    for (const answer of answers) expect(answer.json()).toEqual(first);
    await app.close();
    await db.drop();
  });
});
