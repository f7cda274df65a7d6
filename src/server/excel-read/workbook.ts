import { StringDecoder } from "node:string_decoder";
import { setImmediate } from "node:timers/promises";
import { AppError } from "#base/errors.ts";
import { type Archive, openZip } from "./unzip.ts";
import { type XmlHandler, xmlReader } from "./xml.ts";

/** More than any field of ours holds: what is longer is cut here and refused later. */
const CELL_CHARS_MAX = 1_000;
/** Rows of all sheets together, headers included. */
export const ROWS_MAX = 50_000;
/** Columns beyond these are not looked at. */
const COLUMNS_MAX = 100;
/** Cells of all sheets together: fifty thousand rows of the widest sheet take about half of them. */
const CELLS_MAX = 2_000_000;
/** The last row of a sheet that Excel can open. */
const ROW_MAX = 1_048_576;
/** Excel allows 31; more is only looked at in vain. */
const NAME_CHARS_MAX = 100;
/** Different texts of a workbook, and what they come to. */
const STRINGS_MAX = 1_000_000;
const STRINGS_CHARS_MAX = 50_000_000;
const MERGES_MAX = 10_000;
const SHEETS_MAX = 50;

/**
 * A cell as it lies in the file: text as text, a number by its digits, and what a formula came to last; `date1904` moves days of old
 * Macintosh files. Empty cells are left out.
 */
export type RawCell = { column: number; kind: "text" | "number" | "formula" | "error"; text: string };
/** A row with its number as Excel shows it. */
export type RawRow = { row: number; cells: RawCell[] };
/** A sheet as it was read. Ranges of merged cells have 0-based columns and rows from 1. */
export type RawSheet = {
  name: string;
  rows: RawRow[];
  merges: { fromColumn: number; toColumn: number; fromRow: number; toRow: number }[];
};
export type RawWorkbook = { sheets: RawSheet[]; date1904: boolean };

/**
 * Reads the sheets that are wanted, a part at a time: the event loop has its turn after each, and everything has an end (bytes, rows,
 * texts). Refuses what is no workbook; what stands in the cells is judged by somebody else.
 */
export async function readWorkbook(file: Buffer, isWanted: (sheet: string) => boolean): Promise<RawWorkbook> {
  const archive = openZip(file);
  const main = "xl/workbook.xml";
  if (!archive.has(main)) throw new AppError("import_file_not_excel");
  const { named, date1904 } = await readNames(archive, main);
  const places = await readPlaces(archive);
  const strings = archive.has("xl/sharedStrings.xml") ? await readStrings(archive) : [];
  const sheets: RawSheet[] = [];
  let rowsLeft = ROWS_MAX;
  let cells = 0;
  const count = (): void => {
    if (++cells > CELLS_MAX) throw new AppError("import_file_bomb");
  };
  for (const { name, relation } of named) {
    const target = places.get(relation);
    if (!isWanted(name)) {
      sheets.push({ name, rows: [], merges: [] });
      continue;
    }
    if (target === undefined || !archive.has(target)) throw new AppError("import_file_broken");
    const sheet = await readSheet(archive, target, { name, strings, rowsMax: rowsLeft, count });
    rowsLeft -= sheet.rows.length;
    sheets.push(sheet);
  }
  return { sheets, date1904 };
}

async function parse(archive: Archive, part: string, handler: XmlHandler): Promise<void> {
  const reader = xmlReader(handler);
  const decoder = new StringDecoder("utf8");
  for await (const bytes of archive.read(part) as AsyncIterable<Buffer>) {
    reader.write(decoder.write(bytes));
    await setImmediate();
  }
  reader.write(decoder.end());
  reader.end();
}

async function readNames(archive: Archive, part: string) {
  const named: { name: string; relation: string }[] = [];
  let date1904 = false;
  await parse(archive, part, {
    open(name, attribute) {
      if (name === "workbookPr") date1904 = /^(1|true)$/.test(attribute("date1904") ?? "");
      if (name !== "sheet") return;
      if (named.length >= SHEETS_MAX) throw new AppError("import_file_broken");
      named.push({ name: (attribute("name") ?? "").slice(0, NAME_CHARS_MAX).trim(), relation: attribute("id") ?? "" });
    },
    close() {},
    text() {},
  });
  return { named, date1904 };
}

async function readPlaces(archive: Archive): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  await parse(archive, "xl/_rels/workbook.xml.rels", {
    open(name, attribute) {
      if (name !== "Relationship" || !(attribute("Type") ?? "").endsWith("/worksheet")) return;
      const target = attribute("Target") ?? "";
      places.set(attribute("Id") ?? "", target.startsWith("/") ? target.slice(1) : `xl/${target}`);
    },
    close() {},
    text() {},
  });
  return places;
}

async function readStrings(archive: Archive): Promise<string[]> {
  const strings: string[] = [];
  let text = "";
  let chars = 0;
  let isText = false;
  let isReading = false;
  await parse(archive, "xl/sharedStrings.xml", {
    open(name) {
      if (name === "si") text = "";
      if (name === "rPh") isReading = true; // how a text is read aloud is not part of it
      isText = name === "t" && !isReading;
    },
    close(name) {
      if (name === "rPh") isReading = false;
      isText = false;
      if (name !== "si") return;
      strings.push(text);
      chars += text.length;
      if (strings.length > STRINGS_MAX || chars > STRINGS_CHARS_MAX) throw new AppError("import_file_bomb");
    },
    text(part) {
      if (isText) text = cut(text + part);
    },
  });
  return strings;
}

function cut(text: string): string {
  return text.length > CELL_CHARS_MAX ? text.slice(0, CELL_CHARS_MAX + 1) : text;
}

async function readSheet(
  archive: Archive,
  part: string,
  options: { name: string; strings: readonly string[]; rowsMax: number; count: () => void },
): Promise<RawSheet> {
  const sheet: RawSheet = { name: options.name, rows: [], merges: [] };
  let row: RawRow = { row: 0, cells: [] };
  let column = -1;
  let type = "";
  let text = "";
  let isFormula = false;
  let isValue = false;

  function endCell(): void {
    const value = type === "s" ? (options.strings[Number(text)] ?? "") : text;
    if ((value === "" && !isFormula) || column >= COLUMNS_MAX) return;
    options.count();
    const isText = type === "s" || type === "str" || type === "inlineStr" || type === "d";
    const kind = isFormula ? "formula" : type === "e" ? "error" : isText ? "text" : "number";
    const shown = type === "b" ? (value === "1" ? "TRUE" : "FALSE") : value;
    row.cells.push({ column, kind: type === "b" ? "text" : kind, text: unescaped(shown) });
  }

  await parse(archive, part, {
    open(name, attribute) {
      if (name === "row") {
        const number = Number(attribute("r") ?? row.row + 1);
        if (!Number.isInteger(number) || number <= row.row || number > ROW_MAX)
          throw new AppError("import_file_broken");
        row = { row: number, cells: [] };
        column = -1;
      } else if (name === "c") {
        const next = columnOf(attribute("r")) ?? column + 1;
        if (next <= column) throw new AppError("import_file_broken"); // one cell written over again has no end
        column = next;
        type = attribute("t") ?? "";
        text = "";
        isFormula = false;
      } else if (name === "f") isFormula = true;
      else if (name === "mergeCell") addMerge(sheet, attribute("ref") ?? "");
      isValue = name === "v" || name === "t";
    },
    close(name) {
      isValue = false;
      if (name === "c") endCell();
      if (name !== "row" || row.cells.length === 0) return;
      if (sheet.rows.length >= options.rowsMax) throw new AppError("import_rows_many", { max: ROWS_MAX });
      sheet.rows.push(row);
    },
    text(more) {
      if (isValue) text = cut(text + more);
    },
  });
  return sheet;
}

/** Excel writes signs that XML cannot carry as `_x000D_`. */
function unescaped(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function columnOf(address: string | undefined): number | null {
  const [, letters] = /^([A-Z]{1,3})\d+$/.exec(address ?? "") ?? [];
  if (letters === undefined) return null;
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function addMerge(sheet: RawSheet, range: string): void {
  const [, from, fromRow, to, toRow] = /^([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})$/.exec(range) ?? [];
  if (from === undefined || to === undefined) return;
  if (sheet.merges.length >= MERGES_MAX) throw new AppError("import_file_broken");
  sheet.merges.push({
    fromColumn: columnOf(`${from}1`) ?? 0,
    toColumn: columnOf(`${to}1`) ?? 0,
    fromRow: Number(fromRow),
    toRow: Number(toRow),
  });
}
