import { type ErrorCode, type ErrorDetails, errorText } from "#base/errors.ts";
import { type ImportSheet, importColumns, sheetNames } from "./import-sheets.ts";

/** One row of an import, its cells in one form (see `import-cells.ts`). `numbers` lists the cells that lie in the file as numbers. */
export type ImportRow = {
  readonly sheet: ImportSheet;
  readonly row: number;
  readonly values: Readonly<Record<string, string>>;
  readonly numbers?: readonly string[];
};

/** What a file holds: its known sheets with the letters of their columns, and the sheets that are left out. */
export type ImportFacts = {
  readonly sheets: readonly {
    readonly sheet: ImportSheet;
    readonly name: string;
    readonly rows: number;
    readonly columns: Readonly<Record<string, string>>;
  }[];
  readonly ignored: readonly string[];
};

/** What an import would do, by sheet: rows that are wrong are counted as such only. */
export type ImportCount = { add: number; change: number; same: number; wrong: number };
/** The counts of the sheets that the file has. */
export type ImportCounts = Readonly<Partial<Record<ImportSheet, ImportCount>>>;

/** Mistakes of one file that are told; who has more than so many has made one of them over and over. */
export const FAULTS_MAX = 5_000;

/** Something wrong in a cell, a row (`column` empty) or a sheet (`row` 0). `key` names the column, whatever its letter is. */
export type ImportFault = {
  readonly sheet: ImportSheet;
  readonly row: number;
  readonly column: string;
  readonly key: string;
  readonly value: string;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
};

/** What is wrong and what to do, in one of the two languages. */
export function faultText(fault: ImportFault, language: "zh" | "en"): string {
  const columns = importColumns[fault.sheet];
  const own = columns.find((each) => each.key === fault.key);
  const named = columns.find((each) => each.key === fault.details.column);
  const choices = (own?.choices ?? []).map((each) => each[language]).join(language === "zh" ? "、" : ", ");
  const page = pages[String(fault.details.page)];
  return errorText(
    fault.code,
    {
      ...fault.details,
      ...(named && { column: named[language] }),
      ...(choices !== "" && { choices }),
      ...(page && { page: page[language] }),
      ...(fault.details.format === "link_key" && { format: linkKeyForm[language] }),
      ...(fault.details.format === "digits" && { format: digitsForm[language] }),
      ...(fault.details.format === "area" && { format: areaForm[language] }),
    },
    language,
  );
}

/** Where a sheet or column of a fault is, in words. */
export function faultPlace(fault: ImportFault, language: "zh" | "en"): { sheet: string; column: string } {
  const own = importColumns[fault.sheet].find((each) => each.key === fault.key);
  return { sheet: sheetNames[fault.sheet][language], column: own?.[language] ?? "" };
}

const linkKeyForm = { zh: "32 位十六进制", en: "32 hex digits" };
const digitsForm = { zh: "数字、字母、- 和 .", en: "digits, letters, - and ." };
const areaForm = {
  zh: "以 / 分隔的各级名称,每级不超过 50 个字符",
  en: "levels separated by /, at most 50 characters each",
};
/** Pages that do properly what an import refuses to do. */
const pages: Readonly<Record<string, { zh: string; en: string }>> = {
  protocol: { zh: "集中器 › 表计 › 换协议", en: "Concentrators › meter › protocol" },
  move: { zh: "集中器 › 表计 › 移动", en: "Concentrators › meter › move" },
  ratio: { zh: "表计详情 › 变比变更", en: "Meter › change of ratio" },
  mode: { zh: "表计详情 › 模式", en: "Meter › mode" },
  prices: { zh: "价格", en: "Prices" },
  tenancy: { zh: "退租 / 入住", en: "Move-out / move-in" },
  exchange: { zh: "换表 / 存疑读数", en: "Exchange / doubtful readings" },
};
