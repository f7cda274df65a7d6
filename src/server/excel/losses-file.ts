import type { LossMeterLine, LossPlace, LossRow } from "#contract/losses.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type LossAsked, lossReport } from "#store/losses.ts";
import { type ExportLanguage, namedTable } from "./answer.ts";
import { notes, sayer } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

/** Losses (线损) of all places of the filter, the worst first, as a file. */
export async function lossesFile(
  ctx: FlowContext,
  actor: Actor,
  { language, ...asked }: LossAsked & { language: ExportLanguage },
) {
  const say = sayer(language);
  const title = `${say(["线损", "Losses"])} ${asked.period}`;
  const { items } = await lossReport(ctx.db.read, actor.scope, { ...asked, after: 0, limit: Number.MAX_SAFE_INTEGER });
  const columns: ExcelColumn<LossRow>[] = [
    { header: say(["名称", "Name"]), type: "text", width: 18, value: (row) => row.name },
    {
      header: say(["类型", "Type"]),
      type: "text",
      width: 10,
      value: (row) => (row.type === "box" ? say(["配电箱", "Box"]) : say(["片区", "Area"])),
    },
    { header: say(["所在片区", "Within"]), type: "text", width: 20, value: (row) => row.path.join(" / ") },
    { header: say(["总表用量", "Master meters"]), type: "units", width: 14, value: (row) => row.masterWh },
    { header: say(["分表合计", "Sub meters"]), type: "units", width: 14, value: (row) => row.subsWh },
    { header: say(["未计量/损耗", "Loss"]), type: "units", width: 14, value: (row) => row.lossWh, sum: true },
    { header: say(["损耗率(0.01%)", "Loss (0.01 %)"]), type: "number", width: 14, value: (row) => row.lossBp },
    { header: say(["分表数", "Sub meters"]), type: "number", width: 10, value: (row) => row.subs },
    { header: say(["完整天", "Days"]), type: "number", width: 10, value: (row) => row.days },
    { header: say(["不完整天", "Incomplete days"]), type: "number", width: 10, value: (row) => row.daysIncomplete },
    { header: say(["缺数表", "Meters missing"]), type: "number", width: 10, value: (row) => row.metersMissing },
  ];
  return namedTable(title, {
    title,
    notes: await notes(ctx, actor, language, asked),
    columns,
    rows: items,
    totalWord: say(["合计", "Total"]),
  });
}

/** The meters of one place with their usage over its complete days, as a file: the sum is master − Σ sub. */
export async function lossPlaceFile(ctx: FlowContext, actor: Actor, place: LossPlace, language: ExportLanguage) {
  const say = sayer(language);
  const title = `${say(["线损", "Losses"])} ${place.name} ${place.period}`;
  const signed = (row: LossMeterLine) =>
    row.usageWh === null ? null : row.role === "master" ? row.usageWh : row.usageWh === 0 ? 0 : -row.usageWh;
  const columns: ExcelColumn<LossMeterLine>[] = [
    {
      header: say(["总/分", "Role"]),
      type: "text",
      width: 10,
      value: (row) => (row.role === "master" ? say(["总表", "Master"]) : say(["分表", "Sub"])),
    },
    { header: say(["房间", "Room"]), type: "text", width: 16, value: (row) => row.label },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (row) => row.number },
    { header: say(["用量", "Usage"]), type: "units", width: 14, value: (row) => row.usageWh },
    { header: say(["计入差额", "In the difference"]), type: "units", width: 14, value: signed, sum: true },
    { header: say(["缺数天", "Missing days"]), type: "number", width: 10, value: (row) => row.missing.length },
  ];
  return namedTable(title, {
    title,
    notes: [
      `${say(["完整天", "Complete days"])}: ${place.days}; ${say(["不完整天", "incomplete"])}: ${place.daysIncomplete}`,
      ...(await notes(ctx, actor, language, { kind: place.kind, search: "" })),
    ],
    columns,
    rows: place.meters,
    totalWord: say(["未计量/损耗", "Loss"]),
  });
}
