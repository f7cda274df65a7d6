import type { Day } from "#base/time.ts";
import { formatInstant } from "#base/time.ts";
import type { CompletenessRow } from "#contract/completeness.ts";
import type { Actor } from "#domain/permission.ts";
import { completenessOf } from "#flows/completeness.ts";
import type { FlowContext } from "#flows/context.ts";
import type { ReportFilter } from "#store/report-filter.ts";
import { type ExportLanguage, namedTable } from "./answer.ts";
import { notes, sayer } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

/** Daily freezes by concentrator and day (日冻结完整率), as a file: what ought to be there and what is. */
export async function completenessFile(
  ctx: FlowContext,
  actor: Actor,
  { language, day, ...filter }: ReportFilter & { language: ExportLanguage; day: Day },
) {
  const say = sayer(language);
  const report = await completenessOf(ctx, actor.scope, { ...filter, day });
  const title = `${say(["日冻结完整率", "Completeness of daily freezes"])} ${day}`;
  const columns: ExcelColumn<CompletenessRow>[] = [
    { header: say(["集中器", "Concentrator"]), type: "text", width: 16, value: (row) => row.code },
    { header: say(["名称", "Name"]), type: "text", width: 16, value: (row) => row.name },
    ...report.days.flatMap((each, i): ExcelColumn<CompletenessRow>[] => [
      {
        ...{ header: `${each.slice(5)} ${say(["应有", "expected"])}`, type: "number", width: 12, sum: true },
        value: (row) => row.days[i]?.expected ?? null,
      },
      {
        ...{ header: `${each.slice(5)} ${say(["已有", "held"])}`, type: "number", width: 12, sum: true },
        value: (row) => row.days[i]?.held ?? null,
      },
    ]),
    {
      header: say(["无日冻结的表", "Without freezes"]),
      type: "number",
      width: 14,
      value: (row) => row.without,
      sum: true,
    },
  ];
  return namedTable(title, {
    title,
    notes: [
      ...(await notes(ctx, actor, language, filter)),
      `${say(["数据时间", "As of"])}: ${formatInstant(ctx.clock())}`,
    ],
    columns,
    rows: report.items,
    totalWord: say(["合计", "Total"]),
  });
}
