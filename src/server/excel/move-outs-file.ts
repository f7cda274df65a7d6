import { formatInstant } from "#base/time.ts";
import type { MoveOutFilter, MoveOutLine } from "#contract/move-outs.ts";
import type { MoveOutState } from "#domain/move-out.ts";
import type { Actor } from "#domain/permission.ts";
import type { RefundMethod } from "#domain/refund.ts";
import type { FlowContext } from "#flows/context.ts";
import { everyMoveOut } from "#store/move-out-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { e4 } from "./report-files.ts";

const stateWords: Readonly<Record<MoveOutState | "open", Words>> = {
  open: ["办理中", "open"],
  reading: ["抄终止示数", "reading"],
  calculated: ["已核算", "calculated"],
  clearing: ["清零中", "clearing"],
  paying: ["待付款", "paying"],
  done: ["已退租", "done"],
  cancelled: ["已取消", "cancelled"],
};

const methodWords: Readonly<Record<RefundMethod, Words>> = {
  cash: ["现金", "cash"],
  transfer: ["转账", "transfer"],
  original: ["原路", "original channel"],
};

/** The list of move-outs (退租单) that the filter holds, as a file. */
export function moveOutsFile(ctx: FlowContext, actor: Actor, query: MoveOutFilter & { language: ExportLanguage }) {
  const { language, state, search } = query;
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const title = say(["退租单", "Move-outs"]);
  const filters = [
    ...(state === undefined ? [] : [`${say(["状态", "state"])} ${say(stateWords[state])}`]),
    ...(search === undefined || search === "" ? [] : [`${say(["搜索", "search"])} ${search}`]),
  ];
  return namedTable<MoveOutLine>(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filters.length === 0 ? say(["全部", "all"]) : filters.join("; ")}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: [
      { header: say(["退租单号", "Move-out"]), type: "text", width: 20, value: (line) => line.moveOutNo },
      { header: say(["房间", "Room"]), type: "text", width: 20, value: (line) => line.place },
      { header: say(["客户", "Customer"]), type: "text", width: 16, value: (line) => line.customer },
      { header: say(["客户编号", "Customer no."]), type: "text", width: 16, value: (line) => line.customerNumber },
      { header: say(["表计数", "Meters"]), type: "number", width: 8, value: (line) => line.meters },
      { header: say(["状态", "State"]), type: "text", width: 12, value: (line) => say(stateWords[line.state]) },
      {
        header: say(["应退(元)", "Payable (yuan)"]),
        type: "money",
        width: 14,
        value: (line) => e4(line.payable),
        sum: true,
      },
      { header: say(["尚欠(元)", "Owed (yuan)"]), type: "money", width: 14, value: (line) => e4(line.owed), sum: true },
      { header: say(["退款方式", "Method"]), type: "text", width: 10, value: (line) => say(methodWords[line.method]) },
      { header: say(["办理人", "Begun by"]), type: "text", width: 12, value: (line) => line.createdBy },
      { header: say(["办理时间", "Begun at"]), type: "time", width: 20, value: (line) => line.createdAt },
      { header: say(["完成时间", "Ended at"]), type: "time", width: 20, value: (line) => line.doneAt },
    ],
    rows: everyMoveOut(ctx.db.read, actor.scope, { state, search }),
    totalWord: say(["合计", "Total"]),
  });
}
