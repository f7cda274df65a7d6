import { type Day, formatInstant, HOUR_MS, instant, startOfDay } from "#base/time.ts";
import type { MeterPart, MeterReport, MeterSlots, SlotPartView } from "#contract/reports.ts";
import { usageThen } from "#domain/compared-period.ts";
import { hiddenFrom } from "#domain/field-mask.ts";
import type { EdgeSource } from "#domain/meter-day.ts";
import type { SlotQuality } from "#domain/meter-slots.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type ExportLanguage, namedTable, type Words } from "./answer.ts";
import { dayColumns, e4, edgeWords, notes, qualityWords, type Say, sayer } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

type Line = MeterPart["segments"][number] & Compared & { part: string };
type Compared = {
  /** On the day or in the month that it is compared with; only in the first line of a day. */
  otherWh: number | null;
  changeWh: number | null;
};

/** One meter's days of a month, or months of a year, as a file; with the period that it is compared with beside it. */
export async function meterFile(
  ctx: FlowContext,
  actor: Actor,
  report: MeterReport,
  { language, compared }: { language: ExportLanguage; compared: MeterReport | null },
) {
  const say = sayer(language);
  const title = `${report.label} ${report.period}`;
  const then = new Map((compared?.parts ?? []).map((part) => [part.part.slice(-2), part.usageWh]));
  const beside = ({ part, usageWh }: MeterPart): Compared => {
    const otherWh = then.get(part.slice(-2)) ?? null;
    return { otherWh, changeWh: usageWh === null || otherWh === null ? null : usageWh - otherWh };
  };
  const nothing: Compared = { otherWh: null, changeWh: null };
  const common = {
    title,
    notes: [
      `${report.number} ${report.customer ?? ""}`.trim(),
      ...(await notes(ctx, actor, language, { kind: report.kind, search: "" })),
    ],
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  };
  if (report.period.length === 7) {
    return namedTable(title, {
      ...common,
      columns: [
        { header: say(["日期", "Day"]), type: "day", width: 12, value: (row: Line) => row.part },
        ...dayColumns<Line>(say),
        ...besideColumns<Line>(compared, say),
      ],
      rows: report.parts.flatMap((part): Line[] =>
        part.segments.map((each, i) => ({ ...each, part: part.part, ...(i === 0 ? beside(part) : nothing) })),
      ),
    });
  }
  return namedTable(title, {
    ...common,
    columns: [
      { header: say(["月份", "Month"]), type: "text", width: 12, value: (row: MeterPart & Compared) => row.part },
      { header: say(["用量", "Usage"]), type: "units", width: 14, value: (row) => row.usageWh, sum: true },
      {
        header: say(["费用(元)", "Cost (yuan)"]),
        type: "money",
        width: 14,
        value: (row) => e4(row.cost),
        sum: true,
        mask: "price",
      },
      ...besideColumns<MeterPart & Compared>(compared, say),
    ],
    rows: report.parts.map((part) => ({ ...part, ...beside(part) })),
  });
}

function besideColumns<Row extends Compared>(compared: { period: string } | null, say: Say): ExcelColumn<Row>[] {
  if (compared === null) return [];
  const header = `${compared.period} ${say(["用量", "usage"])}`;
  return [
    { header, type: "units", width: 16, value: (row) => row.otherWh, sum: true },
    { header: say(["变化", "Change"]), type: "units", width: 12, value: (row) => row.changeWh, sum: true },
  ];
}

const slotWords: Readonly<Record<SlotQuality, Words>> = {
  ...qualityWords,
  gap: ["缺数,数个时段合计", "gap: several slots together"],
};

type Shown = {
  language: ExportLanguage;
  /** Only the slots of this hour. */
  hour: number | undefined;
  /** The day that it is compared with. */
  compared: MeterSlots | null;
};

/** One meter's day by the hour or every few minutes (单表时段明细), as a file: a row for each part that has a figure of its own. */
export async function meterSlotsFile(ctx: FlowContext, actor: Actor, report: MeterSlots, shown: Shown) {
  const { hour, compared } = shown;
  const say = sayer(shown.language);
  const start = startOfDay(report.day as Day);
  const [from, to] = hour === undefined ? [0, 24] : [hour, hour + 1];
  const shift = compared === null ? 0 : startOfDay(compared.day as Day) - start;
  const rows = report.items
    .filter((each) => each.from < start + to * HOUR_MS && each.to > start + from * HOUR_MS)
    .map((each): SlotPartView & Compared => {
      const otherWh = compared === null ? null : usageThen(each, compared.items, shift);
      const changeWh = each.usageWh === null || otherWh === null ? null : each.usageWh - otherWh;
      return { ...each, otherWh, changeWh };
    });
  const length =
    report.minutes === 60
      ? say(["每小时", "hourly"])
      : say([`每 ${report.minutes} 分钟`, `every ${report.minutes} minutes`]);
  const source = (of: EdgeSource | null) => (of === null ? null : say(edgeWords[of]));
  const columns: ExcelColumn<SlotPartView & Compared>[] = [
    { header: say(["时段起", "From"]), type: "time", width: 20, value: (row) => row.from },
    { header: say(["时段止", "To"]), type: "time", width: 20, value: (row) => row.to },
    { header: say(["时段数", "Slots"]), type: "number", width: 8, value: (row) => row.slots },
    { header: say(["段", "Segment"]), type: "number", width: 6, value: (row) => row.segment },
    { header: say(["起始示数", "Open"]), type: "units", width: 14, value: (row) => row.openWh },
    { header: say(["起始时间", "Open at"]), type: "time", width: 20, value: (row) => row.openAt },
    { header: say(["起始依据", "Open by"]), type: "text", width: 10, value: (row) => source(row.openSource) },
    { header: say(["终止示数", "Close"]), type: "units", width: 14, value: (row) => row.closeWh },
    { header: say(["终止时间", "Close at"]), type: "time", width: 20, value: (row) => row.closeAt },
    { header: say(["终止依据", "Close by"]), type: "text", width: 10, value: (row) => source(row.closeSource) },
    { header: say(["倍率", "Ratio"]), type: "number", width: 8, value: (row) => row.ratio },
    { header: say(["用量", "Usage"]), type: "units", width: 12, value: (row) => row.usageWh, sum: true },
    ...besideColumns<SlotPartView & Compared>(compared && { period: compared.day }, say),
    {
      header: say(["费用(元)", "Cost (yuan)"]),
      type: "money",
      width: 12,
      value: (row) => e4(row.cost),
      sum: true,
      mask: "price",
    },
    { header: say(["数据", "Quality"]), type: "text", width: 18, value: (row) => say(slotWords[row.quality]) },
  ];
  const closed = report.madeAt === null ? say(["尚未日结", "not closed"]) : formatInstant(instant(report.madeAt));
  const title = `${report.label} ${report.day}${hour === undefined ? "" : ` ${String(hour).padStart(2, "0")}:00`}`;
  return namedTable(`${title} ${say(["时段明细", "by slot"])}`, {
    title: `${title} ${say(["时段明细", "by slot"])}`,
    notes: [
      `${report.number} ${report.customer ?? ""}; ${length}`,
      ...(await notes(ctx, actor, shown.language, { kind: report.kind, search: "" })),
      `${say(["日结时间", "Closed at"])}: ${closed}`,
      say([
        "时段数大于 1:其间无读数,用量为这几个时段合计。费用空白:没有恰好按该时段计费",
        "More than one slot: nothing was read between, the usage is theirs together. Empty cost: nothing was charged for just this time",
      ]),
    ],
    columns,
    rows,
    totalWord: say(["合计", "Total"]),
    hidden: hiddenFrom(actor.permissions),
  });
}
