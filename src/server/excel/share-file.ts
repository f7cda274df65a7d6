import { formatInstant } from "#base/time.ts";
import { formatUnits, wh } from "#base/units.ts";
import type { ShareLine, ShareSheet } from "#contract/shares.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { e4 } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

/** One sharing with what it rests on (分摊明细), as a file. */
export function shareFile(ctx: FlowContext, actor: Actor, sheet: ShareSheet, language: ExportLanguage) {
  const say = (words: Words): string => inWords(words, language);
  const title = `${say(["分摊明细", "Shares"])} ${sheet.sourceLabel} ${sheet.period}`;
  const columns: ExcelColumn<ShareLine>[] = [
    {
      header: say(["成员", "Member"]),
      type: "text",
      width: 18,
      value: (row) => row.label || say(["物业承担", "The property"]),
    },
    { header: say(["权重", "Weight"]), type: "number", width: 16, value: (row) => row.weight },
    { header: say(["权重合计", "Sum of weights"]), type: "number", width: 16, value: (row) => row.weightSum },
    { header: say(["分摊量", "Share"]), type: "units", width: 12, value: (row) => row.shareWh, sum: true },
    { header: say(["此前分摊量", "Before"]), type: "units", width: 12, value: (row) => row.beforeWh, sum: true },
    { header: say(["单价(元)", "Price (yuan)"]), type: "money", width: 10, value: (row) => e4(row.price) },
    { header: say(["费用(元)", "Cost (yuan)"]), type: "money", width: 12, value: (row) => e4(row.cost), sum: true },
    {
      header: say(["本次计费(元)", "Charged now (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => e4(row.charge),
      sum: true,
    },
  ];
  return namedTable(title, {
    title,
    notes: [
      `${say(["公共用量", "Usage"])}: ${formatUnits(wh(sheet.sourceWh))}; ${say(["修订", "revision"])} ${sheet.rev}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`,
    ],
    columns,
    rows: sheet.lines,
    totalWord: say(["合计", "Total"]),
  });
}
