import { AppError } from "#base/errors.ts";
import { formatInstant } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { Recharge, RechargeFilter } from "#contract/money.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { everyRecharge, rechargeTotals } from "#store/order-records.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { channelWords, orderStateWords } from "./words.ts";
import { EXCEL_ROWS_MAX, type ExcelColumn } from "./workbook.ts";

/** The recharge records (充值记录) that the filter holds, as a file; what was sold is summed like what was paid. */
export async function rechargesFile(
  ctx: FlowContext,
  actor: Actor,
  query: RechargeFilter & { language: ExportLanguage },
) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const { count } = await rechargeTotals(ctx.db.read, actor.scope, filter);
  if (count > EXCEL_ROWS_MAX) throw new AppError("too_many_rows", { count, max: EXCEL_ROWS_MAX });
  const now = ctx.clock();
  const title = say(["充值记录", "Recharges"]);
  const filterText = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${say(filterWords[name as keyof RechargeFilter])} ${filterValue(name, value, language)}`)
    .join("; ");
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filterText === "" ? say(["全部", "all"]) : filterText}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: columnsIn(language),
    rows: everyRecharge(ctx.db.read, actor.scope, filter),
    totalWord: say(["合计", "Total"]),
  });
}

const filterWords: Readonly<Record<keyof RechargeFilter, Words>> = {
  meterId: ["表计", "meter"],
  customerId: ["客户", "customer"],
  areaId: ["片区", "area"],
  channel: ["收款方式", "channel"],
  operator: ["经办人", "operator"],
  state: ["状态", "state"],
  from: ["从", "from"],
  to: ["到", "to"],
  search: ["搜索", "search"],
};

function filterValue(name: string, value: unknown, language: ExportLanguage): string {
  const words = name === "channel" ? channelWords : name === "state" ? orderStateWords : {};
  const known = (words as Readonly<Record<string, Words>>)[String(value)];
  return known === undefined ? String(value) : inWords(known, language);
}

function columnsIn(language: ExportLanguage): ExcelColumn<Recharge>[] {
  const say = (words: Words): string => inWords(words, language);
  const e4 = (text: string): number => parseMoney(text, 4) ?? 0;
  const isSold = (order: Recharge) => order.state !== "withdrawn" && order.state !== "refused";
  return [
    { header: say(["时间", "Time"]), type: "time", width: 20, value: (order) => order.createdAt },
    { header: say(["单号", "Order"]), type: "text", width: 20, value: (order) => order.orderNo },
    { header: say(["票据号", "Receipt"]), type: "text", width: 14, value: (order) => order.receiptNo },
    { header: say(["房间", "Room"]), type: "text", width: 14, value: (order) => order.label },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (order) => order.customer },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (order) => order.number },
    {
      header: say(["收款方式", "Channel"]),
      type: "text",
      width: 10,
      value: (order) => channelIn(order.channel, language),
    },
    {
      header: say(["金额(元)", "Amount (yuan)"]),
      type: "money",
      width: 14,
      value: (order) => e4(order.amount),
      sum: true,
    },
    {
      header: say(["抵扣欠费(元)", "Debts taken (yuan)"]),
      type: "money",
      width: 14,
      value: (order) => e4(order.debts),
      sum: true,
    },
    { header: say(["单价(元)", "Price (yuan)"]), type: "money", width: 10, value: (order) => e4(order.price) },
    {
      header: say(["购买量(度/吨)", "Units sold"]),
      type: "units",
      width: 14,
      value: (order) => (order.creditAt === "meter" && isSold(order) ? order.unitsWh : null),
      sum: true,
    },
    {
      header: say(["购买或记入(元)", "Sold or credited (yuan)"]),
      type: "money",
      width: 16,
      value: (order) => (isSold(order) ? e4(order.unitsCost) : 0),
      sum: true,
    },
    {
      header: say(["状态", "State"]),
      type: "text",
      width: 14,
      value: (order) => inWords(orderStateWords[order.state], language),
    },
    { header: say(["到账时间", "Credited at"]), type: "time", width: 20, value: (order) => order.confirmedAt },
    { header: say(["购电次数", "Purchase no."]), type: "number", width: 10, value: (order) => order.purchaseNumber },
    { header: say(["经办人", "Operator"]), type: "text", width: 12, value: (order) => order.createdBy },
    { header: say(["备注", "Note"]), type: "text", width: 24, value: (order) => order.note },
  ];
}

function channelIn(channel: string, language: ExportLanguage): string {
  const words = channelWords[channel];
  return words === undefined ? channel : inWords(words, language);
}
