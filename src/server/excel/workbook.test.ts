import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { openZip } from "../excel-read/unzip.ts";
import { type ExcelColumn, type ExcelTable, excelFile as paced, unpaced } from "./workbook.ts";

type Row = { name: string; paidE4: number | null; usedWh: number; at: number; day: string };

const columns: readonly ExcelColumn<Row>[] = [
  { header: "户名", type: "text", width: 14, value: (row) => row.name },
  { header: "金额(元)", type: "money", width: 12, value: (row) => row.paidE4, sum: true },
  { header: "用量(kWh)", type: "units", width: 12, value: (row) => row.usedWh, sum: true },
  { header: "时间", type: "time", width: 20, value: (row) => row.at },
  { header: "日期", type: "day", width: 12, value: (row) => row.day },
];

function table(rows: ExcelTable<Row>["rows"]): ExcelTable<Row> {
  return { title: "充值记录", notes: ["筛选:全部", "导出时间:2026-08-01 10:00:00"], columns, rows, totalWord: "合计" };
}

const excelFile = (of: ExcelTable<Row>) => paced(of, unpaced);

/** The file as another program reads it. */
async function read(rows: ExcelTable<Row>["rows"]): Promise<unknown[][]> {
  const parts: Buffer[] = [];
  for await (const part of excelFile(table(rows))) parts.push(part);
  const [sheet] = await readSheet(Buffer.concat(parts), { trim: false });
  return sheet?.data ?? [];
}

const SOME: Row = {
  name: "王小明",
  paidE4: 1_000_000,
  usedWh: 133_000,
  at: instant(1_785_549_600_000),
  day: "2026-08-01",
};

test("another reader finds title, notes, headers, numbers as numbers, times as times of the site, and the sum", async () => {
  const sheet = await read([SOME, { ...SOME, name: "李雷", paidE4: 1, usedWh: 1, day: "2026-02-28" }]);
  expect(sheet.slice(0, 4).map((row) => row[0])).toEqual([
    "充值记录",
    "筛选:全部",
    "导出时间:2026-08-01 10:00:00",
    "户名",
  ]);
  expect(sheet[3]).toEqual(["户名", "金额(元)", "用量(kWh)", "时间", "日期"]);
  const [name, paid, used, at, day] = sheet[4] ?? [];
  expect([name, paid, used]).toEqual(["王小明", 100, 133]);
  expect(at).toEqual(new Date("2026-08-01T10:00:00Z")); // the reader knows no zones: it is ten o'clock where the meter hangs
  expect(day).toEqual(new Date("2026-08-01T00:00:00Z"));
  expect(sheet[5]?.slice(0, 3)).toEqual(["李雷", 0.0001, 0.001]);
  expect(sheet[6]?.slice(0, 3)).toEqual(["合计", 100.0001, 133.001]);
});

test("text that looks like a formula, a number, a tag or an escape stays the text it is", async () => {
  const names = ["=1+1", "+86138", "-5", "@sum", "000123", "1e5", "<b>&amp;</b>", "_x0041_", " 前后空格 ", "引\"号'"];
  const sheet = await read(names.map((name) => ({ ...SOME, name })));
  expect(sheet.slice(4, 4 + names.length).map((row) => row[0])).toEqual(names);
});

test("characters that XML cannot carry are dropped, and what is missing is an empty cell", async () => {
  const sheet = await read([{ ...SOME, name: "甲\u0000\u001f乙\ufffe", paidE4: null }]);
  expect(sheet[4]?.slice(0, 3)).toEqual(["甲乙", null, 133]);
  expect(sheet[5]?.slice(0, 2)).toEqual(["合计", 0]);
});

test("a file without rows opens and sums to zero", async () => {
  const sheet = await read([]);
  expect(sheet[4]?.slice(0, 3)).toEqual(["合计", 0, 0]);
});

test("a sum leaves out the rows that a column says do not count, as its formula does", async () => {
  const counted: ExcelTable<Row>["columns"] = [
    { header: "计入", type: "text", width: 8, value: (row) => (row.name === "总表" ? "否" : "是"), countedAs: "是" },
    { header: "用量", type: "units", width: 12, value: (row) => row.usedWh, sum: "counted" },
    { header: "全部", type: "units", width: 12, value: (row) => row.usedWh, sum: true },
  ];
  const parts: Buffer[] = [];
  const rows = [SOME, { ...SOME, name: "总表", usedWh: 7_000 }, { ...SOME, usedWh: 1_000 }];
  for await (const part of excelFile({ ...table(rows), columns: counted })) parts.push(part);
  const [sheet] = await readSheet(Buffer.concat(parts), { trim: false });
  expect(sheet?.data[7]).toEqual(["合计", 134, 141]);
  const xml = await text(openZip(Buffer.concat(parts)).read("xl/worksheets/sheet1.xml"));
  expect(xml).toContain('<f>SUMIF(A5:A7,"是",B5:B7)</f>');
  expect(xml).toContain("<f>SUM(C5:C7)</f>");
});

test("whatever the amounts are, every cell is exact and the last row is their sum", async () => {
  const amount = fc.integer({ min: -10_000_000_000, max: 10_000_000_000 });
  await fc.assert(
    fc.asyncProperty(fc.array(amount, { maxLength: 30 }), async (amounts) => {
      const sheet = await read(amounts.map((paidE4) => ({ ...SOME, paidE4 })));
      const written = sheet.slice(4, 4 + amounts.length).map((row) => Math.round(Number(row[1]) * 10_000));
      expect(written).toEqual(amounts.map((each) => each + 0));
      const total = amounts.reduce((sum, each) => sum + each, 0);
      expect(Math.round(Number(sheet[4 + amounts.length]?.[1]) * 10_000)).toBe(total);
    }),
    { numRuns: 40 },
  );
});

test("a large file is read no faster than it is taken away, and stops reading when nobody wants it", async () => {
  let given = 0;
  let closed = false;
  async function* endless(): AsyncGenerator<Row> {
    try {
      for (;;) {
        given++;
        yield { ...SOME, name: `客户${given}${Math.sin(given)}` };
      }
    } finally {
      closed = true;
    }
  }
  const file = excelFile(table(endless()));
  const reader = file[Symbol.asyncIterator]();
  while (given === 0) await reader.next();
  let before: number;
  do {
    before = given;
    for (let turn = 0; turn < 50; turn++) await setImmediate();
  } while (given !== before);
  expect(given).toBeLessThan(50_000); // it waits for its reader instead of filling the memory
  file.destroy();
  while (!closed) await setImmediate();
});

test("a failing source breaks the file off instead of ending it", async () => {
  async function* failing(): AsyncGenerator<Row> {
    yield SOME;
    throw new Error("the database went away");
  }
  await expect(read(failing())).rejects.toThrow("the database went away");
});
