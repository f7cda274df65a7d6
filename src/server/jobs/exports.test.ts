import { spawnSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import type { ExportJob } from "#contract/exports.ts";
import type { FlowContext } from "#flows/context.ts";
import { claimExport, EXPORT_KEEP_MS, EXPORT_LEASE_MS, EXPORTS_AT_ONCE } from "#flows/run-export.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { testShelf } from "../test-exports.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "../test-town.ts";
import { exportsJob, exportsSweepJob, makeExport } from "./exports.ts";

const killed = fileURLToPath(new URL("./test-export-program.ts", import.meta.url));
const LONG = `=${"长".repeat(198)}号`;

describe.each(testDatabases.filter(({ available }) => available))("exports in the background on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let ctx: FlowContext;
  const shelf = testShelf();
  const never = new AbortController();
  /** How far the clock of the jobs is ahead of the real one. */
  let ahead = 0;

  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    ctx = { ...contextOf(db), clock: () => instant(systemClock() + ahead) };
    app = await testApp(db, { shelf, clock: ctx.clock });
    await db.transact((tx) =>
      tx
        .updateTable("customer")
        .set({ name: LONG.slice(0, 100) })
        .where("id", "=", 11)
        .execute(),
    );
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
    await shelf.clear();
  });

  /** A user who is logged in by the clock of these tests. */
  async function member(input: Parameters<typeof enrol>[1]): Promise<TestUser> {
    const user = await enrol(db, input);
    const until = { seen_at: ctx.clock(), expires_at: ctx.clock() + EXPORT_KEEP_MS * 2 };
    await db.transact((tx) => tx.updateTable("session").set(until).where("user_id", "=", user.id).execute());
    return user;
  }
  let keys = 0;
  async function ask(user: TestUser, over: object = {}) {
    const body = { key: `export-key-${++keys}`, report: "current", filter: {}, ...over };
    return app.inject(asked(user, "POST", "/api/exports", body));
  }
  async function wish(user: TestUser, over: object = {}): Promise<string> {
    const answer = await ask(user, over);
    expect(answer.statusCode, answer.body).toBe(201);
    return answer.json().exportId;
  }
  async function jobOf(user: TestUser, id: string): Promise<ExportJob> {
    const { items } = (await app.inject(asked(user, "GET", "/api/exports"))).json();
    return items.find((each: ExportJob) => each.exportId === id);
  }
  const file = (user: TestUser, id: string) => app.inject(asked(user, "GET", `/api/exports/${id}/file`));
  const steer = (user: TestUser, id: string, how: "cancel" | "retry") =>
    app.inject(asked(user, "POST", `/api/exports/${id}/${how}`));
  const job = (over: Partial<Parameters<typeof exportsJob>[1]> = {}) =>
    exportsJob(ctx, { shelf, signal: never.signal, ...over }, 1);
  /** Runs everything that is due. */
  async function runAll(over: Parameters<typeof job>[0] = {}): Promise<void> {
    while (await job(over).run());
  }
  async function labels(user: TestUser, id: string): Promise<unknown[]> {
    const answer = await file(user, id);
    expect(answer.statusCode, answer.body).toBe(200);
    const [sheet] = await readSheet(answer.rawPayload);
    const rows = sheet?.data ?? [];
    const head = rows.findIndex((row) => row[2] === "表号");
    return rows.slice(head + 1, -1).map((row) => row[1]);
  }
  async function setAreas(user: TestUser, areas: readonly number[]): Promise<void> {
    await db.transact(async (tx) => {
      await tx.deleteFrom("user_scope").where("user_id", "=", user.id).execute();
      for (const area of areas)
        await tx.insertInto("user_scope").values({ user_id: user.id, kind: "area", ref_id: area }).execute();
    });
  }
  const grant = (user: TestUser, permissions: readonly string[]) =>
    db.transact((tx) =>
      tx
        .updateTable("role")
        .set({ permissions: JSON.stringify(permissions) })
        .where("id", "=", user.id)
        .execute(),
    );

  test("what was asked for is made, told of, and taken away: a private file with the rows of his scope", async () => {
    const manager = await member({ areas: [1] });
    const id = await wish(manager, { filter: { kind: "electricity" } });
    expect(await jobOf(manager, id)).toMatchObject({ state: "waiting", rowsOf: 2, title: "当前数据", bytes: null });
    expect((await file(manager, id)).json().code).toBe("export_not_done");
    await runAll();
    const made = await jobOf(manager, id);
    expect(made).toMatchObject({ state: "done", rowsDone: 2, rowsOf: 2, problem: null });
    expect(made.filterText).toContain("筛选");
    expect(await labels(manager, id)).toEqual(["1-11", "1-12"]);
    const row = await db.read.selectFrom("export_job").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const found = statSync(join(shelf.folder, row.file ?? ""));
    expect([found.mode & 0o777, found.size]).toEqual([0o600, made.bytes]);
    const audit = await db.read
      .selectFrom("audit")
      .select("action")
      .where("object", "=", `export:${id}`)
      .orderBy("id")
      .execute();
    expect(audit.map((line) => line.action)).toEqual(["export.ask", "export.done", "export.download"]);
  });

  test("text that begins like a formula and names as long as they may be stay what they are", async () => {
    const user = await member({ areas: [1] });
    const id = await wish(user);
    await runAll();
    const [sheet] = await readSheet((await file(user, id)).rawPayload, { trim: false });
    expect(sheet?.data.flat()).toContain(LONG.slice(0, 100));
  });

  test("the same key is one job, however quickly it comes again; another wish under it is refused", async () => {
    const user = await member({});
    const twice = { key: "twice-the-same-key" };
    const answers = await Promise.all([ask(user, twice), ask(user, twice), ask(user, twice)]);
    expect(answers.map((each) => each.statusCode).sort()).toEqual([200, 200, 201]);
    expect(new Set(answers.map((each) => each.json().exportId)).size).toBe(1);
    const other = await ask(user, { ...twice, filter: { search: "x" } });
    expect([other.statusCode, other.json().code]).toEqual([409, "export_key_conflict"]);
    const another = await member({});
    expect((await ask(another, twice)).statusCode).toBe(201); // a key is its person's own
    await runAll();
  });

  test("somebody else's job answers like one that does not exist, and is in nobody's list", async () => {
    const [owner, other] = [await member({}), await member({})];
    const id = await wish(owner);
    await runAll();
    expect(await jobOf(other, id)).toBeUndefined();
    for (const made of [id, "00000000000000000000", "../../etc/passwd", "x"]) {
      const answers = [
        await file(other, encodeURIComponent(made)),
        await steer(other, encodeURIComponent(made), "cancel"),
      ];
      expect(answers.map((each) => [each.statusCode, each.json().code])).toEqual(
        Array(2).fill([404, "export_not_found"]),
      );
    }
    expect((await file(owner, id)).statusCode).toBe(200);
  });

  test("a filter that is none, or a report that one may not see, is refused before there is a job", async () => {
    const user = await member({ permissions: ["report.view"] });
    const bad = [
      [{ report: "day", filter: { day: "2026-02-30" } }, 400],
      [{ report: "day", filter: {} }, 400],
      [{ report: "nothing" }, 400],
      [{ key: "short" }, 400],
      [{ filter: { search: "x".repeat(201) } }, 400],
      [{ report: "readings", filter: { from: "2026-03-02", to: "2026-03-01" } }, 400],
      [{ report: "readings", filter: { from: "2020-01-01", to: "2026-03-01" } }, 400],
      [{ report: "readings", filter: { from: "2026-03-01", to: "2026-03-01", minutes: "7" } }, 400],
      [{ report: "recharges" }, 403],
    ] as const;
    for (const [over, status] of bad) expect([over, (await ask(user, over)).statusCode]).toEqual([over, status]);
    expect((await app.inject(asked(user, "GET", "/api/exports"))).json().items).toEqual([]);
  });

  test("who lost the right meanwhile gets nothing, neither a file nor what was made before", async () => {
    const user = await member({ permissions: ["report.view", "meter.view"] });
    const made = await wish(user);
    await runAll();
    const waiting = await wish(user);
    await grant(user, ["meter.view"]);
    await runAll();
    expect(await jobOf(user, waiting)).toMatchObject({ state: "failed", problem: { code: "export_not_permitted" } });
    const answer = await file(user, made);
    expect([answer.statusCode, answer.json().code]).toEqual([403, "forbidden"]);
    await db.transact((tx) => tx.updateTable("user").set({ disabled: 1 }).where("id", "=", user.id).execute());
    expect((await file(user, made)).statusCode).toBe(401);
  });

  test("the scope is that of the moment of reading, and a file of a wider one is not handed out", async () => {
    const user = await member({ areas: [1, 2] });
    const id = await wish(user);
    await setAreas(user, [2]);
    await runAll();
    expect(await labels(user, id)).toEqual(["2-21", "2-22"]);
    await setAreas(user, [1]);
    const answer = await file(user, id);
    expect([answer.statusCode, answer.json().code]).toEqual([409, "export_scope_changed"]);
    expect((await steer(user, id, "retry")).statusCode).toBe(200);
    await runAll();
    expect(await labels(user, id)).toEqual(["1-11", "1-12"]);
    await setAreas(user, []);
    const empty = await wish(user);
    await runAll();
    expect(await labels(user, empty)).toEqual([]);
  });

  test("a scope that shrinks while the rows are read has the file made anew", async () => {
    const user = await member({ areas: [1, 2] });
    const id = await wish(user);
    let shrunk = false;
    const shrinking = {
      ...shelf,
      async keep(of: string, stream: Parameters<typeof shelf.keep>[1]) {
        const bytes = await shelf.keep(of, stream);
        if (!shrunk) await setAreas(user, [1]);
        shrunk = true;
        return bytes;
      },
    };
    await runAll({ shelf: shrinking });
    expect(await jobOf(user, id)).toMatchObject({ state: "done", rowsDone: 2 });
    expect(await labels(user, id)).toEqual(["1-11", "1-12"]);
  });

  test("a run that stopped in the middle is made again from its start, once, and its leftover is removed", async () => {
    const user = await member({});
    const id = await wish(user);
    const died = await claimExport(ctx, shelf.newName); // its server was killed: it never comes back …
    expect(died?.id).toBe(id);
    writeFileSync(join(shelf.folder, died?.file ?? ""), "half a file");
    expect(await job().run()).toBe(false); // … which nobody can know before its lease is over
    expect(await jobOf(user, id)).toMatchObject({ state: "running" });
    ahead += EXPORT_LEASE_MS + 1;
    await runAll();
    expect(await jobOf(user, id)).toMatchObject({ state: "done" });
    expect(readdirSync(shelf.folder)).not.toContain(died?.file);
    const before = await file(user, id);
    // The dead one was only slow: what it brings now is nobody's any more.
    if (died) await makeExport(ctx, { shelf, signal: never.signal }, { ...died, leftover: null });
    expect((await file(user, id)).rawPayload.equals(before.rawPayload)).toBe(true);
    expect(readdirSync(shelf.folder)).not.toContain(died?.file);
  });

  test.each([
    ["export:before-commit", 1],
    ["export:after-commit", 0],
  ] as const)("a server killed at %s leaves one job with one file", async (fault, leftovers) => {
    const user = await member({});
    const id = await wish(user);
    const before = readdirSync(shelf.folder).length;
    const server = spawnSync(process.execPath, [killed, db.url, shelf.folder, fault, String(ahead)], {
      encoding: "utf8",
    });
    expect([server.signal, server.stdout.trim()]).toEqual(["SIGKILL", "killed"]);
    expect(readdirSync(shelf.folder)).toHaveLength(before + 1);
    const row = () => db.read.selectFrom("export_job").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    expect((await row()).state).toBe(leftovers === 1 ? "running" : "done");
    ahead += EXPORT_LEASE_MS + 1;
    await runAll();
    expect(await row()).toMatchObject({ state: "done", attempts: 1 + leftovers });
    expect(readdirSync(shelf.folder)).toHaveLength(before + 1);
    const done = await db.read
      .selectFrom("audit")
      .select("id")
      .where("object", "=", `export:${id}`)
      .where("action", "=", "export.done")
      .execute();
    expect(done).toHaveLength(1);
    expect((await file(user, id)).statusCode).toBe(200);
  });

  test("a server that ends gives its run back, and the next server makes it at once", async () => {
    const user = await member({});
    const id = await wish(user);
    const stop = new AbortController();
    stop.abort();
    await job({ signal: stop.signal }).run();
    expect(await jobOf(user, id)).toMatchObject({ state: "waiting", rowsDone: 0 });
    await runAll();
    expect(await jobOf(user, id)).toMatchObject({ state: "done" });
  });

  test("a cancelled one is not made, also when it is running; what was made can be thrown away", async () => {
    const user = await member({});
    const waiting = await wish(user);
    expect((await steer(user, waiting, "cancel")).json()).toMatchObject({ state: "cancelled" });
    expect((await steer(user, waiting, "cancel")).statusCode).toBe(200); // a second click
    await runAll();
    expect(await jobOf(user, waiting)).toMatchObject({ state: "cancelled" });
    const id = await wish(user);
    const cancelling = {
      ...shelf,
      async keep(of: string, stream: Parameters<typeof shelf.keep>[1]) {
        const bytes = await shelf.keep(of, stream);
        await steer(user, id, "cancel");
        return bytes;
      },
    };
    const files = readdirSync(shelf.folder).length;
    await runAll({ shelf: cancelling });
    expect(await jobOf(user, id)).toMatchObject({ state: "cancelled", bytes: null });
    expect(readdirSync(shelf.folder)).toHaveLength(files);
    expect((await file(user, id)).json().code).toBe("export_not_done");
    expect((await steer(user, id, "retry")).statusCode).toBe(200);
    expect((await steer(user, id, "retry")).json().code).toBe("export_not_repeatable");
    await runAll();
    expect((await file(user, id)).statusCode).toBe(200);
    expect((await steer(user, id, "cancel")).json()).toMatchObject({ state: "expired" });
    expect(readdirSync(shelf.folder)).toHaveLength(files);
  });

  test("a file that has expired is told so, removed, and can be made again", async () => {
    const user = await member({});
    const id = await wish(user);
    await runAll();
    ahead += EXPORT_KEEP_MS + 1;
    const answer = () => file(user, id).then((each) => [each.statusCode, each.json().code]);
    await db.transact((tx) => tx.updateTable("session").set({ seen_at: ctx.clock() }).execute());
    expect(await answer()).toEqual([410, "export_expired"]); // before anybody has swept
    writeFileSync(join(shelf.folder, "notes.txt"), "not ours");
    await exportsSweepJob(ctx, { shelf, signal: never.signal }).run();
    expect(readdirSync(shelf.folder)).toEqual(["notes.txt"]);
    expect(await jobOf(user, id)).toMatchObject({ state: "expired" });
    expect(await answer()).toEqual([410, "export_expired"]);
    await steer(user, id, "retry");
    await runAll();
    expect((await file(user, id)).statusCode).toBe(200);
    for (const left of readdirSync(shelf.folder)) if (left.endsWith(".xlsx")) await shelf.drop(left);
    expect(await answer()).toEqual([410, "export_gone"]);
  });

  test("a full folder is a clear failure that leaves nothing behind", async () => {
    const user = await member({});
    const small = testShelf(2_000);
    writeFileSync(join(small.folder, "of-others"), Buffer.alloc(1_990));
    try {
      const id = await wish(user);
      await runAll({ shelf: small });
      expect(await jobOf(user, id)).toMatchObject({ state: "failed", problem: { code: "export_disk_full" } });
      expect(readdirSync(small.folder)).toEqual(["of-others"]);
      expect((await file(user, id)).json().code).toBe("export_not_done");
      expect((await steer(user, id, "cancel")).json().code).toBe("export_not_open");
      await steer(user, id, "retry");
      await runAll();
      expect(await jobOf(user, id)).toMatchObject({ state: "done", problem: null });
    } finally {
      await small.clear();
    }
  });

  test("a failure that may pass is tried again later, and given up in the end", async () => {
    const user = await member({});
    const id = await wish(user);
    let tries = 0;
    const broken = {
      ...shelf,
      keep: async () => {
        tries++;
        throw new Error("the disk makes noises");
      },
    };
    for (let i = 0; i < 10; i++) {
      await runAll({ shelf: broken });
      ahead += 110_000;
    }
    expect(tries).toBe(5);
    expect(await jobOf(user, id)).toMatchObject({ state: "failed", problem: { code: "export_failed" } });
  });

  test("one person has one run at a time, all together a few, and nobody may pile up more than twenty", async () => {
    const [a, b, c] = [await member({}), await member({}), await member({})];
    for (const user of [a, a, b, c]) await wish(user);
    const runs = await Promise.all(Array.from({ length: 6 }, () => claimExport(ctx, shelf.newName)));
    const taken = runs.filter((run) => run !== null);
    expect(taken).toHaveLength(EXPORTS_AT_ONCE);
    expect(new Set(taken.map((run) => run.userId)).size).toBe(EXPORTS_AT_ONCE);
    const statuses = [];
    for (let i = 0; i < 21; i++) statuses.push((await ask(a)).statusCode);
    expect(statuses.slice(0, 18)).toEqual(Array(18).fill(201));
    expect(statuses.slice(18)).toEqual(Array(3).fill(409));
    ahead += EXPORT_LEASE_MS + 1;
    await runAll();
  });
});
