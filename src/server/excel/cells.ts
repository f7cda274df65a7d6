import { assert } from "#base/errors.ts";
import { DAY_MS, HOUR_MS } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";

/**
 * What a column holds. `text` stays text whatever it looks like (room `007`, a name that begins with `=`). Values of the
 * others: `money` 1/10000 yuan, `units` Wh or litres (shown as kWh or m³), `number` a whole number, `per_cent`
 * hundredths of a per cent, `time` epoch ms, `day` a day as `"2026-08-01"`. Null is an empty cell: missing is not 0.
 */
export type CellType = "text" | "money" | "units" | "number" | "per_cent" | "time" | "day";
/** A value in the form that its column's type says. */
export type CellValue = string | number | null;

/** Positions in `cellXfs` of the style sheet; {@link styleSheet} writes them in this order. */
export const styles = {
  plain: 0,
  title: 1,
  note: 2,
  header: 3,
  text: 4,
  money: 5,
  units: 6,
  number: 7,
  per_cent: 8,
  time: 9,
  day: 10,
  /** Text that a spreadsheet would take for a formula when somebody edits it. */
  quoted: 11,
  total_text: 12,
  total_money: 13,
  total_units: 14,
  total_number: 15,
} as const;

/** What Excel holds in one cell; longer text is cut. */
const CELL_CHARS_MAX = 32_767;
/** Days from Excel's day 0 to 1970-01-01. */
const EPOCH_DAY = 25_569;
const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;

/** One cell as XML; empty for null and for empty text. */
export function cell(address: string, type: CellType, value: CellValue): string {
  if (value === null || value === "") return "";
  if (type === "text") return textCell(address, String(value), looksLikeFormula(String(value)) ? "quoted" : "text");
  return `<c r="${address}" s="${styles[type]}"><v>${figure(type, value)}</v></c>`;
}

/** A cell of text in one of the fixed styles. */
export function textCell(address: string, text: string, style: keyof typeof styles): string {
  return `<c r="${address}" s="${styles[style]}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
}

/** The sum of a column: a formula, so that it follows a filter of the reader, with the sum that we counted as its value. */
export function totalCell(
  address: string,
  type: "money" | "units" | "number",
  sum: bigint,
  formula: string | null,
): string {
  const value = figure(type, Number(sum));
  const live = formula === null ? "" : `<f>${escaped(formula)}</f>`;
  return `<c r="${address}" s="${styles[`total_${type}`]}">${live}<v>${value}</v></c>`;
}

/** `A`, `B` … `Z`, `AA` …: the letters of a column counted from 0. */
export function columnName(index: number): string {
  let name = "";
  for (let left = index + 1; left > 0; left = Math.floor((left - 1) / 26)) {
    name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  }
  return name;
}

/** Text inside XML: what XML cannot carry is dropped, what Excel would take for an escape of its own is escaped. */
export function escaped(text: string): string {
  return (
    text
      .slice(0, CELL_CHARS_MAX)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are not allowed in XML
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, "_x005F_")
      .replace(/[&<>]/g, (sign) => (sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : "&gt;"))
  );
}

function looksLikeFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text);
}

/** The figure as decimal text: integers are moved to units without a float in between. */
function figure(type: Exclude<CellType, "text">, value: string | number): string {
  if (type === "day") return String(Date.parse(`${value}T00:00:00Z`) / DAY_MS + EPOCH_DAY);
  assert(
    typeof value === "number" && Number.isSafeInteger(value),
    `a cell of type ${type} holds a whole number: ${value}`,
  );
  switch (type) {
    case "money":
      return formatMoney(money(value));
    case "units":
      return decimal(value, 3);
    case "per_cent":
      return decimal(value, 4);
    case "number":
      return String(value);
    case "time":
      return String((value + SHANGHAI_OFFSET_MS) / DAY_MS + EPOCH_DAY);
  }
}

function decimal(value: number, places: number): string {
  const digits = String(Math.abs(value)).padStart(places + 1, "0");
  return `${value < 0 ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
