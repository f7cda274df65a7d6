import { columnName, escaped, styles } from "./cells.ts";

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/** Which part of the package is of which type. */
export const contentTypes = `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPES}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPES}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPES}.styles+xml"/></Types>`;

/** Where the workbook lies. */
export const packageRelations = `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

/** Where the workbook's sheet and styles lie. */
export const workbookRelations = `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`;

/** The workbook with its one sheet; the header row is repeated on every printed page. */
export function workbook(sheetName: string, headerRow: number): string {
  const name = escaped(sheetName).replaceAll('"', "&quot;");
  const quoted = escaped(sheetName).replaceAll("'", "''");
  return `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${name}" sheetId="1" r:id="rId1"/></sheets><definedNames><definedName name="_xlnm.Print_Titles" localSheetId="0">'${quoted}'!$${headerRow}:$${headerRow}</definedName></definedNames></workbook>`;
}

/** A name that a sheet may have: at most 31 characters, none of those that Excel refuses. */
export function sheetName(title: string): string {
  return (
    title
      .replace(/[\\/?*[\]:']/g, " ")
      .slice(0, 31)
      .trim() || "Sheet1"
  );
}

/** What stands in a sheet before its rows. */
export function sheetHead(widths: readonly number[], headerRow: number): string {
  const columns = widths
    .map((width, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`)
    .join("");
  return `${HEAD}<worksheet xmlns="${MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView workbookViewId="0"><pane ySplit="${headerRow}" topLeftCell="A${headerRow + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${columns}</cols><sheetData>`;
}

/** What stands in a sheet after its rows: filter buttons over the header, and how it prints. */
export function sheetTail(columns: number, headerRow: number, lastRow: number): string {
  const filter = `<autoFilter ref="A${headerRow}:${columnName(columns - 1)}${Math.max(headerRow, lastRow)}"/>`;
  return `</sheetData>${filter}<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/><headerFooter><oddFooter>&amp;C&amp;P / &amp;N</oddFooter></headerFooter></worksheet>`;
}

/** `numFmt` 0 general, 1 whole number, 49 text; the rest are ours. */
const FORMATS: readonly (readonly [id: number, code: string])[] = [
  [164, "#,##0.00##"],
  [165, "#,##0.00#"],
  [166, "0.00%"],
  [167, "yyyy\\-mm\\-dd\\ hh:mm:ss"],
  [168, "yyyy\\-mm\\-dd"],
  [169, "#,##0"],
];
const [MONEY, UNITS, PER_CENT, TIME, DAY, WHOLE, TEXT] = [164, 165, 166, 167, 168, 169, 49];

/** Fonts 0 plain, 1 bold, 2 large and bold, 3 grey; fills 2 header; border 1 a line above. */
const looks: Readonly<Record<keyof typeof styles, string>> = {
  plain: "<xf/>",
  title: '<xf fontId="2" applyFont="1"/>',
  note: '<xf fontId="3" applyFont="1"/>',
  header: `<xf fontId="1" fillId="2" applyFont="1" applyFill="1" applyAlignment="1"><alignment vertical="center" wrapText="1"/></xf>`,
  text: `<xf numFmtId="${TEXT}" applyNumberFormat="1"/>`,
  money: `<xf numFmtId="${MONEY}" applyNumberFormat="1"/>`,
  units: `<xf numFmtId="${UNITS}" applyNumberFormat="1"/>`,
  number: `<xf numFmtId="${WHOLE}" applyNumberFormat="1"/>`,
  per_cent: `<xf numFmtId="${PER_CENT}" applyNumberFormat="1"/>`,
  time: `<xf numFmtId="${TIME}" applyNumberFormat="1"/>`,
  day: `<xf numFmtId="${DAY}" applyNumberFormat="1"/>`,
  quoted: `<xf numFmtId="${TEXT}" quotePrefix="1" applyNumberFormat="1"/>`,
  total_text: '<xf fontId="1" borderId="1" applyFont="1" applyBorder="1"/>',
  total_money: `<xf numFmtId="${MONEY}" fontId="1" borderId="1" applyNumberFormat="1" applyFont="1" applyBorder="1"/>`,
  total_units: `<xf numFmtId="${UNITS}" fontId="1" borderId="1" applyNumberFormat="1" applyFont="1" applyBorder="1"/>`,
  total_number: `<xf numFmtId="${WHOLE}" fontId="1" borderId="1" applyNumberFormat="1" applyFont="1" applyBorder="1"/>`,
};

/** Every look that a cell may have. */
export const styleSheet = `${HEAD}<styleSheet xmlns="${MAIN}"><numFmts count="${FORMATS.length}">${FORMATS.map(
  ([id, code]) => `<numFmt numFmtId="${id}" formatCode="${code}"/>`,
).join(
  "",
)}</numFmts><fonts count="4"><font><sz val="11"/><name val="等线"/></font><font><b/><sz val="11"/><name val="等线"/></font><font><b/><sz val="14"/><name val="等线"/></font><font><sz val="10"/><color rgb="FF5B6B73"/><name val="等线"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE6EEF0"/></patternFill></fill></fills><borders count="2"><border/><border><left/><right/><top style="thin"><color rgb="FF7A8A92"/></top><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="${Object.keys(styles).length}">${Object.keys(
  styles,
)
  .map((name) => looks[name as keyof typeof styles])
  .join("")}</cellXfs></styleSheet>`;
