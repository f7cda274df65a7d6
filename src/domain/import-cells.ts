import type { ErrorCode, ErrorDetails } from "#base/errors.ts";
import { DAY_MS, parseDay } from "#base/time.ts";
import type { ImportColumn } from "./import-sheets.ts";

/** A cell of an import as it lies in the file; see `server/excel-read`. */
export type ImportCell = { readonly kind: "text" | "number" | "formula" | "error"; readonly text: string };
/** What a cell says, as plain text in one form; or why it cannot be taken. Empty text: nothing stands there. */
export type CellReading = { ok: true; value: string } | { ok: false; code: ErrorCode; details: ErrorDetails };

/** Digits beyond which Excel rounds, and from how many zeros at the end a long number looks rounded. */
const EXACT_DIGITS = 15;
const LONG_DIGITS = 10;
const ROUND_ZEROS = 5;
/** Longer than any column allows: what is only pasted in is not looked through. */
const CHARS_MAX = 300;
/** Days from Excel's day 0 to 1970-01-01, and those that old Macintosh files begin later. */
const EPOCH_DAY = 25_569;
const LATER_1904 = 1_462;
/** 2000-01-01 … 2100-01-01: numbers outside are no days. */
const DAYS = { first: 36_526, last: 73_051 };

/** Reads a cell as its column wants it: blanks around it, and full-width digits of the columns that want digits, do not matter. */
export function readCell(cell: ImportCell, column: ImportColumn, file: { date1904: boolean }): CellReading {
  if (cell.kind === "formula") return bad("import_cell_formula");
  if (cell.kind === "error") return bad("import_cell_error", { value: cell.text });
  if (cell.text.length > CHARS_MAX) return bad("import_cell_long", { column: column.key, max: column.max ?? 200 });
  const text = trimmed(cell.text);
  if (text === "") return good("");
  switch (column.kind) {
    case "text":
      return limited(cell.kind === "number" ? plainNumber(text) : text, column);
    case "digits":
    case "code":
      return readName(cell.kind, text.normalize("NFKC"), column);
    case "secret":
      return limited(text, { ...column, max: 64 });
    case "whole":
      return readWhole(text.normalize("NFKC"), column);
    case "decimal":
      return readDecimal(text.normalize("NFKC"), column);
    case "day":
      return readDay(cell.kind, text.normalize("NFKC"), file.date1904);
    case "choice":
      return readChoice(text.normalize("NFKC"), column);
  }
}

function good(value: string): CellReading {
  return { ok: true, value };
}

function bad(code: ErrorCode, details: ErrorDetails = {}): CellReading {
  return { ok: false, code, details };
}

/** Without blanks at both ends: also those of Chinese typesetting and those that cannot be seen. */
function trimmed(text: string): string {
  return text.replace(/^[\s\u3000\u200b-\u200d\ufeff]+|[\s\u3000\u200b-\u200d\ufeff]+$/gu, "");
}

function limited(text: string, column: ImportColumn): CellReading {
  const max = column.max ?? 200;
  if (text.length > max) return bad("import_cell_long", { column: column.key, max });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names hold none of them, whatever was pasted
  return good(text.replace(/[\u0000-\u001f\u007f]+/g, " "));
}

/** A number as a person would have typed it: 8.0000000000000004E-1 is 0.8. */
function plainNumber(text: string): string {
  if (/^-?\d+(\.\d{1,6})?$/.test(text)) return text;
  const value = Number(text);
  return Number.isFinite(value) ? String(Number(value.toPrecision(EXACT_DIGITS))) : text;
}

function readName(kind: ImportCell["kind"], text: string, column: ImportColumn): CellReading {
  const value = text.replace(/\s+/g, "");
  const isMangled =
    /^\d(\.\d+)?E\+?\d+$/i.test(value) ||
    (kind === "number" &&
      (value.replace(/^-/, "").length > EXACT_DIGITS ||
        (value.length >= LONG_DIGITS && value.endsWith("0".repeat(ROUND_ZEROS))) ||
        /[.e-]/i.test(value)));
  if (isMangled) return bad("import_cell_mangled", { value: text });
  return limited(value, column);
}

function readWhole(text: string, column: ImportColumn): CellReading {
  const [min, max] = [column.min ?? 0, column.max ?? Number.MAX_SAFE_INTEGER];
  const value = /^\d{1,15}(\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) return bad("import_cell_number", { value: text, column: column.key, min, max });
  return good(String(value));
}

function readDecimal(text: string, column: ImportColumn): CellReading {
  const decimals = column.decimals ?? 2;
  const value = plainNumber(text)
    .replace(/^(\d+\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  const [, whole, fraction = ""] = /^(\d{1,9})(?:\.(\d+))?$/.exec(value) ?? [];
  if (whole === undefined || fraction.length > decimals)
    return bad("import_cell_decimal", { value: text, column: column.key, decimals });
  return good(value);
}

function readDay(kind: ImportCell["kind"], text: string, date1904: boolean): CellReading {
  if (kind === "number") {
    const serial = Math.floor(Number(text)) + (date1904 ? LATER_1904 : 0);
    if (!(serial >= DAYS.first && serial < DAYS.last)) return bad("import_cell_day", { value: text });
    return good(new Date((serial - EPOCH_DAY) * DAY_MS).toISOString().slice(0, 10));
  }
  const [, year, month = "", day = ""] =
    /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?$/.exec(text) ?? [];
  const found = year === undefined ? null : parseDay(`${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`);
  return found === null ? bad("import_cell_day", { value: text }) : good(found);
}

function readChoice(text: string, column: ImportColumn): CellReading {
  const choices = column.choices ?? [];
  const wanted = text.toLowerCase().replace(/\s+/g, "");
  const plain = (word: string) => word.toLowerCase().replace(/\s+/g, "");
  const found = choices.find(({ value, zh, en }) => [value, zh, en].some((word) => plain(word) === wanted));
  if (found === undefined) {
    return bad("import_cell_choice", { value: text });
  }
  return good(found.value);
}
