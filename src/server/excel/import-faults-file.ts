import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { formatInstant } from "#base/time.ts";
import { faultPlace, faultText, type ImportFault } from "#domain/import-fault.ts";
import type { FlowContext } from "#flows/context.ts";
import { partsOf } from "#store/imports.ts";
import type { ArchiveImportTable } from "#store/schema-imports.ts";
import { type ExportLanguage, excelAnswer, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

/** Everything that is wrong with a file, a line each, with the address of the cell and what to do in both languages. */
export function importFaultsFile(
  ctx: FlowContext,
  row: ArchiveImportTable,
  language: ExportLanguage,
  reply: FastifyReply,
): Readable {
  const word = (words: Words) => inWords(words, language);
  const own = language === "en" ? "en" : "zh";
  const columns: readonly ExcelColumn<ImportFault>[] = [
    { header: word(["工作表", "Sheet"]), type: "text", width: 14, value: (fault) => faultPlace(fault, own).sheet },
    { header: word(["行", "Row"]), type: "number", width: 8, value: (fault) => (fault.row === 0 ? null : fault.row) },
    { header: word(["列", "Column"]), type: "text", width: 16, value: (fault) => faultPlace(fault, own).column },
    {
      header: word(["单元格", "Cell"]),
      type: "text",
      width: 10,
      value: (fault) => (fault.column === "" || fault.row === 0 ? "" : `${fault.column}${fault.row}`),
    },
    { header: word(["填写的内容", "What it says"]), type: "text", width: 24, value: (fault) => fault.value },
    { header: "问题与处理", type: "text", width: 70, value: (fault) => faultText(fault, "zh") },
    { header: "What is wrong and what to do", type: "text", width: 70, value: (fault) => faultText(fault, "en") },
  ];
  const title = word(["导入错误", "Import mistakes"]);
  const table = namedTable(`${title}-${row.file_name.replace(/\.xlsx$/i, "")}`, {
    title,
    notes: [
      `${word(["文件:", "File: "])}${row.file_name}`,
      `${word(["检查时间:", "Checked: "])}${formatInstant(ctx.clock())}`,
    ],
    columns,
    rows: faults(ctx, row.id),
    totalWord: "",
  });
  return excelAnswer(reply, ctx.log, table);
}

async function* faults(ctx: FlowContext, importId: string): AsyncGenerator<ImportFault> {
  for await (const part of partsOf(ctx.db.read, importId, "faults")) yield* JSON.parse(part.content) as ImportFault[];
}
