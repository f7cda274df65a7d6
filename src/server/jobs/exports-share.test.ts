import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExportJob } from "#contract/exports.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import type { Shelf } from "../exports/shelf.ts";
import { testShelf } from "../test-exports.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "../test-town.ts";
import { exportsJob } from "./exports.ts";

describe.each(testDatabases.filter(({ available }) => available))("room for exports on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  const probe = testShelf();
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db, { shelf: probe });
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
    await probe.clear();
  });

  async function runAll(shelf: Shelf): Promise<void> {
    const job = exportsJob(contextOf(db), { shelf, signal: new AbortController().signal }, 1);
    while (await job.run());
  }
  let keys = 0;
  async function wish(user: TestUser): Promise<string> {
    const body = { key: `share-key-${++keys}`, report: "current", filter: {} };
    return (await app.inject(asked(user, "POST", "/api/exports", body))).json().exportId;
  }
  async function jobOf(user: TestUser, id: string): Promise<ExportJob> {
    const { items } = (await app.inject(asked(user, "GET", "/api/exports"))).json();
    return items.find((each: ExportJob) => each.exportId === id);
  }
  const steer = (user: TestUser, id: string, how: "cancel" | "retry") =>
    app.inject(asked(user, "POST", `/api/exports/${id}/${how}`));

  test("one person's files leave room for those of others, and give it back", async () => {
    const [greedy, modest] = [await enrol(db, {}), await enrol(db, {})];
    const first = await wish(greedy);
    await runAll(probe);
    const tight = testShelf(((await jobOf(greedy, first)).bytes ?? 0) * 3);
    try {
      const [second, other] = [await wish(greedy), await wish(modest)];
      await runAll(tight);
      expect(await jobOf(greedy, second)).toMatchObject({ state: "failed", problem: { code: "export_share_full" } });
      expect(await jobOf(modest, other)).toMatchObject({ state: "done" });
      await steer(greedy, first, "cancel");
      await steer(greedy, second, "retry");
      await runAll(tight);
      expect(await jobOf(greedy, second)).toMatchObject({ state: "done" });
    } finally {
      await tight.clear();
    }
  });
});
