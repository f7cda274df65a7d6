import { formatInstant } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { Statement, StatementLine } from "#contract/customers.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { channelWords } from "./words.ts";

/** The statement (对账单) of one room as a file: its lines, and above them the sum that adds up. */
export function statementFile(ctx: FlowContext, actor: Actor, found: Statement, language: ExportLanguage) {
  const say = (words: Words): string => inWords(words, language);
  const title = say([`对账单 ${found.room}`, `Statement ${found.room}`]);
  const e4 = (text: string): number =>
    (text.startsWith("-") ? -1 : 1) * (parseMoney(text.replace(/^-/, ""), 4) ?? 0) || 0;
  return namedTable(`${title} ${found.from} ${found.to}`, {
    title,
    notes: [
      `${found.areaName} ${found.room}  ${say(["客户", "Customer"])}: ${found.customer}`,
      `${say(["期间", "Period"])}: ${found.from} – ${found.to}`,
      say([
        `期初 ${found.opening} + 充值 ${found.recharges} − 用量 ${found.usage} − 公摊 ${found.shares} + 其他 ${found.others} = 期末 ${found.closing} 元`,
        `Opening ${found.opening} + recharges ${found.recharges} − usage ${found.usage} − shares ${found.shares} + others ${found.others} = closing ${found.closing} yuan`,
      ]),
      say([
        `期末构成:表内及账户 ${found.inMeters},钱包 ${found.inWallet},欠费 ${found.debts} 元`,
        `Closing consists of: in meters and accounts ${found.inMeters}, wallet ${found.inWallet}, debts ${found.debts} yuan`,
      ]),
      `${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`,
    ],
    columns: [
      { header: say(["时间", "Time"]), type: "time", width: 20, value: (line: StatementLine) => line.at },
      { header: say(["事项", "What"]), type: "text", width: 14, value: (line) => say(statementWords[line.kind]) },
      { header: say(["表计", "Meter"]), type: "text", width: 16, value: (line) => line.number },
      { header: say(["类别", "Kind"]), type: "text", width: 8, value: (line) => say(kindWords[line.meterKind]) },
      { header: say(["票据号", "Receipt"]), type: "text", width: 14, value: (line) => line.receiptNo },
      {
        header: say(["收款方式", "Channel"]),
        type: "text",
        width: 10,
        value: (line) =>
          line.channel === null ? null : say(channelWords[line.channel] ?? [line.channel, line.channel]),
      },
      {
        header: say(["金额(元)", "Amount (yuan)"]),
        type: "money",
        width: 14,
        value: (line) => e4(line.amount),
        sum: true,
      },
      { header: say(["余额(元)", "Balance (yuan)"]), type: "money", width: 14, value: (line) => e4(line.balance) },
    ],
    rows: found.lines,
    totalWord: say(["本期合计", "This period"]),
  });
}

const kindWords = { electricity: ["电", "electricity"], water: ["水", "water"] } as const;

const statementWords: Readonly<Record<StatementLine["kind"], Words>> = {
  opening: ["期初接管", "Taken over"],
  payment: ["充值", "Recharge"],
  usage: ["用量(当日)", "Usage of the day"],
  share: ["公摊", "Public share"],
  refund: ["退费", "Refund"],
  payout: ["退款支付", "Paid out"],
  clear: ["清零", "Cleared"],
  write_off: ["核销", "Written off"],
  merge: ["合并转移", "Merged"],
  exchange: ["换表", "Meter exchange"],
  correction: ["更正", "Correction"],
  handover: ["上缴", "Handover"],
  debt: ["欠费", "Debt"],
  recharge: ["转入表内", "Into the meter"],
};
