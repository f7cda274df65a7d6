import { formatInstant, instant } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { ShiftReport } from "#contract/shifts.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { channelWords } from "./words.ts";

type Line = { group: string; what: string; count: number | null; amountE4: number | null };

/** The report of a shift (交班报表) as a file: what came in by channel, what went out, and what the count found. */
export function shiftFile(ctx: FlowContext, actor: Actor, report: ShiftReport, language: ExportLanguage) {
  const say = (words: Words): string => inWords(words, language);
  const { shift } = report;
  const now = ctx.clock();
  const e4 = (text: string | null): number | null => {
    if (text === null) return null;
    const amount = parseMoney(text.replace(/^-/, ""), 4) ?? 0;
    return text.startsWith("-") ? -amount : amount;
  };
  const groups = {
    channels: say(["收款", "Taken"]),
    other: say(["其他", "Other"]),
    cash: say(["现金进出", "Cash movements"]),
    count: say(["清点", "Count"]),
    days: say(["按日现金收款", "Cash by day"]),
  };
  const lines: Line[] = [
    ...report.channels.map((each) => ({
      group: groups.channels,
      what: say(channelWords[each.channel] ?? [each.channel, each.channel]),
      count: each.count,
      amountE4: e4(each.amount),
    })),
    {
      group: groups.channels,
      what: say(["合计", "Total"]),
      count: report.recharges.count,
      amountE4: e4(report.recharges.amount),
    },
    {
      group: groups.other,
      what: say(["撤回的充值", "Withdrawn recharges"]),
      count: report.withdrawn.count,
      amountE4: e4(report.withdrawn.amount),
    },
    {
      group: groups.other,
      what: say(["退费(现金)", "Refunds in cash"]),
      count: report.refunds.count,
      amountE4: e4(report.refunds.amount),
    },
    { group: groups.other, what: say(["补打票据", "Reprints"]), count: report.reprints, amountE4: null },
    ...report.cash.map((each) => ({
      group: groups.cash,
      what: say(cashWords[each.kind] ?? [each.kind, each.kind]),
      count: each.count,
      amountE4: e4(each.amount),
    })),
    { group: groups.count, what: say(["备用金", "Float"]), count: null, amountE4: e4(shift.float) },
    { group: groups.count, what: say(["账面应有", "Expected"]), count: null, amountE4: e4(shift.expected) },
    {
      group: groups.count,
      what: say(["实际清点", "Counted"]),
      count: report.counts.length,
      amountE4: e4(shift.counted),
    },
    { group: groups.count, what: say(["长短款", "Difference"]), count: null, amountE4: e4(shift.difference) },
    ...report.days.map((each) => ({
      group: groups.days,
      what: each.day,
      count: each.count,
      amountE4: e4(each.amount),
    })),
  ];
  const title = say([`交班报表 ${shift.shiftId}`, `Shift report ${shift.shiftId}`]);
  const time = (at: number | null): string => (at === null ? say(["未交班", "open"]) : formatInstant(instant(at)));
  return namedTable(title, {
    title,
    notes: [
      `${shift.project}  ${say(["收款人", "Cashier"])}: ${shift.cashierName} (${shift.cashier})`,
      `${say(["开班", "Opened"])}: ${time(shift.openedAt)}  ${say(["交班", "Closed"])}: ${time(shift.closedAt)} ${shift.closedBy ?? ""}`,
      `${say(["差异原因", "Reason"])}: ${shift.reason === "" ? "-" : shift.reason}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: [
      { header: say(["分类", "Group"]), type: "text", width: 18, value: (line: Line) => line.group },
      { header: say(["项目", "Item"]), type: "text", width: 22, value: (line) => line.what },
      { header: say(["笔数", "Count"]), type: "number", width: 10, value: (line) => line.count },
      { header: say(["金额(元)", "Amount (yuan)"]), type: "money", width: 16, value: (line) => line.amountE4 },
    ],
    rows: lines,
    totalWord: "",
  });
}

const cashWords: Readonly<Record<string, Words>> = {
  payment: ["现金收款", "Cash taken"],
  handover: ["备用金、差异与上缴", "Float, difference and handover"],
  payout: ["现金退费", "Cash paid out"],
  correction: ["更正", "Corrections"],
};
