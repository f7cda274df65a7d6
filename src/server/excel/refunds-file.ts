import { AppError } from "#base/errors.ts";
import { formatInstant } from "#base/time.ts";
import type { Refund, RefundFilter } from "#contract/refunds.ts";
import type { Actor } from "#domain/permission.ts";
import { isPaidOut, WITHOUT_EFFECT } from "#domain/refund.ts";
import type { FlowContext } from "#flows/context.ts";
import { everyRefund, refundTotals } from "#store/refund-records.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { e4 } from "./report-files.ts";
import { refundKindWords, refundMethodWords, refundStateWords } from "./words.ts";
import { EXCEL_ROWS_MAX, type ExcelColumn } from "./workbook.ts";

/** The refund records (退费记录) that the filter holds, as a file. What was given back is negative; what had no effect adds nothing. */
export async function refundsFile(ctx: FlowContext, actor: Actor, query: RefundFilter & { language: ExportLanguage }) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const { count } = await refundTotals(ctx.db.read, actor.scope, filter);
  if (count > EXCEL_ROWS_MAX) throw new AppError("too_many_rows", { count, max: EXCEL_ROWS_MAX });
  const now = ctx.clock();
  const title = say(["退费记录", "Refunds"]);
  const filterText = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${say(filterWords[name as keyof RefundFilter])} ${filterValue(name, value, language)}`)
    .join("; ");
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filterText === "" ? say(["全部", "all"]) : filterText}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: columnsIn(language),
    rows: everyRefund(ctx.db.read, actor.scope, filter),
    totalWord: say(["合计", "Total"]),
  });
}

const filterWords: Readonly<Record<keyof RefundFilter, Words>> = {
  meterId: ["表计", "meter"],
  customerId: ["客户", "customer"],
  areaId: ["片区", "area"],
  kind: ["类型", "kind"],
  state: ["状态", "state"],
  method: ["退款方式", "paid by"],
  operator: ["经办人", "operator"],
  from: ["从", "from"],
  to: ["到", "to"],
  search: ["搜索", "search"],
  orderNo: ["充值单", "order"],
  open: ["未结束", "open"],
};

function filterValue(name: string, value: unknown, language: ExportLanguage): string {
  const tables: Readonly<Record<string, Readonly<Record<string, Words>>>> = {
    kind: refundKindWords,
    state: refundStateWords,
    method: refundMethodWords,
  };
  const known = tables[name]?.[String(value)];
  return known === undefined ? String(value) : inWords(known, language);
}

function columnsIn(language: ExportLanguage): ExcelColumn<Refund>[] {
  const say = (words: Words): string => inWords(words, language);
  const counts = ({ state }: Refund) => !WITHOUT_EFFECT.includes(state);
  const taken = (row: Refund) => row.takenWh ?? row.unitsWh;
  const negative = (value: number) => (value === 0 ? 0 : -value);
  return [
    { header: say(["时间", "Time"]), type: "time", width: 20, value: (row) => row.createdAt },
    { header: say(["退费单号", "Refund"]), type: "text", width: 20, value: (row) => row.refundNo },
    { header: say(["类型", "Kind"]), type: "text", width: 16, value: (row) => say(refundKindWords[row.kind]) },
    { header: say(["房间", "Room"]), type: "text", width: 14, value: (row) => row.label },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (row) => row.customer },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (row) => row.number },
    {
      header: say(["数量(度/吨)", "Units"]),
      type: "units",
      width: 14,
      value: (row) => (taken(row) === 0 ? null : counts(row) ? negative(taken(row)) : 0),
      sum: true,
    },
    {
      header: say(["退费(元)", "Given back (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => (isPaidOut(row.kind) && counts(row) ? negative(e4(row.payable) ?? 0) : 0),
      sum: true,
    },
    {
      header: say(["清零、核销(元)", "Given up (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => (!isPaidOut(row.kind) && counts(row) ? negative(e4(row.amount) ?? 0) : 0),
      sum: true,
    },
    {
      header: say(["其中已付款(元)", "Paid out (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => (row.state === "paid" ? negative(e4(row.payable) ?? 0) : 0),
      sum: true,
    },
    {
      header: say(["退款方式", "Paid by"]),
      type: "text",
      width: 12,
      value: (row) => (row.method === "" ? "" : say(refundMethodWords[row.method])),
    },
    { header: say(["状态", "State"]), type: "text", width: 14, value: (row) => say(refundStateWords[row.state]) },
    { header: say(["原充值单", "Original order"]), type: "text", width: 20, value: (row) => row.orderNo ?? "" },
    { header: say(["改充单", "Replaced by"]), type: "text", width: 20, value: (row) => row.replacementNo ?? "" },
    { header: say(["原因", "Reason"]), type: "text", width: 24, value: (row) => row.reason },
    { header: say(["申请人", "Asked by"]), type: "text", width: 12, value: (row) => row.createdBy },
    { header: say(["审批人", "Decided by"]), type: "text", width: 12, value: (row) => row.decidedBy ?? "" },
    { header: say(["电表确认时间", "Confirmed"]), type: "time", width: 20, value: (row) => row.confirmedAt },
    { header: say(["付款人", "Paid by"]), type: "text", width: 12, value: (row) => row.paidBy ?? "" },
    { header: say(["付款时间", "Paid at"]), type: "time", width: 20, value: (row) => row.paidAt },
    { header: say(["付款备注", "Payment note"]), type: "text", width: 20, value: (row) => row.payoutNote },
  ];
}
