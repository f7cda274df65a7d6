import { AppError } from "#base/errors.ts";
import { readCell } from "#domain/import-cells.ts";
import { FAULTS_MAX, type ImportFacts, type ImportFault, type ImportRow } from "#domain/import-fault.ts";
import {
  EXAMPLE_WORDS,
  type ImportColumn,
  type ImportSheet,
  importColumns,
  importSheets,
  REMARK,
  sheetNames,
} from "#domain/import-sheets.ts";
import { pause } from "#system/clock.ts";
import { columnName } from "../excel/cells.ts";
import { type RawCell, type RawRow, type RawSheet, readWorkbook } from "./workbook.ts";

/** Headers stand in one of the first rows; above them there may be a title. */
const HEADER_ROWS = 10;
const ROWS_AT_ONCE = 500;
/** Meters of one file: as many as rows, whatever their counts say. */
const METERS_MAX = 50_000;
/** No header and no mark of an example is longer. */
const WORD_CHARS_MAX = 60;
/** Sheets of the template that hold no data. */
export const HELP_SHEETS = { help: { zh: "填写说明", en: "Help" }, models: { zh: "表型", en: "Models" } } as const;

/** A file as rows of the archive: cells in one form, and what is wrong with single cells. */
export type ImportFile = { facts: ImportFacts; rows: ImportRow[]; faults: ImportFault[] };

/** Reads a workbook by the names of its sheets and headers, in whatever order and language they are. */
export async function readImportFile(file: Buffer): Promise<ImportFile> {
  const { sheets, date1904 } = await readWorkbook(file, (name) => sheetOf(name) !== null);
  const rows: ImportRow[] = [];
  const faults: ImportFault[] = [];
  const facts: { -readonly [K in keyof ImportFacts]: ImportFacts[K][number][] } = { sheets: [], ignored: [] };
  const helpers = Object.values(HELP_SHEETS).flatMap(({ zh, en }) => [plain(zh), plain(en)]);
  for (const raw of sheets) {
    const sheet = sheetOf(raw.name);
    if (sheet === null) {
      if (!helpers.includes(plain(raw.name))) facts.ignored.push(raw.name.slice(0, 31));
      continue;
    }
    const before = rows.length;
    const columns = await readRows(raw, sheet, { rows, faults, date1904 });
    facts.sheets.push({ sheet, name: raw.name, rows: rows.length - before, columns });
  }
  if (facts.sheets.length === 0) {
    const names = importSheets.map((sheet) => sheetNames[sheet].zh).join("、");
    throw new AppError("import_sheets_missing", { names });
  }
  if (rows.length === 0 && faults.length === 0) throw new AppError("import_empty");
  // Before anybody counts them up: rows of five hundred each would come to millions of numbers.
  const meters = rows.reduce((sum, row) => sum + (row.sheet === "meters" ? Number(row.values.count ?? 1) : 0), 0);
  if (meters > METERS_MAX) throw new AppError("import_meters_many", { meters, max: METERS_MAX });
  return { facts, rows, faults };
}

function plain(word: string): string {
  return word
    .slice(0, WORD_CHARS_MAX)
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s*::()]/g, "");
}

function sheetOf(name: string): ImportSheet | null {
  const wanted = plain(name);
  return importSheets.find((each) => Object.values(sheetNames[each]).some((word) => plain(word) === wanted)) ?? null;
}

function columnOf(sheet: ImportSheet, word: string): ImportColumn | null {
  const wanted = plain(word);
  return importColumns[sheet].find(({ zh, en }) => plain(zh) === wanted || plain(en) === wanted) ?? null;
}

type Into = { rows: ImportRow[]; faults: ImportFault[]; date1904: boolean };

async function readRows(raw: RawSheet, sheet: ImportSheet, into: Into): Promise<Record<string, string>> {
  const head = headOf(raw, sheet);
  const at = new Map<number, ImportColumn>();
  const letters: Record<string, string> = {};
  const fault = (row: number, column: number, key: string, code: ImportFault["code"], more: object = {}) => {
    const { value = "", details = {} } = more as { value?: string; details?: ImportFault["details"] };
    into.faults.push({ sheet, row, column: column < 0 ? "" : columnName(column), key, value, code, details });
  };
  for (const cell of head?.cells ?? []) {
    if (isRemark(cell.text) || cell.text.trim() === "") continue;
    const column = columnOf(sheet, cell.text);
    const details = { column: cell.text.slice(0, 50) };
    if (column === null) fault(head?.row ?? 1, cell.column, "", "import_column_unknown", { details });
    else if (letters[column.key] !== undefined)
      fault(head?.row ?? 1, cell.column, column.key, "import_column_twice", { details: { column: column.key } });
    else {
      at.set(cell.column, column);
      letters[column.key] = columnName(cell.column);
    }
  }
  const missing = importColumns[sheet].filter((column) => column.required && letters[column.key] === undefined);
  if (raw.rows.length === 0) return letters;
  for (const { key } of missing) fault(head?.row ?? 1, -1, key, "import_column_missing", { details: { column: key } });
  if (missing.length > 0) return letters;
  const isMerged = mergedCells(raw.merges, [...at.keys()]);
  for (const [i, row] of raw.rows.entries()) {
    if (i % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await pause(0);
    if (row.row <= (head?.row ?? 0) || isSecondHead(row, sheet) || isExample(row, at)) continue;
    if (!row.cells.some((cell) => at.has(cell.column))) continue;
    // Nobody corrects so many one by one, and each is kept twice.
    if (into.faults.length >= FAULTS_MAX) break;
    readRow(row, { sheet, at, letters, isMerged, into, fault });
  }
  return letters;
}

/** Whether a cell lies in a merged range. Asked row by row, downwards: so each range is looked at once, however many there are. */
function mergedCells(merges: RawSheet["merges"], columns: readonly number[]): (row: number, column: number) => boolean {
  const waiting = merges.toSorted((a, b) => b.fromRow - a.fromRow);
  const until = new Map<number, number>();
  return (row, column) => {
    for (let range = waiting.at(-1); range !== undefined && range.fromRow <= row; range = waiting.at(-1)) {
      waiting.pop();
      for (const each of columns) {
        if (each < range.fromColumn || each > range.toColumn) continue;
        until.set(each, Math.max(until.get(each) ?? 0, range.toRow));
      }
    }
    return row <= (until.get(column) ?? 0);
  };
}

type Reading = {
  sheet: ImportSheet;
  at: ReadonlyMap<number, ImportColumn>;
  letters: Readonly<Record<string, string>>;
  isMerged: (row: number, column: number) => boolean;
  into: Into;
  fault: (row: number, column: number, key: string, code: ImportFault["code"], more?: object) => void;
};

function readRow(row: RawRow, { sheet, at, letters, isMerged, into, fault }: Reading): void {
  const values: Record<string, string> = {};
  const numbers: string[] = [];
  const wrong = new Set<string>();
  const cells = new Map<number, RawCell>(row.cells.map((cell) => [cell.column, cell]));
  for (const [index, column] of at) {
    const cell = cells.get(index);
    const value = column.kind === "secret" ? "" : (cell?.text.slice(0, 200) ?? "");
    if (isMerged(row.row, index)) {
      wrong.add(column.key);
      fault(row.row, index, column.key, "import_cell_merged", { value });
      continue;
    }
    if (cell === undefined) continue;
    const read = readCell(cell, column, into);
    if (!read.ok) {
      wrong.add(column.key);
      fault(row.row, index, column.key, read.code, { value, details: read.details });
    } else if (read.value !== "") {
      const why = formFault(column, read.value);
      if (why !== null) {
        wrong.add(column.key);
        fault(row.row, index, column.key, "import_cell_format", { value, details: why });
      }
      values[column.key] = read.value;
      if (cell.kind === "number") numbers.push(column.key);
    }
  }
  for (const column of importColumns[sheet]) {
    if (!column.required || values[column.key] !== undefined || wrong.has(column.key)) continue;
    const letter = letters[column.key] ?? "A";
    const details = { column: column.key };
    into.faults.push({
      sheet,
      row: row.row,
      column: letter,
      key: column.key,
      value: "",
      code: "import_cell_missing",
      details,
    });
  }
  into.rows.push({ sheet, row: row.row, values, ...(numbers.length > 0 && { numbers }) });
}

/** Names of things are printable ASCII without blanks: they go into frames, and are typed again by hand. */
function formFault(column: ImportColumn, value: string) {
  if (column.kind === "secret" && !/^[0-9a-fA-F]{32}$/.test(value))
    return { value: "", column: column.key, format: "link_key" };
  if ((column.kind === "digits" || column.kind === "code") && !/^[\x21-\x7e]+$/.test(value))
    return { value, column: column.key, format: "digits" };
  return null;
}

/** The first row in which most cells are headers that we know. */
function headOf(raw: RawSheet, sheet: ImportSheet): RawRow | null {
  const rows = raw.rows.filter((row) => row.row <= HEADER_ROWS);
  const known = (row: RawRow) => row.cells.filter((cell) => columnOf(sheet, cell.text) !== null).length;
  return rows.find((row) => known(row) > 0) ?? rows[0] ?? null;
}

/** The line of English headers below the Chinese ones. */
function isSecondHead(row: RawRow, sheet: ImportSheet): boolean {
  if (row.row > HEADER_ROWS) return false;
  const own = row.cells.filter((cell) => !isRemark(cell.text));
  return own.length > 0 && own.every((cell) => columnOf(sheet, cell.text) !== null);
}

function isRemark(text: string): boolean {
  return plain(text) === plain(REMARK.zh) || plain(text) === plain(REMARK.en);
}

/** The first cell, where remarks are, says that the row is an example. */
function isExample(row: RawRow, at: ReadonlyMap<number, ImportColumn>): boolean {
  const first = row.cells.find((cell) => !at.has(cell.column));
  return first !== undefined && EXAMPLE_WORDS.some((word) => plain(first.text).startsWith(word));
}
