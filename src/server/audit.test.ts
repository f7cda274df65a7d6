import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, dayOf, later } from "#base/time.ts";
import type { AuditPage, AuditRow } from "#contract/audit.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { addAudit } from "#store/audit.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

const NOW = systemClock();

describe.each(testDatabases.filter(({ available }) => available))("the audit on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let auditor: TestUser;

  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db);
    auditor = await enrol(db, { permissions: ["audit.view"] });
    for (let i = 0; i < 130; i++) {
      await write({ i, actor: i % 2 === 0 ? "anna" : "bao", action: i % 10 === 0 ? "refund.payout" : "meter.trip" });
    }
    await write({ i: 200, actor: "anna", action: "meter.trip", object: "meter:11", reason: "100%_完成" });
    await write({
      i: 201,
      actor: "job",
      action: "refund.print",
      object: "meters:11",
      after: { approval: "0123456789abcdefghjk" },
    });
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  function write(
    of: { i: number; action?: AuditAction } & Partial<Pick<AuditRow, "actor" | "object" | "reason" | "after">>,
  ) {
    const at = later(NOW, -of.i * 3_600_000);
    return db.transact((tx) =>
      addAudit(tx, {
        id: newId(at),
        at,
        actor: of.actor ?? "anna",
        action: of.action ?? "meter.trip",
        object: of.object ?? `order:R${of.i}`,
        before: { n: of.i },
        after: of.after ?? { n: of.i + 1 },
        reason: of.reason ?? "",
        ip: "10.0.0.1",
      }),
    );
  }

  async function page(query: string, user = auditor): Promise<AuditPage> {
    const answer = await app.inject(asked(user, "GET", `/api/audit${query}`));
    expect(answer.statusCode, answer.body).toBe(200);
    return answer.json();
  }

  test("is told page by page, newest first, every row once", async () => {
    const seen: AuditRow[] = [];
    let before = "";
    for (;;) {
      const { items, more } = await page(`?limit=50${before}`);
      seen.push(...items);
      const last = items.at(-1);
      if (!more || !last) break;
      before = `&before=${last.at}.${last.id}`;
    }
    const mine = seen.filter((row) => row.ip === "10.0.0.1");
    expect(new Set(mine.map((row) => row.id)).size).toBe(132);
    expect(seen.map((row) => row.at)).toEqual(seen.map((row) => row.at).toSorted((a, b) => b - a));
  });

  test("is narrowed by who, action, object, day and text, each alone and together", async () => {
    const count = async (query: string) => (await page(`${query}&limit=100`)).items.length;
    expect(await count("?who=bao")).toBe(65);
    expect(await count("?action=refund.payout")).toBe(13);
    expect(await count("?action=refund")).toBe(14); // with what goes on behind the dot
    expect(await count("?object=meter")).toBe(1); // not meters:11
    expect(await count("?object=meter:11")).toBe(1);
    expect(await count("?object=meter:1")).toBe(0);
    expect(await count(`?search=${encodeURIComponent("100%_完")}`)).toBe(1); // signs that mean something to LIKE
    expect(await count("?search=0123456789ABCDEF")).toBe(1); // in what was after, in whatever case
    expect(await count("?who=anna&action=refund&object=order")).toBe(13);
    const day = addDays(dayOf(NOW), -2);
    for (const { at } of (await page(`?from=${day}&to=${day}`)).items) expect(dayOf(later(NOW, at - NOW))).toBe(day);
    expect(await count(`?from=${day}&to=${day}`)).toBe(24);
  });

  test("names what a row is about, and tells before and after as they were written", async () => {
    const { items } = await page("?object=meter:11");
    expect(items[0]).toMatchObject({ objectName: "1-11 E11", before: { n: 200 }, after: { n: 201 } });
  });

  test("a text that is no JSON any more is shown as it stands, and breaks nothing", async () => {
    await write({ i: 300, actor: "struck" });
    await db.transact((tx) =>
      tx.updateTable("audit").set({ after: "{broken" }).where("actor", "=", "struck").execute(),
    );
    expect((await page("?who=struck")).items[0]?.after).toEqual({ unreadable: "{broken" });
  });

  test.each([
    "?from=2026-02-31",
    "?from=yesterday",
    "?before=x",
    "?limit=0",
    "?limit=1000",
    "?before=1.2;drop",
    "?who=",
  ])("%s is refused as input", async (query) => {
    const answer = await app.inject(asked(auditor, "GET", `/api/audit${query}`));
    expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_input"]);
  });

  test("who looks after some meters only sees none of it, nor a file of it", async () => {
    const limited = await enrol(db, { permissions: ["audit.view"], areas: [1, 2] });
    const wish = { key: "limited-audit", report: "audit", filter: {} };
    for (const request of [
      asked(limited, "GET", "/api/audit"),
      asked(limited, "GET", "/api/audit/summary"),
      asked(limited, "GET", "/api/audit/file"),
      asked(limited, "POST", "/api/exports", wish),
    ]) {
      const answer = await app.inject(request);
      expect([answer.statusCode, answer.json().code]).toEqual([403, "audit_needs_all_meters"]);
    }
  });

  test("the choices of the filter name every kind once", async () => {
    const summary = (await app.inject(asked(auditor, "GET", "/api/audit/summary"))).json();
    expect(summary.kinds).toEqual(expect.arrayContaining(["meter", "meters", "order"]));
    expect(new Set(summary.kinds).size).toBe(summary.kinds.length);
    expect(summary.actors).toEqual(expect.arrayContaining(["anna", "bao", "job"]));
    expect(summary.chain).toMatchObject({ checkedAt: null, ok: null });
  });

  test("the file holds what the filter holds, and a text that begins like a formula stays a text", async () => {
    await write({ i: 400, actor: "formula", reason: "=1+1" });
    const answer = await app.inject(asked(auditor, "GET", "/api/audit/file?who=formula&language=en"));
    expect(answer.statusCode).toBe(200);
    const [sheet] = await readSheet(answer.rawPayload);
    const rows = sheet?.data ?? [];
    const head = rows.findIndex((row) => row.includes("Reason"));
    expect(rows.slice(head + 1)).toHaveLength(1);
    expect(rows[head + 1]).toEqual(expect.arrayContaining(["=1+1", "Trip", "meter.trip"]));
    expect(rows.flat().join(" ")).toContain("not checked yet");
  });
});
