import { type Day, daysOfMonth, formatInstant, type Month } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { CurrentRow, DayRow, MatrixRow, PeriodChild, PeriodReport } from "#contract/reports.ts";
import { hiddenFrom } from "#domain/field-mask.ts";
import type { EdgeSource } from "#domain/meter-day.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type SlotRow, slotRows } from "#store/reading-steps.ts";
import { currentRows, dayRows, matrixRows } from "#store/report-days.ts";
import { areaPath, countMastersToo, type ReportFilter } from "#store/report-filter.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

/** Meters read at once while a file is written. */
const PAGE = 500;

type Asked = ReportFilter & { language: ExportLanguage };

/** What each meter shows now (当前数据), as a file. */
export async function currentFile(
  ctx: FlowContext,
  actor: Actor,
  { language, stale, ...filter }: Asked & { stale: "true" | "false" },
) {
  const say = sayer(language);
  const now = ctx.clock();
  const hidden = hiddenFrom(actor.permissions);
  const title = say(["当前数据", "Current data"]);
  const columns: ExcelColumn<CurrentRow>[] = [
    ...meterColumns<CurrentRow>(say),
    { header: say(["抄表示数", "Index"]), type: "units", width: 14, value: (row) => row.indexWh },
    { header: say(["抄表时间", "Read at"]), type: "time", width: 20, value: (row) => known(row.indexAt) },
    { header: say(["剩余量", "Remaining"]), type: "units", width: 12, value: (row) => row.remainingWh },
    {
      header: say(["剩余金额(元)", "Remaining (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => (row.remainingWh !== null && hidden.has("price") ? null : e4(row.remainingYuan)),
      sum: true,
    },
    {
      header: say(["单价(元)", "Price (yuan)"]),
      type: "money",
      width: 10,
      value: (row) => e4(row.price),
      mask: "price",
    },
    { header: say(["倍率", "Ratio"]), type: "number", width: 8, value: (row) => row.ratio },
    { header: say(["状态", "State"]), type: "text", width: 8, value: (row) => say(stateWords[row.state]) },
    { header: say(["电压(mV)", "Voltage (mV)"]), type: "number", width: 12, value: (row) => row.voltageMv },
    { header: say(["电流(mA)", "Current (mA)"]), type: "number", width: 12, value: (row) => row.currentMa },
    { header: say(["功率(W)", "Power (W)"]), type: "number", width: 10, value: (row) => row.powerW },
  ];
  const rows = pages((after) =>
    currentRows(ctx.db.read, actor.scope, { ...filter, after, limit: PAGE, staleOnly: stale === "true", now }),
  );
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: await notes(ctx, actor, language, filter),
    columns,
    rows,
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  });
}

/** Usage of each meter on each day of a month (日用量), as a file. */
export async function matrixFile(
  ctx: FlowContext,
  actor: Actor,
  { language, month, ...filter }: Asked & { month: Month },
) {
  const say = sayer(language);
  const title = `${say(["日用量", "Daily usage"])} ${month}`;
  const { masters } = await countMastersToo(ctx.db.read, actor.scope, filter);
  const columns: ExcelColumn<MatrixRow>[] = [
    ...meterColumns<MatrixRow>(say),
    ...countedColumn<MatrixRow>(say, masters, (row) => row.isMaster),
    ...daysOfMonth(month).map(
      (day, i): ExcelColumn<MatrixRow> => ({
        ...{ header: day.slice(8), type: "units", width: 10, sum: "counted" },
        value: (row) => row.days[i] ?? null,
      }),
    ),
    { header: say(["合计", "Total"]), type: "units", width: 12, value: (row) => row.sumWh, sum: "counted" },
  ];
  return namedTable(title, {
    title,
    notes: [...(await notes(ctx, actor, language, filter)), ...leftOut(say, masters)],
    columns,
    rows: pages((after) => matrixRows(ctx.db.read, actor.scope, { ...filter, month, after, limit: PAGE })),
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  });
}

/** Indexes, ratio, usage and cost of one day (日报表), as a file. */
export async function dayFile(ctx: FlowContext, actor: Actor, { language, day, ...filter }: Asked & { day: Day }) {
  const say = sayer(language);
  const title = `${say(["日报表", "Day report"])} ${day}`;
  const { masters } = await countMastersToo(ctx.db.read, actor.scope, filter);
  const columns: ExcelColumn<DayRow>[] = [
    ...meterColumns<DayRow>(say),
    ...countedColumn<DayRow>(say, masters, (row) => row.isMaster),
    { header: say(["段", "Segment"]), type: "number", width: 6, value: (row) => row.segment },
    ...dayColumns<DayRow>(say),
  ];
  return namedTable(title, {
    title,
    notes: [...(await notes(ctx, actor, language, filter)), ...leftOut(say, masters)],
    columns,
    rows: pages((after) => dayRows(ctx.db.read, actor.scope, { ...filter, day, after, limit: PAGE })),
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  });
}

/** Every slot of some days of all meters (时段读数), as a file. Its sum is the sum of the day reports of these days. */
export async function slotsFile(
  ctx: FlowContext,
  actor: Actor,
  { language, days, minutes, ...filter }: Asked & { days: readonly Day[]; minutes: number },
) {
  const say = sayer(language);
  const span = days.length === 1 ? (days[0] ?? "") : `${days[0]} – ${days.at(-1)}`;
  const title = `${say(["时段读数", "Readings by slot"])} ${span}`;
  const [filterLine = "", ...rest] = await notes(ctx, actor, language, filter);
  const length = minutes === 60 ? say(["每小时", "hourly"]) : say([`每 ${minutes} 分钟`, `every ${minutes} minutes`]);
  const { masters } = await countMastersToo(ctx.db.read, actor.scope, filter);
  const columns: ExcelColumn<SlotRow>[] = [
    ...meterColumns<SlotRow>(say),
    ...countedColumn<SlotRow>(say, masters, (row) => row.isMaster),
    { header: say(["时段起", "From"]), type: "time", width: 20, value: (row) => row.from },
    { header: say(["时段止", "To"]), type: "time", width: 20, value: (row) => row.to },
    { header: say(["止示数", "Index at end"]), type: "units", width: 14, value: (row) => row.indexWh },
    { header: say(["抄表时间", "Read at"]), type: "time", width: 20, value: (row) => row.readAt },
    { header: say(["倍率", "Ratio"]), type: "number", width: 8, value: (row) => row.ratio },
    { header: say(["用量", "Usage"]), type: "units", width: 12, value: (row) => row.usageWh, sum: "counted" },
  ];
  return namedTable(title, {
    title,
    notes: [
      `${filterLine}; ${length}`,
      ...rest,
      ...leftOut(say, masters),
      say([
        "空白为该时段末无读数;其用量计入下一个末尾有读数的时段,各时段之和等于日报表用量。未日结的日期无数据",
        "Empty: nothing was read at the end of the slot; the usage is in the next one that was, and all slots add up to the day report. Days that are not closed have no data",
      ]),
    ],
    columns,
    rows: pages((after) => slotRows(ctx.db.read, actor.scope, { ...filter, days, minutes, after, limit: PAGE })),
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  });
}

/** A month or year and what it consists of (月/年报表), as a file. */
export async function periodFile(ctx: FlowContext, actor: Actor, report: PeriodReport, language: ExportLanguage) {
  const say = sayer(language);
  const place = report.path.map((area) => area.name).join(" / ");
  const title = `${report.period.length === 7 ? say(["月报表", "Month report"]) : say(["年报表", "Year report"])} ${report.period}`;
  const areaId = report.path.at(-1)?.areaId;
  const columns: ExcelColumn<PeriodChild>[] = [
    { header: say(["名称", "Name"]), type: "text", width: 18, value: (row) => row.name },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (row) => row.number },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (row) => row.customer },
    { header: say(["表数", "Meters"]), type: "number", width: 8, value: (row) => row.meters, sum: true },
    ...countedColumn<PeriodChild>(say, report.masters, (row) => row.type === "meter" && row.masters > 0),
    { header: say(["用量", "Usage"]), type: "units", width: 14, value: (row) => row.usageWh, sum: "counted" },
    {
      header: say(["费用(元)", "Cost (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => e4(row.cost),
      sum: "counted",
      mask: "price",
    },
    { header: say(["缺数天", "Missing days"]), type: "number", width: 10, value: (row) => row.missing, sum: "counted" },
    {
      header: say(["估算天", "Estimated days"]),
      type: "number",
      width: 10,
      value: (row) => row.estimated,
      sum: "counted",
    },
  ];
  return namedTable(`${title} ${place}`.trim(), {
    title,
    notes: [
      ...(await notes(ctx, actor, language, { kind: report.kind, areaId, search: "" })),
      ...leftOut(say, report.masters),
    ],
    columns,
    rows: report.children,
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  });
}

/** Says words in the language of a file. */
export type Say = (words: Words) => string;

/** Says words in the language of the file. */
export function sayer(language: ExportLanguage): Say {
  return (words) => inWords(words, language);
}

type Named = { label: string; number: string; areaName: string; customer: string | null };

function meterColumns<Row extends Named>(say: Say): ExcelColumn<Row>[] {
  return [
    { header: say(["片区", "Area"]), type: "text", width: 12, value: (row) => row.areaName },
    { header: say(["房间", "Room"]), type: "text", width: 14, value: (row) => row.label },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (row) => row.number },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (row) => row.customer },
  ];
}

/** Says of each row whether it is in the sums, where some are not: master meters (总表) measure once more what is below them. */
function countedColumn<Row>(say: Say, masters: number, isMaster: (row: Row) => boolean): ExcelColumn<Row>[] {
  if (masters === 0) return [];
  const yes = say(["是", "yes"]);
  const value = (row: Row) => (isMaster(row) ? say(["否(总表)", "no (master)"]) : yes);
  return [{ header: say(["计入合计", "In the total"]), type: "text", width: 10, value, countedAs: yes }];
}

/** How many master meters a sum leaves out; nothing when it leaves out none. */
export function leftOut(say: Say, masters: number): string[] {
  if (masters === 0) return [];
  return [say([`总表 ${masters} 只不计入合计`, `${masters} master meters are not in the total`])];
}

type DayFigures = Pick<
  DayRow,
  "openWh" | "openAt" | "openSource" | "closeWh" | "closeAt" | "closeSource" | "ratio" | "usageWh" | "cost" | "quality"
>;

/** Indexes, ratio, usage, cost and quality of one segment of a day. */
export function dayColumns<Row extends DayFigures>(say: Say): ExcelColumn<Row>[] {
  const source = (of: EdgeSource | null) => (of === null ? null : say(edgeWords[of]));
  return [
    { header: say(["起始示数", "Open"]), type: "units", width: 14, value: (row) => row.openWh },
    { header: say(["起始依据", "Open by"]), type: "text", width: 10, value: (row) => source(row.openSource) },
    { header: say(["终止示数", "Close"]), type: "units", width: 14, value: (row) => row.closeWh },
    { header: say(["终止依据", "Close by"]), type: "text", width: 10, value: (row) => source(row.closeSource) },
    { header: say(["倍率", "Ratio"]), type: "number", width: 8, value: (row) => row.ratio },
    { header: say(["用量", "Usage"]), type: "units", width: 12, value: (row) => row.usageWh, sum: "counted" },
    {
      header: say(["费用(元)", "Cost (yuan)"]),
      type: "money",
      width: 12,
      value: (row) => e4(row.cost),
      sum: "counted",
      mask: "price",
    },
    { header: say(["数据", "Quality"]), type: "text", width: 8, value: (row) => say(qualityWords[row.quality]) },
  ];
}

/** Where the index at an edge is from, in words. */
export const edgeWords: Readonly<Record<EdgeSource, Words>> = {
  frozen: ["日冻结", "frozen"],
  read: ["抄表", "read"],
  estimated: ["估算", "estimated"],
  opening: ["接管", "taken over"],
  break: ["换表/重置", "exchange"],
};
/** How well a day is known, in words. */
export const qualityWords = {
  measured: ["实测", "measured"],
  estimated: ["估算", "estimated"],
  missing: ["缺数", "missing"],
} as const;
const stateWords = {
  fault: ["故障", "fault"],
  off: ["已断", "off"],
  alarm: ["报警", "alarm"],
  normal: ["正常", "normal"],
} as const;
const kindWords = { electricity: ["电", "electricity"], water: ["水", "water"] } as const;

/** What stands above a table: its filter and its unit. */
export async function notes(
  ctx: FlowContext,
  actor: Actor,
  language: ExportLanguage,
  filter: ReportFilter,
): Promise<string[]> {
  const say = sayer(language);
  const path = filter.areaId === undefined ? [] : await areaPath(ctx.db.read, filter.areaId);
  const place = path.length === 0 ? say(["全部片区", "all areas"]) : path.map((area) => area.name).join(" / ");
  const kind = filter.kind === undefined ? say(["水电", "electricity and water"]) : say(kindWords[filter.kind]);
  const search = filter.search === "" ? "" : `; ${say(["搜索", "search"])} ${filter.search}`;
  const unit = filter.kind === "water" ? "m³" : filter.kind === "electricity" ? "kWh" : "kWh / m³";
  return [
    `${say(["筛选", "Filter"])}: ${place}; ${kind}${search}`,
    `${say(["单位", "Unit"])}: ${unit}`,
    `${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`,
  ];
}

/** The rows of a list, page by page. */
async function* pages<Row>(
  load: (after: number) => Promise<{ items: Row[]; next: number | null }>,
): AsyncGenerator<Row> {
  for (let after: number | null = 0; after !== null; ) {
    const page: { items: Row[]; next: number | null } = await load(after);
    yield* page.items;
    after = page.next;
  }
}

function known(at: number): number | null {
  return at === 0 ? null : at;
}

/** Yuan of the wire as an integer again. */
export function e4(text: string | null): number | null {
  if (text === null) return null;
  return (text.startsWith("-") ? -1 : 1) * (parseMoney(text.replace("-", ""), 4) ?? 0) || 0;
}
