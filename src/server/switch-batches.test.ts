import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

const NOBODYS = "00000000000000000000";

describe.each(testDatabases.filter(({ available }) => available))("batches over HTTP on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let wang: TestUser;
  let li: TestUser;
  let keys = 0;
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db);
    [wang, li] = [
      await enrol(db, {}),
      await enrol(db, { permissions: ["meter.view", "meter.trip", "board.view", "price.see"] }),
    ];
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  const ask = (user: TestUser, method: "GET" | "POST", url: string, body?: object) =>
    app.inject(asked(user, method, url, body));
  const request = (user: TestUser, over: object = {}) =>
    ask(user, "POST", "/api/switch-batches", {
      ...{ key: `batch-key-${++keys}`, kind: "trip", meterIds: [11, 12], typed: 2, reason: "台风来袭" },
      ...over,
    });

  test("what one asked, another finds, looks through and approves; a third who sees a part of it only looks", async () => {
    const made = await request(wang);
    expect(made.statusCode).toBe(201);
    const batch = made.json();
    expect(batch).toMatchObject({ state: "requested", mine: true, steps: { waiting: 2 }, approval: { mine: true } });
    const { items } = (await ask(li, "GET", "/api/approvals")).json();
    expect(items).toMatchObject([{ kind: "trip_batch", object: `switch_batch:${batch.batchId}`, whyNot: null }]);
    const found = (await ask(li, "GET", `/api/switch-batches/${batch.batchId}`)).json();
    expect([found.list, found.items]).toEqual([batch.list, batch.items]);
    const decide = (user: TestUser, seen?: string) =>
      ask(user, "POST", `/api/approvals/${found.approval.id}/decision`, { verdict: "approve", version: 0, seen });
    expect((await decide(wang, batch.list)).json().code).toBe("approval_same_person");
    expect((await decide(li)).json().code).toBe("batch_list_unseen");
    expect((await decide(li, "x".repeat(64))).json().code).toBe("approval_changed");
    const part = await enrol(db, { areas: [2] });
    await request(wang, { meterIds: [11, 21] });
    const { items: lines } = (await ask(part, "GET", "/api/switch-batches")).json();
    expect(lines).toHaveLength(1);
    expect((await ask(part, "GET", "/api/approvals")).json().items).toEqual([]);
    expect((await decide(li, found.list)).statusCode).toBe(200);
    expect((await ask(wang, "GET", `/api/switch-batches/${batch.batchId}`)).json()).toMatchObject({ state: "running" });
    expect((await ask(wang, "GET", "/api/approval-rules")).json().items).toContainEqual({
      ...{ kind: "trip_batch", on: true, limit: "0.00", fixed: true },
    });
  });

  test("who may only trip closes nothing, and a proof that is old is asked for again", async () => {
    for (const [kind, status] of [
      ["close", 403],
      ["trip", 201],
    ] as const) {
      expect([kind, (await request(li, { kind })).statusCode]).toEqual([kind, status]);
      const preview = await ask(li, "POST", "/api/switch-batches/preview", { kind, meterIds: [11] });
      expect([kind, preview.statusCode]).toEqual([kind, status === 201 ? 200 : 403]);
    }
    await db.transact((tx) => tx.updateTable("session").set({ proved_at: 1 }).where("user_id", "=", li.id).execute());
    expect((await request(li)).json().code).toBe("step_up_required");
  });

  test("lists go by kind, state, text and page; files hold the same, and garbage is refused", async () => {
    const { batchId } = (await request(wang, { kind: "close", reason: "台风过去" })).json();
    const list = async (query: string) => (await ask(wang, "GET", `/api/switch-batches${query}`)).json();
    expect((await list("?kind=close")).items).toMatchObject([{ batchId, state: "running" }]);
    expect((await list("?search=台风过去&state=running")).total).toBe(1);
    expect((await list("?state=expired")).items).toEqual([]);
    expect((await list("?page=9")).items).toEqual([]);
    for (const wrong of ["?kind=boom", "?page=0", "?state=x", `?search=${"x".repeat(65)}`])
      expect([wrong, (await ask(wang, "GET", `/api/switch-batches${wrong}`)).statusCode]).toEqual([wrong, 400]);
    const rows = async (url: string) => {
      const [sheet] = await readSheet((await ask(wang, "GET", url)).rawPayload);
      return JSON.stringify(sheet?.data);
    };
    expect(await rows("/api/switch-batches/file?kind=close")).toContain(batchId);
    expect(await rows(`/api/switch-batches/${batchId}/file`)).toContain("1-11");
    expect(await rows(`/api/switch-batches/${batchId}/file?language=en`)).toContain("Waiting");
    for (const wrong of [
      { meterIds: [] },
      { meterIds: ["11"] },
      { meterIds: [-1] },
      { meterIds: Array.from({ length: 501 }, (_, i) => i + 1) },
      { typed: "2" },
      { typed: 2.5 },
      { kind: "boom" },
      { key: "short" },
      { reason: "x".repeat(201) },
      { againOf: "../../etc" },
    ])
      expect([wrong, (await request(wang, wrong)).statusCode]).toEqual([wrong, 400]);
    expect((await request(wang, { reason: " " })).json().code).toBe("reason_required");
    expect((await request(wang, { typed: 3 })).json()).toMatchObject({
      code: "batch_count_wrong",
      details: { count: 2 },
    });
    const names = Array.from({ length: 501 }, (_, i) => `${i}`);
    expect((await ask(wang, "POST", "/api/switch-batches/preview", { kind: "trip", names })).statusCode).toBe(400);
    for (const id of [NOBODYS, "x", "%00"])
      expect((await ask(wang, "GET", `/api/switch-batches/${id}`)).json().code).toBe("batch_not_found");
    const stopped = await ask(wang, "POST", `/api/switch-batches/${batchId}/cancel`, {});
    expect(stopped.json()).toMatchObject({ state: "cancelled", mayCancel: false, steps: { cancelled: 2 } });
  });

  test("a file says in words why a command ended", async () => {
    const { batchId } = (await request(wang, { kind: "close", reason: "检修完毕" })).json();
    const { id } = (await ask(wang, "POST", "/api/meters/11/commands", { key: "asked-by-hand", kind: "read" })).json();
    await db.transact(async (tx) => {
      const ended = { state: "expired", state_reason: "unreachable,no_answer" } as const;
      await tx.updateTable("command").set(ended).where("id", "=", id).execute();
      const sent = tx.updateTable("switch_batch_meter").set({ command_id: id, state: "asked" });
      await sent.where("batch_id", "=", batchId).where("meter_id", "=", 11).execute();
    });
    const file = async (query: string) => {
      const [sheet] = await readSheet(
        (await ask(wang, "GET", `/api/switch-batches/${batchId}/file${query}`)).rawPayload,
      );
      return JSON.stringify(sheet?.data);
    };
    expect(await file("")).toContain("有效期内未能联系上电表、电表没有应答");
    expect(await file("?language=en")).toContain("could not be reached in time, ");
  });
});
