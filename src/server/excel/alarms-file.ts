import { formatInstant } from "#base/time.ts";
import type { Alarm, AlarmFilter } from "#contract/alarms.ts";
import type { AlarmEnd, AlarmFinding, AlarmKind, AlarmLevel } from "#domain/alarm.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { everyAlarm } from "#store/alarm-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

const kindWords: Readonly<Record<AlarmKind, Words>> = {
  static: ["静止", "Stands still"],
  safety_lock: ["安全锁定", "Locked by its load guard"],
};
const levelWords: Readonly<Record<AlarmLevel, Words>> = { warning: ["一般", "Warning"], severe: ["严重", "Severe"] };
const findingWords: Readonly<Record<AlarmFinding, Words>> = {
  normal_vacancy: ["正常空置", "Rightly vacant"],
  abnormal: ["异常", "Abnormal"],
  theft: ["窃电窃水", "Theft"],
};
const endWords: Readonly<Record<AlarmEnd, Words>> = {
  visit: ["现场处理", "Visit"],
  moved: ["表计恢复走动", "Moved again"],
  left: ["已退租或停用", "Tenant left"],
  released: ["已解锁", "Released"],
  replaced: ["已换表或更换协议", "Meter or protocol exchanged"],
};

/** Alarms (报警) that the filter holds, as a file: what each rests on, who took note of it, and what was found. */
export async function alarmsFile(ctx: FlowContext, actor: Actor, query: AlarmFilter & { language: ExportLanguage }) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const title = say(["报警记录", "Alarms"]);
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filterText(filter, say)}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: columnsIn(language),
    rows: everyAlarm(ctx.db.read, actor.scope, filter),
    totalWord: say(["合计", "Total"]),
  });
}

function filterText(filter: AlarmFilter, say: (words: Words) => string): string {
  const { state, acknowledged, kind, level, finding, search } = filter;
  const parts = [
    state && say(state === "open" ? ["未关闭", "open"] : ["已关闭", "closed"]),
    acknowledged && say(acknowledged === "yes" ? ["已确认", "acknowledged"] : ["未确认", "not acknowledged"]),
    kind && say(kindWords[kind]),
    level && say(levelWords[level]),
    finding && say(finding === "none" ? ["未到现场", "no visit"] : findingWords[finding]),
    filter.areaId && say([`片区 ${filter.areaId}`, `area ${filter.areaId}`]),
    search,
  ].filter(Boolean);
  return parts.length === 0 ? say(["全部", "all"]) : parts.join(" · ");
}

function columnsIn(language: ExportLanguage): ExcelColumn<Alarm>[] {
  const say = (words: Words): string => inWords(words, language);
  return [
    { header: say(["片区", "Area"]), type: "text", width: 16, value: (each) => each.areaName },
    { header: say(["房间", "Room"]), type: "text", width: 14, value: (each) => each.label },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (each) => each.number },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (each) => each.customer ?? "" },
    { header: say(["报警", "Alarm"]), type: "text", width: 12, value: (each) => say(kindWords[each.kind]) },
    { header: say(["级别", "Level"]), type: "text", width: 10, value: (each) => say(levelWords[each.level]) },
    { header: say(["起始时间", "Since"]), type: "time", width: 20, value: (each) => each.sinceAt },
    { header: say(["报警时间", "Opened at"]), type: "time", width: 20, value: (each) => each.openedAt },
    { header: say(["起始示数", "Index then"]), type: "units", width: 14, value: (each) => each.still?.fromWh ?? null },
    {
      header: say(["报警示数", "Index at the alarm"]),
      type: "units",
      width: 14,
      value: (each) => each.still?.toWh ?? null,
    },
    {
      header: say(["有效读数", "Good readings"]),
      type: "number",
      width: 10,
      value: (each) => each.still?.readings ?? null,
    },
    {
      header: say(["确认人", "Acknowledged by"]),
      type: "text",
      width: 12,
      value: (each) => each.acknowledged?.by ?? "",
    },
    { header: say(["确认时间", "At"]), type: "time", width: 20, value: (each) => each.acknowledged?.at ?? null },
    { header: say(["确认备注", "Note"]), type: "text", width: 24, value: (each) => each.acknowledged?.note ?? "" },
    { header: say(["关闭时间", "Closed at"]), type: "time", width: 20, value: (each) => each.closed?.at ?? null },
    {
      header: say(["关闭方式", "How"]),
      type: "text",
      width: 14,
      value: (each) => (each.closed === null ? "" : say(endWords[each.closed.how])),
    },
    {
      header: say(["现场结果", "Found"]),
      type: "text",
      width: 12,
      value: (each) => (each.visit === null ? "" : say(findingWords[each.visit.finding])),
    },
    { header: say(["登记人", "Visited by"]), type: "text", width: 12, value: (each) => each.visit?.by ?? "" },
    { header: say(["现场情况", "What was found"]), type: "text", width: 30, value: (each) => each.visit?.note ?? "" },
    {
      header: say(["照片", "Photo"]),
      type: "text",
      width: 8,
      value: (each) => (each.visit?.hasPhoto ? say(["有", "yes"]) : ""),
    },
  ];
}
