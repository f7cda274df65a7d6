import { Readable } from "node:stream";
import { columnName, escaped, textCell } from "./cells.ts";
import { packageRelations, sheetName, styleSheet } from "./parts.ts";
import { zip } from "./zip.ts";

/** A sheet of a workbook that people fill in: everything is text, so that nothing is rounded and no zero is lost. */
export type BookSheet = {
  readonly name: string;
  readonly columns: readonly BookColumn[];
  /** Lines that stay in view: one for each language, or one. */
  readonly heads: readonly (readonly string[])[];
  readonly rows: Iterable<readonly string[]> | AsyncIterable<readonly string[]>;
  /** Rows of this first cell are printed grey: they are not data. */
  readonly isNote?: (row: readonly string[]) => boolean;
};
/** `choices`: what Excel offers there, as words or as the range of another sheet. */
export type BookColumn = { readonly width: number; readonly choices?: readonly string[] | { range: string } };

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/** Position of the style "text" (format 49) in the style sheet: typed digits stay text. */
const TEXT_STYLE = 4;
/** What is typed below this is not offered a list. */
const LIST_ROWS = 50_000;
const PART_CHARS = 64 * 1024;

/** A workbook of several sheets as an .xlsx file, written while it is read. */
export function bookFile(sheets: readonly BookSheet[]): Readable {
  const names = sheets.map((sheet) => sheetName(sheet.name));
  const parts = sheets.map((_, i) => `worksheets/sheet${i + 1}.xml`);
  const overrides = parts.map((part) => `<Override PartName="/xl/${part}" ContentType="${TYPES}.worksheet+xml"/>`);
  const types = `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPES}.sheet.main+xml"/>${overrides.join("")}<Override PartName="/xl/styles.xml" ContentType="${TYPES}.styles+xml"/></Types>`;
  const listed = names.map(
    (name, i) => `<sheet name="${escaped(name).replaceAll('"', "&quot;")}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`,
  );
  const book = `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${listed.join("")}</sheets></workbook>`;
  const targets = parts.map(
    (part, i) => `<Relationship Id="rId${i + 1}" Type="${RELATIONS}/worksheet" Target="${part}"/>`,
  );
  const relations = `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${targets.join("")}<Relationship Id="rId${parts.length + 1}" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`;
  return Readable.from(
    zip([
      { name: "[Content_Types].xml", content: [types] },
      { name: "_rels/.rels", content: [packageRelations] },
      { name: "xl/workbook.xml", content: [book] },
      { name: "xl/_rels/workbook.xml.rels", content: [relations] },
      { name: "xl/styles.xml", content: [styleSheet] },
      ...sheets.map((sheet, i) => ({ name: `xl/${parts[i]}`, content: sheetText(sheet) })),
    ]),
    { objectMode: false },
  );
}

async function* sheetText(sheet: BookSheet): AsyncGenerator<string> {
  const { columns, heads } = sheet;
  const top = heads.length;
  const widths = columns.map(
    ({ width }, i) => `<col min="${i + 1}" max="${i + 1}" width="${width}" style="${TEXT_STYLE}" customWidth="1"/>`,
  );
  let text = `${HEAD}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="${top}" topLeftCell="A${top + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths.join("")}</cols><sheetData>`;
  heads.forEach((head, i) => {
    text += rowText(i + 1, head, i === 0 ? "header" : "note");
  });
  let row = top;
  for await (const cells of sheet.rows) {
    row++;
    text += rowText(row, cells, sheet.isNote?.(cells) ? "note" : "text");
    if (text.length < PART_CHARS) continue;
    yield text;
    text = "";
  }
  yield `${text}</sheetData>${validations(columns, top)}</worksheet>`;
}

function rowText(row: number, cells: readonly string[], style: "header" | "note" | "text"): string {
  const made = cells.map((cell, i) => {
    if (cell === "") return "";
    const own = style === "text" && /^[=+\-@\t\r]/.test(cell) ? "quoted" : style;
    return textCell(`${columnName(i)}${row}`, cell, own);
  });
  return `<row r="${row}">${made.join("")}</row>`;
}

function validations(columns: readonly BookColumn[], top: number): string {
  const made = columns.flatMap(({ choices }, i) => {
    if (choices === undefined) return [];
    const list = "range" in choices ? choices.range : `"${choices.join()}"`;
    const letter = columnName(i);
    return [
      `<dataValidation type="list" allowBlank="1" showErrorMessage="1" sqref="${letter}${top + 1}:${letter}${LIST_ROWS}"><formula1>${escaped(list)}</formula1></dataValidation>`,
    ];
  });
  return made.length === 0 ? "" : `<dataValidations count="${made.length}">${made.join("")}</dataValidations>`;
}
