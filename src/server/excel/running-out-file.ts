import type { RunningOutRow } from "#contract/running-out.ts";
import { type FieldMask, hiddenFrom } from "#domain/field-mask.ts";
import type { Actor } from "#domain/permission.ts";
import type { RunOutShow, RunOutState } from "#domain/running-out.ts";
import type { FlowContext } from "#flows/context.ts";
import { type RunningOutAsked, runningOutReport } from "#store/running-out.ts";
import { type ExportLanguage, namedTable, type Words } from "./answer.ts";
import { e4, notes, sayer } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

const stateWords: Readonly<Record<RunOutState, Words>> = {
  off: ["已断", "Off"],
  arrears: ["欠费", "In arrears"],
  empty: ["已用完", "Nothing left"],
  unread: ["未抄到", "Never read"],
  unknown: ["用量未知", "Use unknown"],
  unused: ["没有用量", "Nothing used"],
  lasts: ["将用完", "Runs out"],
};
const showWords: Readonly<Record<RunOutShow, Words>> = {
  due: ["即将用完", "Running out"],
  unknown: ["用量未知", "Use unknown"],
  unused: ["没有用量", "Nothing used"],
};

/** Whose credit runs out (即将用完), all that the filter holds, as a file. */
export async function runningOutFile(
  ctx: FlowContext,
  actor: Actor,
  { language, ...asked }: RunningOutAsked & { language: ExportLanguage },
) {
  const say = sayer(language);
  const words = say(showWords[asked.show]);
  const title = asked.show === "due" ? `${words} ${say([`${asked.days} 天内`, `within ${asked.days} days`])}` : words;
  const page = { after: 0, limit: Number.MAX_SAFE_INTEGER, now: ctx.clock() };
  const report = await runningOutReport(ctx.db.read, actor.scope, { ...asked, ...page });
  const over =
    report.useFrom === null
      ? say(["还没有已结的日用量", "No day is closed yet"])
      : `${say(["日均用量取自", "Use a day is taken from"])} ${report.useFrom} – ${report.useTo}`;
  return namedTable(title, {
    title,
    notes: [
      ...(await notes(ctx, actor, language, asked)),
      over,
      `${say(["客户数", "Customers"])}: ${report.customers}`,
    ],
    columns: columnsOf(say, hiddenFrom(actor.permissions)),
    rows: report.items,
    hidden: hiddenFrom(actor.permissions),
    totalWord: say(["合计", "Total"]),
  });
}

function columnsOf(say: (words: Words) => string, hidden: ReadonlySet<FieldMask>): ExcelColumn<RunningOutRow>[] {
  const left = (row: RunningOutRow) => (row.leftWh !== null && hidden.has("price") ? null : e4(row.leftYuan));
  // Thousandths, as units are.
  const days = (row: RunningOutRow) => (row.daysLeftTenths === null ? null : row.daysLeftTenths * 100);
  const kinds = (row: RunningOutRow) =>
    [...new Set(row.meters.map(({ kind }) => kind))]
      .map((kind) => say(kind === "water" ? ["水", "Water"] : ["电", "Electricity"]))
      .join(" ");
  return [
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (row) => row.customer },
    { header: say(["电话", "Telephone"]), type: "text", width: 16, value: (row) => row.phone, mask: "phone" },
    { header: say(["片区", "Area"]), type: "text", width: 14, value: (row) => row.areaName },
    {
      header: say(["房间", "Room"]),
      ...{ type: "text", width: 18 },
      value: (row) => [...new Set(row.meters.map(({ label }) => label))].join(" "),
    },
    {
      header: say(["表号", "Meter"]),
      ...{ type: "text", width: 18 },
      value: (row) => row.meters.map(({ number }) => number).join(" "),
    },
    { header: say(["类别", "Kind"]), type: "text", width: 10, value: kinds },
    { header: say(["状态", "State"]), type: "text", width: 10, value: (row) => say(stateWords[row.state]) },
    { header: say(["剩余量", "Units left"]), type: "units", width: 12, value: (row) => row.leftWh },
    { header: say(["剩余(元)", "Left (yuan)"]), type: "money", width: 12, value: left, sum: true },
    { header: say(["剩余截至", "Left as of"]), type: "time", width: 20, value: (row) => row.leftAt || null },
    { header: say(["日均用量", "Use a day"]), type: "units", width: 12, value: (row) => row.usePerDayWh },
    {
      header: say(["日均费用(元)", "Cost a day (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => e4(row.costPerDay),
      mask: "price",
    },
    { header: say(["已知天数", "Known days"]), type: "number", width: 10, value: (row) => row.useDays },
    { header: say(["可用天数", "Days left"]), type: "units", width: 10, value: days },
    { header: say(["预计用完", "Runs out on"]), type: "text", width: 12, value: (row) => row.runsOutOn },
    {
      header: say(["最近充值时间", "Last recharge"]),
      ...{ type: "time", width: 20 },
      value: (row) => row.lastRecharge?.at ?? null,
    },
    {
      header: say(["最近充值(元)", "Recharged (yuan)"]),
      ...{ type: "money", width: 14 },
      value: (row) => e4(row.lastRecharge?.amount ?? null),
    },
    { header: say(["最近通知时间", "Last told"]), type: "time", width: 20, value: (row) => row.told?.at ?? null },
    { header: say(["通知人", "Told by"]), type: "text", width: 12, value: (row) => row.told?.by ?? "" },
    { header: say(["通知备注", "Note"]), type: "text", width: 24, value: (row) => row.told?.note ?? "" },
  ];
}
