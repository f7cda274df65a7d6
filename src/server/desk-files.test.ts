import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RechargeTotals } from "#contract/money.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

describe.each(testDatabases.filter(({ available }) => available))("files of the desk on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let cashier: TestUser;
  let manager: TestUser;

  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db);
    cashier = await enrol(db, {});
    manager = await enrol(db, { areas: [1] });
    let nth = 0;
    for (const [meterId, amount, channel] of [
      [11, "100", "cash"],
      [12, "80.5", "transfer"],
      [21, "33.33", "cash"],
      [11, "20", "cash"],
    ] as const) {
      const key = `file-payment-${++nth}`;
      const answer = await app.inject(
        asked(cashier, "POST", "/api/recharges", { key, meterId, amount, channel, note: "=1+1" }),
      );
      expect(answer.statusCode, answer.body).toBe(201);
    }
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  async function sheet(user: TestUser, url: string): Promise<unknown[][]> {
    const answer = await app.inject(asked(user, "GET", url));
    expect(answer.statusCode, answer.body).toBe(200);
    expect(answer.headers["content-type"]).toContain("spreadsheetml");
    const [first] = await readSheet(answer.rawPayload);
    return first?.data ?? [];
  }
  const totals = async (user: TestUser, query: string) =>
    (await app.inject(asked(user, "GET", `/api/recharges/totals${query}`))).json() as RechargeTotals;

  test.each([
    ["everything", "", 4, 233.83],
    ["one channel", "?channel=cash", 3, 153.33],
    ["one meter", "?meterId=11", 2, 120],
    ["one customer", "?customerId=12", 1, 80.5],
    ["an area", "?areaId=2", 1, 33.33],
    ["a room", `?search=${encodeURIComponent("2-21")}`, 1, 33.33],
    ["a state", "?state=withdrawn", 0, 0],
    ["days that are over", "?from=2020-01-01&to=2020-12-31", 0, 0],
    ["text that looks like a pattern", `?search=${encodeURIComponent("%_")}`, 0, 0],
  ])("the records of %s: list, totals and file agree", async (_, query, count, sum) => {
    const list = (await app.inject(asked(cashier, "GET", `/api/recharges${query}`))).json().items;
    const sums = await totals(cashier, query);
    const rows = await sheet(cashier, `/api/recharges/file${query}`);
    const data = rows.slice(4, -1);
    expect([list.length, sums.count, data.length]).toEqual([count, count, count]);
    expect([Number(sums.amount), rows.at(-1)?.[7]]).toEqual([sum, sum]);
    expect(data.reduce((total, row) => total + Number(row[7]) * 100, 0)).toBeCloseTo(sum * 100);
    expect(rows[3]?.slice(0, 3)).toEqual(["时间", "单号", "票据号"]);
    if (count > 0) expect(data[0]?.at(-1)).toBe("=1+1"); // a note is never a formula
  });

  test("the file of a manager holds his meters alone, and says what was filtered", async () => {
    const rows = await sheet(manager, "/api/recharges/file?channel=cash");
    expect(rows.slice(4, -1).map((row) => row[3])).toEqual(["1-11", "1-11"]);
    expect(rows[1]?.[0]).toBe("筛选: 收款方式 现金");
    const english = await sheet(manager, "/api/recharges/file?channel=cash&language=en");
    expect([english[0]?.[0], english[1]?.[0], english.at(-1)?.[0]]).toEqual([
      "Recharges",
      "Filter: channel Cash",
      "Total",
    ]);
  });

  test("a filter that is no filter is refused", async () => {
    for (const query of ["?from=2026-13-01", "?meterId=-1", "?channel=gold", "?state=lost", "?operator="]) {
      const answer = await app.inject(asked(cashier, "GET", `/api/recharges/file${query}`));
      expect([query, answer.statusCode]).toEqual([query, 400]);
    }
  });

  test("the statement of a room adds up to the last digit and knows no other room", async () => {
    const to = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    const url = `/api/rooms/11/statement?from=2020-01-01&to=${to}`;
    const found = (await app.inject(asked(cashier, "GET", url))).json();
    const n = (text: string) => Math.round(Number(text) * 10_000);
    expect(n(found.opening) + n(found.recharges) - n(found.usage) - n(found.shares) + n(found.others)).toBe(
      n(found.closing),
    );
    expect([found.recharges, found.closing]).toEqual(["120.00", "120.00"]);
    expect(n(found.inMeters) + n(found.inWallet) - n(found.debts)).toBe(n(found.closing));
    expect(found.lines.map((line: { number: string }) => line.number)).toEqual(["E11", "E11"]);
    const rows = await sheet(cashier, url.replace("statement?", "statement/file?"));
    expect(rows.at(-1)?.[6]).toBe(120);
    expect(JSON.stringify(rows)).not.toContain("E21");
    const none = (
      await app.inject(asked(cashier, "GET", "/api/rooms/11/statement?from=2019-01-01&to=2019-12-31"))
    ).json();
    expect(none).toMatchObject({ opening: "0.00", closing: "0.00", lines: [] });
    const backwards = await app.inject(asked(cashier, "GET", "/api/rooms/11/statement?from=2026-02-01&to=2026-01-01"));
    expect(backwards.statusCode).toBe(400);
  });

  test("a shift's report is blind until it is closed, and its file opens", async () => {
    const { items } = (await app.inject(asked(cashier, "GET", "/api/shifts?mine=1"))).json();
    const { shiftId } = items[0];
    const open = (await app.inject(asked(cashier, "GET", `/api/shifts/${shiftId}`))).json();
    expect(open).toMatchObject({ shift: { expected: null, state: "open" }, cash: [] });
    const count = await app.inject(
      asked(cashier, "POST", `/api/shifts/${shiftId}/counts`, { key: "count-of-a-shift", counted: "153.33" }),
    );
    expect(count.json()).toMatchObject({ n: 1, expected: "153.33", difference: "0.00" });
    const closed = await app.inject(asked(cashier, "POST", `/api/shifts/${shiftId}/close`, { count: 1 }));
    expect(closed.json()).toMatchObject({
      shift: { state: "closed", expected: "153.33", counted: "153.33" },
      channels: [
        { channel: "cash", count: 3, amount: "153.33" },
        { channel: "transfer", count: 1, amount: "80.50" },
      ],
      recharges: { count: 4, amount: "233.83" },
      refunds: { count: 0, amount: "0.00" },
    });
    const rows = await sheet(cashier, `/api/shifts/${shiftId}/file`);
    expect(rows.find((row) => row[1] === "实际清点")?.[3]).toBe(153.33);
    expect((await app.inject(asked(manager, "GET", `/api/shifts/${shiftId}`))).statusCode).toBe(404);
  });

  test("every print of a receipt is counted once, the second is a reprint", async () => {
    const { items } = (await app.inject(asked(cashier, "GET", "/api/recharges?limit=1"))).json();
    const [{ paymentNo }] = items;
    const print = async (key: string) =>
      (await app.inject(asked(cashier, "POST", `/api/payments/${paymentNo}/prints`, { key }))).json();
    expect(await print("print-no-one")).toEqual({ n: 1 });
    expect(await print("print-no-one")).toEqual({ n: 1 });
    expect(await Promise.all([print("print-no-two"), print("print-no-two")])).toEqual([{ n: 2 }, { n: 2 }]);
    for (let n = 3; n < 20; n++) {
      const twice = [print(`print-number-${n}`), print(`print-number-${n}`)];
      expect(await Promise.all(twice)).toEqual([{ n }, { n }]);
    }
    const seen = (await app.inject(asked(cashier, "GET", `/api/payments/${paymentNo}`))).json();
    expect(seen).toMatchObject({ prints: 19, receiptNo: expect.stringMatching(/^\d{4}-\d{6}$/) });
    const audit = await db.read
      .selectFrom("audit")
      .select("action")
      .where("object", "=", `payment:${paymentNo}`)
      .execute();
    const reprints = Array.from({ length: 18 }, () => "receipt.reprint");
    expect(audit.map((row) => row.action)).toEqual(["receipt.print", ...reprints]);
  });

  test("the page of a customer has his rooms, his money as of now, and his story", async () => {
    const detail = (await app.inject(asked(cashier, "GET", "/api/customers/11"))).json();
    expect(detail).toMatchObject({ name: "客户11", rooms: [{ roomId: 11, name: "1-11" }], metersElsewhere: false });
    expect(detail.meters[0]).toMatchObject({ roomId: 11, usePerDayWh: null, daysLeftTenths: null });
    expect(Number(detail.underWay)).toBeGreaterThan(0); // units that the meter has not confirmed
    const ids: string[] = [];
    let before = "";
    for (let page = 0; page < 10; page++) {
      const query = before === "" ? "" : `&before=${encodeURIComponent(before)}`;
      const story = (await app.inject(asked(cashier, "GET", `/api/customers/11/timeline?limit=1${query}`))).json();
      ids.push(...story.items.map((entry: { id: string }) => entry.id));
      const last = story.items.at(-1);
      if (!story.more) break;
      before = `${last.at}.${last.id}`;
    }
    const whole = (await app.inject(asked(cashier, "GET", "/api/customers/11/timeline"))).json();
    expect(ids).toEqual(whole.items.map((entry: { id: string }) => entry.id));
    expect(whole.items.filter((entry: { source: string }) => entry.source === "payment")).toHaveLength(2);
    const found = (
      await app.inject(asked(manager, "GET", `/api/customers?search=${encodeURIComponent("客户")}`))
    ).json();
    expect(found.items.map((hit: { name: string }) => hit.name).sort()).toEqual(["客户11", "客户12"]);
  });
});
