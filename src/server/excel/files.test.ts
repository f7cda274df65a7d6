import { inflateRawSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "../test-town.ts";

/** Every list that can be taken out, and the words over its first columns. */
const FILES: readonly (readonly [path: string, ...headers: string[]])[] = [
  ["/api/reports/current/export", "片区", "房间", "表号", "客户"],
  ["/api/reports/matrix/export?month=2026-03", "片区", "房间", "表号", "客户", "01"],
  ["/api/reports/day/export?day=2026-03-01", "片区", "房间", "表号", "客户", "段"],
  ["/api/reports/period/export?period=2026-03", "名称", "表号", "客户", "表数", "用量"],
  ["/api/reports/readings/export?from=2026-03-01&to=2026-03-01", "片区", "房间", "表号", "客户", "时段起", "时段止"],
  ["/api/reports/completeness/export?day=2026-03-01", "集中器", "名称"],
  ["/api/reports/running-out/export", "客户", "电话", "片区"],
  ["/api/reports/running-out/export?show=unknown&days=14&sort=room", "客户", "电话", "片区"],
  ["/api/concentrators/export", "编号", "名称", "项目", "状态"],
  ["/api/recharges/file", "时间", "单号", "票据号"],
  ["/api/refunds/file", "时间", "退费单号", "类型"],
  ["/api/exchanges/export", "单号", "开单时间", "状态"],
  ["/api/groups/file", "编号", "状态", "客户"],
  ["/api/move-outs/export", "退租单号", "房间", "客户"],
  ["/api/trials/file", "编号", "状态", "项目", "范围"],
];

const FORMULA = `=HYPERLINK("http://x","${"长".repeat(70)}")`;

/** The formulas in the sheet of a workbook, taken out of its bytes by the directory at their end. */
function formulasOf(file: Buffer): string[] {
  let at = file.readUInt32LE(file.length - 6);
  for (let left = file.readUInt16LE(file.length - 12); left > 0; left--) {
    const [packed, length] = [file.readUInt32LE(at + 20), file.readUInt16LE(at + 28)];
    const begin = file.readUInt32LE(at + 42);
    if (file.subarray(at + 46, at + 46 + length).toString() === "xl/worksheets/sheet1.xml") {
      const data = begin + 30 + file.readUInt16LE(begin + 26) + file.readUInt16LE(begin + 28);
      const xml = inflateRawSync(file.subarray(data, data + packed)).toString();
      return [...xml.matchAll(/<f>([^<]*)<\/f>/g)].map(([, formula = ""]) => formula);
    }
    at += 46 + length + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  throw new Error("the workbook has no sheet");
}

describe.each(testDatabases.filter(({ available }) => available))("every file on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let user: TestUser;
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    await db.transact(async (tx) => {
      await tx.updateTable("customer").set({ name: FORMULA }).execute();
      await tx.updateTable("concentrator").set({ name: FORMULA }).execute();
      await tx.updateTable("meter").set({ label: "@SUM(A1)" }).where("id", "=", 11).execute();
    });
    app = await testApp(db);
    user = await enrol(db, {});
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  async function rowsOf(path: string): Promise<unknown[][]> {
    const answer = await app.inject(asked(user, "GET", path));
    expect(answer.statusCode, answer.body).toBe(200);
    const [sheet] = await readSheet(answer.rawPayload);
    return sheet?.data ?? [];
  }

  test.each(FILES)(
    "%s has a title, what was filtered, when and by whom, Chinese headers and a row of sums",
    async (path, ...headers) => {
      const rows = await rowsOf(path);
      const head = rows.findIndex((row) => row[0] === headers[0]);
      expect(head).toBeGreaterThan(1);
      expect(rows[head]?.slice(0, headers.length)).toEqual(headers);
      const above = rows.slice(0, head).map((row) => String(row[0]));
      expect(above[0]).toMatch(/[一-龥]/);
      expect(above.find((line) => line.startsWith("筛选: "))).toBeDefined();
      expect(above.find((line) => /\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/.test(line))).toBeDefined();
      expect(above.find((line) => line.includes("用户"))).toBeDefined();
      expect(rows.at(-1)?.[0]).toBe("合计");
    },
  );

  test.each(FILES)("%s holds no formula but its sums", async (path) => {
    const answer = await app.inject(asked(user, "GET", path));
    const texts = (await readSheet(answer.rawPayload))[0]?.data.flat() ?? [];
    expect(formulasOf(answer.rawPayload).filter((each) => !/^SUM\([A-Z]+\d+:[A-Z]+\d+\)$/.test(each))).toEqual([]);
    const names = texts.filter((each) => typeof each === "string" && each.includes("HYPERLINK"));
    for (const each of names) expect(each).toBe(FORMULA);
    if (path.includes("current")) expect(names.length).toBeGreaterThan(0);
    if (path.includes("current")) expect(texts).toContain("@SUM(A1)");
  });

  test("a success rate with decimals is a percentage", async () => {
    const at = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    await db.transact((tx) =>
      tx.insertInto("link_hour").values({ concentrator_id: 1, hour_at: at, asked: 3, answered: 2 }).execute(),
    );
    const rows = await rowsOf("/api/concentrators/export");
    const head = rows.find((row) => row[0] === "编号") ?? [];
    const row = rows.find((each) => each[0] === "C1") ?? [];
    expect(row[head.indexOf("24小时成功率")]).toBe(0.6667);
  });
});
