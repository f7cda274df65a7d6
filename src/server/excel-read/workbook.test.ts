import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { FAULTS_MAX } from "#domain/import-fault.ts";
import { zip } from "../excel/zip.ts";
import { readImportFile } from "./import-file.ts";
import { openZip } from "./unzip.ts";
import { readWorkbook } from "./workbook.ts";

async function packed(parts: Record<string, string | Iterable<string>>): Promise<Buffer> {
  const bytes: Buffer[] = [];
  const entries = Object.entries(parts).map(([name, text]) => ({
    name,
    content: typeof text === "string" ? [text] : text,
  }));
  for await (const part of zip(entries)) bytes.push(part);
  return Buffer.concat(bytes);
}

const sheetPart = "xl/worksheets/sheet1.xml";
const frame = (sheet: string | Iterable<string>, more: Record<string, string | Iterable<string>> = {}) =>
  packed({
    "xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="表计" r:id="rId1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    [sheetPart]: sheet,
    ...more,
  });
const sheet = (rows: string, tail = "") => `<worksheet><sheetData>${rows}</sheetData>${tail}</worksheet>`;
const text = (at: string, value: string) => `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
const code = (doing: Promise<unknown>) =>
  doing.then(
    () => "read",
    (error) => (error instanceof AppError ? error.code : String(error)),
  );
const everything = () => true;

test("cells come as they lie: shared, inline, numbers, formulas, errors, merged ranges, escapes", async () => {
  const file = await frame(
    sheet(
      `<row r="3"><c r="A3" t="s"><v>1</v></c>${text("C3", "a&amp;b&#65;_x0041_")}<c r="D3"><v>1.23457E+11</v></c><c r="E3"><f>A1</f><v>7</v></c><c r="F3" t="e"><v>#REF!</v></c><c r="G3"/></row>`,
      `<mergeCells><mergeCell ref="A3:B4"/></mergeCells>`,
    ),
    {
      "xl/sharedStrings.xml":
        "<sst><si><t>零</t></si><si><r><t>富</t></r><r><t>文本</t></r><rPh><t>fu</t></rPh></si></sst>",
    },
  );
  const { sheets } = await readWorkbook(file, everything);
  expect(sheets[0]?.rows).toEqual([
    {
      row: 3,
      cells: [
        { column: 0, kind: "text", text: "富文本" },
        { column: 2, kind: "text", text: "a&bAA" },
        { column: 3, kind: "number", text: "1.23457E+11" },
        { column: 4, kind: "formula", text: "7" },
        { column: 5, kind: "error", text: "#REF!" },
      ],
    },
  ]);
  expect(sheets[0]?.merges).toEqual([{ fromColumn: 0, toColumn: 1, fromRow: 3, toRow: 4 }]);
});

test("a bomb is refused by what it says and by what it is, before it fills the memory", async () => {
  function* zeros(): Generator<string> {
    for (let i = 0; i < 300; i++) yield " ".repeat(1024 * 1024);
  }
  const honest = await frame(zeros());
  expect(honest.length).toBeLessThan(3 * 1024 * 1024);
  expect(await code(readWorkbook(honest, everything))).toBe("import_file_bomb");
  // The same, but the directory says that it is small.
  const small = await frame(sheet(""));
  const bomb = deflateRawSync(Buffer.alloc(50 * 1024 * 1024, "<r/>"));
  const lying = forged(small, bomb);
  expect(await code(readWorkbook(lying, everything))).toBe("import_file_bomb");
});

/** Puts other bytes under the sheet of a file and keeps its sizes as they were told. */
function forged(file: Buffer, body: Buffer): Buffer {
  const at = file.indexOf(sheetPart) - 30;
  const head = file.subarray(at, at + 30 + sheetPart.length);
  const end = file.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const from = file.readUInt32LE(end + 16);
  const directory = Buffer.from(file.subarray(from, end));
  const line = directory.lastIndexOf(Buffer.from(sheetPart)) - 46;
  directory.writeUInt32LE(body.length, line + 20);
  const tail = Buffer.from(file.subarray(end));
  tail.writeUInt32LE(at + head.length + body.length, 16);
  return Buffer.concat([file.subarray(0, at), head, body, directory, tail]);
}

test("what lies about its size, is cut off, locked, doubled or holds entities is refused", async () => {
  const good = await frame(sheet(`<row r="1">${text("A1", "表号")}</row>`));
  for (const cut of [10, 200, good.length - 1])
    expect(await code(readWorkbook(good.subarray(0, cut), everything))).not.toBe("read");
  const locked = Buffer.from(good);
  locked.writeUInt16LE(
    locked.readUInt16LE(locked.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 8) | 1,
    locked.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 8,
  );
  expect(await code(readWorkbook(locked, everything))).toBe("import_file_old");
  const entities = await frame(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${sheet("")}`);
  expect(await code(readWorkbook(entities, everything))).toBe("import_file_broken");
  const endless = await frame([`<worksheet><sheetData a="`, "x".repeat(300_000)]);
  expect(await code(readWorkbook(endless, everything))).toBe("import_file_broken");
  expect(await code(readWorkbook(await packed({ "a.txt": "nothing" }), everything))).toBe("import_file_not_excel");
  expect(() => openZip(Buffer.alloc(0))).toThrow(AppError);
});

test("every cut and every broken byte of a good file ends in an answer, never in a crash", async () => {
  const good = await frame(sheet(`<row r="1">${text("A1", "表号")}${text("B1", "片区")}</row>`));
  for (let at = 0; at < good.length; at += 7) {
    const broken = Buffer.from(good);
    broken[at] = (broken[at] ?? 0) ^ 0x55;
    expect(await code(readWorkbook(broken, everything))).toMatch(/^(read|import_\w+)$/);
  }
});

test("more rows than are allowed end the reading, and long texts are cut", async () => {
  function* rows(): Generator<string> {
    yield "<worksheet><sheetData>";
    for (let i = 1; i <= 50_001; i++) yield `<row r="${i}">${text(`A${i}`, String(i * 7919))}</row>`;
    yield "</sheetData></worksheet>";
  }
  expect(await code(readWorkbook(await frame(rows()), everything))).toBe("import_rows_many");
  const long = await frame(sheet(`<row r="1">${text("A1", "长".repeat(5_000))}</row>`));
  expect((await readWorkbook(long, everything)).sheets[0]?.rows[0]?.cells[0]?.text.length).toBe(1_001);
});

test("columns may stand in any order and language; what is missing, unknown, doubled or merged is told", async () => {
  const head = `<row r="2">${text("B2", "Address*")}${text("C2", "表号")}${text("D2", "颜色")}${text("E2", "表号")}</row>`;
  const { faults } = await readImportFile(await frame(sheet(`${head}<row r="3">${text("C3", "1")}</row>`)));
  expect(faults.map((fault) => `${fault.column}${fault.row} ${fault.code} ${fault.details.column}`)).toEqual([
    "D2 import_column_unknown 颜色",
    "E2 import_column_twice number",
    ...["area", "room", "profile", "concentrator"].map((key) => `2 import_column_missing ${key}`),
  ]);
  const names = ["片区", "表号", "房间", "表型", "通信地址", "集中器编号", "单价"];
  const full = `<row r="1">${names.map((name, i) => text(`${"ABCDEFG"[i]}1`, name)).join("")}</row>`;
  const merged = await readImportFile(
    await frame(
      sheet(
        `${full}<row r="2">${text("A2", "　区 ")}<c r="B2"><v>123</v></c><c r="C2"><f>1+1</f><v>2</v></c>${text("D2", "jc1")}<c r="E2"><v>123457000000</v></c>${text("F2", "Ｃ１")}<c r="G2"><v>0.80000000000000004</v></c></row>`,
        `<mergeCells><mergeCell ref="D2:D3"/></mergeCells>`,
      ),
    ),
  );
  expect(merged.faults.map((fault) => `${fault.column}${fault.row} ${fault.code}`)).toEqual([
    "C2 import_cell_formula",
    "D2 import_cell_merged",
    "E2 import_cell_mangled",
  ]);
  expect(merged.rows[0]).toMatchObject({
    values: { area: "区", number: "123", concentrator: "C1", price: "0.8" },
    numbers: ["number", "price"],
  });
});

test("a cell that is written over and over, rows beyond any sheet and more cells than people fill in are refused", async () => {
  const row = (cells: string, at = "1") => frame(sheet(`<row r="${at}">${cells}</row>`));
  const twice = `${text("B1", "1")}${text("B1", "2")}`;
  expect(await code(readWorkbook(await row(twice), everything))).toBe("import_file_broken");
  expect(await code(readWorkbook(await row(`${text("B1", "1")}${text("A1", "2")}`), everything))).toBe(
    "import_file_broken",
  );
  expect(await code(readWorkbook(await row(text("A1", "1"), "1e300"), everything))).toBe("import_file_broken");
  function* cells(): Generator<string> {
    yield "<worksheet><sheetData>";
    const row = (i: number) => Array.from({ length: 100 }, (_, j) => `<c><v>${(i * 7919 * j) % 9973}</v></c>`).join("");
    for (let i = 1; i <= 20_001; i++) yield `<row>${row(i)}</row>`;
    yield "</sheetData></worksheet>";
  }
  expect(await code(readWorkbook(await frame(cells()), everything))).toBe("import_file_bomb");
});

/** A sheet of meters with all required columns; `rows` are their other cells. */
function meters(rows: Iterable<string>, more: { heads?: readonly string[]; tail?: string } = {}): Promise<Buffer> {
  const names = ["片区", "表号", "房间", "表型", "通信地址", "集中器编号", "单价", ...(more.heads ?? [])];
  const head = `<row r="1">${names.map((name, i) => text(`${"ABCDEFGHIJ"[i]}1`, name)).join("")}</row>`;
  return frame(["<worksheet><sheetData>", head, ...rows, `</sheetData>${more.tail ?? ""}</worksheet>`]);
}

test("counts that come to millions of meters are refused before anybody counts them up", async () => {
  const cells = "区,M1,{1-500},jc1,000000000001,C1,0.8,500".split(",");
  const row = (i: number) =>
    `<row r="${i}">${cells.map((cell, at) => text(`${"ABCDEFGH"[at]}${i}`, cell)).join("")}</row>`;
  const rows = Array.from({ length: 101 }, (_, i) => row(i + 2));
  expect(await code(readImportFile(await meters(rows, { heads: ["数量"] })))).toBe("import_meters_many");
  expect(await code(readImportFile(await meters(rows.slice(1), { heads: ["数量"] })))).toBe("read");
});

test("of mistakes that repeat themselves so many are kept as anybody reads", async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => `<row r="${i + 2}">${text(`B${i + 2}`, String(i))}</row>`);
  const { faults } = await readImportFile(await meters(rows));
  expect(faults.length).toBeGreaterThanOrEqual(FAULTS_MAX);
  expect(faults.length).toBeLessThan(FAULTS_MAX + 10);
});

test("a cell is merged when any range holds it, in whatever order the ranges stand", async () => {
  const rows = [2, 3, 4, 9].map((i) => `<row r="${i}">${text(`B${i}`, String(i))}</row>`);
  const ranges = ["B9:B20", "B3:B4", "A4:C4", "Z2:Z9"].map((ref) => `<mergeCell ref="${ref}"/>`).join("");
  const { faults } = await readImportFile(await meters(rows, { tail: `<mergeCells>${ranges}</mergeCells>` }));
  const merged = faults.filter((fault) => fault.code === "import_cell_merged");
  expect(merged.map((fault) => `${fault.column}${fault.row}`)).toEqual(["B3", "A4", "B4", "C4", "B9"]);
});
