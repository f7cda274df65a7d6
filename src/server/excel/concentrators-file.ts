import { formatInstant } from "#base/time.ts";
import type { ConcentratorLine, ConcentratorQuery } from "#contract/collection.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { concentratorLines } from "#store/concentrator-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

/** The concentrators that the filter holds, as a file. */
export async function concentratorsFile(
  ctx: FlowContext,
  actor: Actor,
  query: ConcentratorQuery & { language: ExportLanguage },
) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const title = say(["集中器", "Concentrators"]);
  const rows = await concentratorLines(ctx.db.read, actor.scope, filter, now);
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filter.search ?? say(["全部", "all"])} ${filter.state ?? ""}`.trim(),
      `${say(["截至", "As of"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: columnsIn(language),
    rows: each(rows),
    totalWord: say(["合计", "Total"]),
  });
}

async function* each(rows: readonly ConcentratorLine[]): AsyncGenerator<ConcentratorLine> {
  yield* rows;
}

function columnsIn(language: ExportLanguage): ExcelColumn<ConcentratorLine>[] {
  const say = (words: Words): string => inWords(words, language);
  const rate = (line: ConcentratorLine) =>
    line.asked === 0 ? null : Math.round((line.answered / line.asked) * 10_000);
  return [
    { header: say(["编号", "Code"]), type: "text", width: 18, value: (line) => line.code },
    { header: say(["名称", "Name"]), type: "text", width: 20, value: (line) => line.name },
    { header: say(["项目", "Project"]), type: "text", width: 18, value: (line) => line.project },
    {
      header: say(["状态", "State"]),
      type: "text",
      width: 10,
      value: (line) =>
        line.retiredAt !== null
          ? say(["已停用", "Retired"])
          : line.online
            ? say(["在线", "Online"])
            : say(["离线", "Offline"]),
    },
    { header: say(["最后通信", "Last heard"]), type: "time", width: 20, value: (line) => line.lastSeenAt || null },
    { header: say(["前置机", "Collector"]), type: "text", width: 16, value: (line) => line.collector ?? "" },
    { header: say(["信号(dBm)", "Signal (dBm)"]), type: "number", width: 12, value: (line) => line.rssiDbm },
    { header: say(["表数", "Meters"]), type: "number", width: 10, value: (line) => line.meters, sum: true },
    {
      header: say(["不应答表数", "Silent meters"]),
      type: "number",
      width: 12,
      value: (line) => line.metersSilent,
      sum: true,
    },
    {
      header: say(["24小时询问次数", "Asked in 24 h"]),
      type: "number",
      width: 16,
      value: (line) => line.asked,
      sum: true,
    },
    { header: say(["24小时成功率", "Answered in 24 h"]), type: "per_cent", width: 16, value: rate },
    { header: say(["待办指令", "Open commands"]), type: "number", width: 12, value: (line) => line.queue, sum: true },
  ];
}
