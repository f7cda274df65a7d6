import { formatInstant } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { Exchange, ExchangeQuery } from "#contract/devices.ts";
import type { ExchangeState } from "#domain/exchange.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { seeExchanges } from "#flows/device-views.ts";
import { EXCHANGES_SHOWN } from "#store/device-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

/** The exchanges (换表记录) that the filter holds, as a file: old and new meter side by side, and what was carried over. */
export async function exchangesFile(
  ctx: FlowContext,
  actor: Actor,
  query: ExchangeQuery & { language: ExportLanguage },
) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const title = say(["换表记录", "Meter exchanges"]);
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filter.search ?? say(["全部", "all"])}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: columnsIn(language),
    rows: everyExchange(ctx, actor, filter),
    totalWord: say(["合计", "Total"]),
  });
}

async function* everyExchange(ctx: FlowContext, actor: Actor, filter: ExchangeQuery): AsyncGenerator<Exchange> {
  let before = filter.before;
  for (;;) {
    const page = { ...filter, ...(before !== undefined && { before }), limit: EXCHANGES_SHOWN };
    const rows = await seeExchanges(ctx.db.read, actor.scope, page);
    yield* rows;
    before = rows.at(-1)?.exchangeNo;
    if (rows.length < EXCHANGES_SHOWN) return;
  }
}

const stateWords: Readonly<Record<ExchangeState, Words>> = {
  open: ["已开单", "Begun"],
  asked: ["待审批", "Waits for approval"],
  clearing: ["旧表清出中", "Clearing"],
  cleared: ["待装新表", "Ready for the new meter"],
  reading: ["等新表应答", "Waits for the new meter"],
  loading: ["余量写入中", "Loading"],
  done: ["已完成", "Done"],
  stopped: ["已暂停,待核对", "Stopped"],
  cancelled: ["已取消", "Cancelled"],
};

function columnsIn(language: ExportLanguage): ExcelColumn<Exchange>[] {
  const say = (words: Words): string => inWords(words, language);
  const e4 = (text: string): number => (text.startsWith("-") ? -1 : 1) * (parseMoney(text.replace("-", ""), 4) ?? 0);
  return [
    { header: say(["单号", "Number"]), type: "text", width: 20, value: (each) => each.exchangeNo },
    { header: say(["开单时间", "Begun at"]), type: "time", width: 20, value: (each) => each.createdAt },
    { header: say(["状态", "State"]), type: "text", width: 14, value: (each) => say(stateWords[each.state]) },
    { header: say(["房间", "Room"]), type: "text", width: 14, value: (each) => each.label },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (each) => each.customer ?? "" },
    { header: say(["旧表号", "Old meter"]), type: "text", width: 16, value: (each) => each.oldMeter.number },
    { header: say(["旧表止码", "Its last index"]), type: "units", width: 14, value: (each) => each.closeWh },
    { header: say(["旧表倍率", "Its ratio"]), type: "number", width: 10, value: (each) => each.oldMeter.ratio },
    { header: say(["新表号", "New meter"]), type: "text", width: 16, value: (each) => each.newMeter?.number ?? "" },
    { header: say(["新表起码", "Its first index"]), type: "units", width: 14, value: (each) => each.openWh },
    {
      header: say(["新表倍率", "Its ratio"]),
      type: "number",
      width: 10,
      value: (each) => each.newMeter?.ratio ?? null,
    },
    { header: say(["转移余量", "Carried over"]), type: "units", width: 14, value: (each) => each.carryWh, sum: true },
    {
      header: say(["与账面差(元)", "Against the books (yuan)"]),
      type: "money",
      width: 14,
      value: (each) => e4(each.difference),
      sum: true,
    },
    {
      header: say(["转欠费(元)", "Became a debt (yuan)"]),
      type: "money",
      width: 14,
      value: (each) => e4(each.debt),
      sum: true,
    },
    { header: say(["换上时间", "Put in at"]), type: "time", width: 20, value: (each) => each.swappedAt },
    { header: say(["完成时间", "Done at"]), type: "time", width: 20, value: (each) => each.doneAt },
    { header: say(["依据", "Proof"]), type: "text", width: 20, value: (each) => each.note },
    { header: say(["原因", "Reason"]), type: "text", width: 24, value: (each) => each.reason },
    { header: say(["经办人", "By"]), type: "text", width: 12, value: (each) => each.createdBy },
  ];
}
