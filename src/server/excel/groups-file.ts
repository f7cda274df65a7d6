import { formatInstant } from "#base/time.ts";
import type { GroupItem, GroupQuery } from "#contract/groups.ts";
import type { GroupState } from "#domain/group.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { groupItems } from "#store/group-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { e4 } from "./report-files.ts";
import type { ExcelColumn } from "./workbook.ts";

const stateWords: Readonly<Record<GroupState, Words>> = {
  active: ["使用中", "Active"],
  dissolved: ["已解散", "Dissolved"],
  withdrawn: ["已撤回", "Withdrawn"],
};

/** Merged accounts (合并账户) that the filter holds, as a file; balances are summed. */
export function groupsFile(ctx: FlowContext, actor: Actor, query: GroupQuery & { language: ExportLanguage }) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const title = say(["合并账户", "Merged accounts"]);
  const columns: ExcelColumn<GroupItem>[] = [
    { header: say(["编号", "Number"]), type: "text", width: 20, value: (row) => row.groupNo },
    { header: say(["状态", "State"]), type: "text", width: 10, value: (row) => say(stateWords[row.state]) },
    { header: say(["客户", "Customer"]), type: "text", width: 16, value: (row) => row.customer },
    { header: say(["主表", "Main meter"]), type: "text", width: 16, value: (row) => row.mainLabel },
    { header: say(["成员", "Members"]), type: "text", width: 40, value: (row) => row.labels.join(", ") },
    {
      header: say(["余额(元)", "Balance (yuan)"]),
      type: "money",
      width: 14,
      value: (row) => e4(row.balance),
      sum: true,
    },
    { header: say(["截至", "As of"]), type: "time", width: 20, value: (row) => row.balanceAt },
  ];
  return namedTable(title, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filter.search || say(["全部", "all"])} ${filter.state ? say(stateWords[filter.state]) : ""}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`,
    ],
    columns,
    rows: everyGroup(ctx, actor, filter),
    totalWord: say(["合计", "Total"]),
  });
}

async function* everyGroup(ctx: FlowContext, actor: Actor, filter: GroupQuery): AsyncGenerator<GroupItem> {
  let { before } = filter;
  for (;;) {
    const page = await groupItems(ctx.db.read, actor.scope, { ...filter, before, limit: 100 });
    yield* page.items;
    before = page.items.at(-1)?.groupNo;
    if (!page.more || before === undefined) return;
  }
}
