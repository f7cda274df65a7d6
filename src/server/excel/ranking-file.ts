import type { RankingRow } from "#contract/ranking.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type RankingAsked, rankingReport } from "#store/ranking.ts";
import { type ExportLanguage, namedTable } from "./answer.ts";
import { leftOut, notes, sayer } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

/** The whole ranking (用量排行) of the filter as a file. */
export async function rankingFile(
  ctx: FlowContext,
  actor: Actor,
  { language, ...asked }: RankingAsked & { language: ExportLanguage },
) {
  const say = sayer(language);
  const title = `${say(["用量排行", "Usage ranking"])} ${asked.from} – ${asked.to}`;
  const report = await rankingReport(ctx.db.read, actor.scope, { ...asked, after: 0, limit: Number.MAX_SAFE_INTEGER });
  const { before } = report;
  const columns: ExcelColumn<RankingRow>[] = [
    { header: say(["名次", "Rank"]), type: "number", width: 8, value: (row) => row.rank },
    { header: say(NAMES[asked.by]), type: "text", width: 20, value: (row) => row.name ?? say(["未归属", "None"]) },
    { header: say(DETAILS[asked.by]), type: "text", width: 18, value: (row) => row.detail },
    { header: say(["表数", "Meters"]), type: "number", width: 8, value: (row) => row.meters },
    { header: say(["用量", "Usage"]), type: "units", width: 14, value: (row) => row.usageWh, sum: true },
    { header: say(["占比(0.01%)", "Share (0.01 %)"]), type: "number", width: 12, value: (row) => row.shareBp },
    {
      header: say([`上期用量(${before.from} – ${before.to})`, `Before (${before.from} – ${before.to})`]),
      ...{ type: "units", width: 30, value: (row) => row.beforeWh, sum: true },
    },
    { header: say(["增减(0.01%)", "Change (0.01 %)"]), type: "number", width: 14, value: (row) => row.changeBp },
    {
      header: say(["缺数(表·天)", "Missing meter days"]),
      type: "number",
      width: 14,
      value: (row) => row.missing,
      sum: true,
    },
  ];
  return namedTable(title, {
    title,
    notes: [...(await notes(ctx, actor, language, asked)), ...leftOut(say, report.masters)],
    columns,
    rows: report.items,
    totalWord: say(["合计", "Total"]),
  });
}

const NAMES = {
  meter: ["房间", "Room"],
  room: ["房间", "Room"],
  customer: ["客户", "Customer"],
  area: ["片区", "Area"],
} as const;
const DETAILS = {
  meter: ["表号", "Meter"],
  room: ["片区", "Area"],
  customer: ["客户编号", "Customer number"],
  area: ["说明", "Note"],
} as const;
