import { Readable } from "node:stream";
import { assert } from "#base/errors.ts";
import { type FieldMask, fieldMasks, maskPhone } from "#domain/field-mask.ts";
import { type CellType, type CellValue, cell, columnName, textCell, totalCell } from "./cells.ts";
import {
  contentTypes,
  packageRelations,
  sheetHead,
  sheetName,
  sheetTail,
  styleSheet,
  workbook,
  workbookRelations,
} from "./parts.ts";
import { zip } from "./zip.ts";

/** One column: what stands above it, what it holds, how wide it is (in characters), and whether it is summed. */
export type ExcelColumn<Row> = {
  readonly header: string;
  readonly type: CellType;
  readonly width: number;
  readonly value: (row: Row) => CellValue;
  /** Only for `money`, `units` and `number`. `counted`: without the rows that the table's column with `countedAs` leaves out. */
  readonly sum?: true | "counted";
  /** A masked field (字段权限): hidden from whoever may not see it. */
  readonly mask?: FieldMask;
  /** A row counts in the `counted` sums when this text stands here. One column of a table may have it. */
  readonly countedAs?: string;
};

/** A table for people as one sheet. Texts come ready in the reader's language. */
export type ExcelTable<Row> = {
  /** First line of the sheet, and its name. */
  readonly title: string;
  /** Lines under the title: what was filtered, as of when, who took it out. */
  readonly notes: readonly string[];
  readonly columns: readonly ExcelColumn<Row>[];
  /** Read once, as fast as the file is taken away: a generator over pages of the database. */
  readonly rows: Iterable<Row> | AsyncIterable<Row>;
  /** What is hidden from whoever takes the file: all masked fields when nothing is said. */
  readonly hidden?: ReadonlySet<FieldMask>;
  /** The word at the head of the last row; there is none when no column is summed. */
  readonly totalWord: string;
};

/** What fits on one sheet of Excel with room for head and total. Ask before you begin: half a file is no file. */
export const EXCEL_ROWS_MAX = 1_000_000;
/** Text gathered before it is packed: the event loop gets its turn after each. */
const PART_CHARS = 64 * 1024;

/** Called now and then with the rows written so far; the next are written when it has resolved, and none when it fails. */
export type Pace = (rows: number) => Promise<void>;

/** As fast as the file is taken away. */
export const unpaced: Pace = async () => {};

/**
 * The table as an .xlsx file, written while it is read: memory does not grow with the rows, and nothing is read ahead of a slow reader.
 * The total row holds what was counted here over the very rows of the file. Fails, half way, when the rows fail.
 */
export function excelFile<Row>(table: ExcelTable<Row>, pace: Pace): Readable {
  const headerRow = table.notes.length + 2;
  const name = sheetName(table.title);
  return Readable.from(
    zip([
      { name: "[Content_Types].xml", content: [contentTypes] },
      { name: "_rels/.rels", content: [packageRelations] },
      { name: "xl/workbook.xml", content: [workbook(name, headerRow)] },
      { name: "xl/_rels/workbook.xml.rels", content: [workbookRelations] },
      { name: "xl/styles.xml", content: [styleSheet] },
      { name: "xl/worksheets/sheet1.xml", content: sheet(table, headerRow, pace) },
    ]),
    { objectMode: false },
  );
}

async function* sheet<Row>(table: ExcelTable<Row>, headerRow: number, pace: Pace): AsyncGenerator<string> {
  const columns = shownColumns(table);
  const names = columns.map((_, index) => columnName(index));
  const sums = columns.map(() => 0n);
  const at = (index: number, row: number) => `${names[index]}${row}`;
  const judge = columns.findIndex(({ countedAs }) => countedAs !== undefined);

  let text = sheetHead(
    columns.map(({ width }) => width),
    headerRow,
  );
  text += `<row r="1">${textCell("A1", table.title, "title")}</row>`;
  table.notes.forEach((note, index) => {
    text += `<row r="${index + 2}">${textCell(`A${index + 2}`, note, "note")}</row>`;
  });
  text += `<row r="${headerRow}">${columns
    .map(({ header }, index) => textCell(at(index, headerRow), header, "header"))
    .join("")}</row>`;

  let row = headerRow;
  for await (const each of table.rows) {
    row++;
    assert(row - headerRow <= EXCEL_ROWS_MAX, "a sheet holds no more rows than Excel opens");
    text += `<row r="${row}">`;
    const counted = judge === -1 || columns[judge]?.value(each) === columns[judge]?.countedAs;
    for (const [index, { type, value, sum }] of columns.entries()) {
      const held = value(each);
      text += cell(at(index, row), type, held);
      if (sum && (sum === true || counted) && typeof held === "number")
        sums[index] = (sums[index] ?? 0n) + BigInt(held);
    }
    text += "</row>";
    if (text.length < PART_CHARS) continue;
    yield text;
    text = "";
    await pace(row - headerRow);
  }
  await pace(row - headerRow);

  if (columns.some(({ sum }) => sum)) {
    text += `<row r="${row + 1}">`;
    for (const [index, { type, sum }] of columns.entries()) {
      const address = at(index, row + 1);
      if (sum) {
        assert(type === "money" || type === "units" || type === "number", `a column of ${type} has no sum`);
        const range = (of: number) => `${at(of, headerRow + 1)}:${at(of, row)}`;
        const formula =
          row === headerRow
            ? null
            : sum === true || judge === -1
              ? `SUM(${range(index)})`
              : `SUMIF(${range(judge)},"${columns[judge]?.countedAs}",${range(index)})`;
        text += totalCell(address, type, sums[index] ?? 0n, formula);
      } else text += textCell(address, index === 0 ? table.totalWord : "", "total_text");
    }
    text += "</row>";
  }
  yield text + sheetTail(columns.length, headerRow, row);
}

/** Telephones without their middle, and no column of prices, for whoever may not see them. */
function shownColumns<Row>({ columns, hidden = new Set(fieldMasks) }: ExcelTable<Row>): readonly ExcelColumn<Row>[] {
  return columns
    .filter(({ mask }) => mask !== "price" || !hidden.has("price"))
    .map((column) => {
      if (column.mask !== "phone" || !hidden.has("phone")) return column;
      return { ...column, value: (row: Row) => maskPhone(String(column.value(row) ?? "")) };
    });
}
