import { AppError } from "#base/errors.ts";
import { formatInstant } from "#base/time.ts";
import type { AuditFilter, AuditRow } from "#contract/audit.ts";
import { auditActionName } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { auditChainNow } from "#store/audit-checks.ts";
import { countAudit, everyAuditRow } from "#store/audit-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import { EXCEL_ROWS_MAX, type ExcelColumn } from "./workbook.ts";

/** Longest text of a cell that every spreadsheet takes. */
const CELL_CHARS_MAX = 32_000;

/** How many rows of the audit the filter holds; only for who sees all meters. */
export async function countAuditFile(ctx: FlowContext, actor: Actor, filter: AuditFilter): Promise<number> {
  if (!actor.scope.all) throw new AppError("audit_needs_all_meters");
  const count = await countAudit(ctx.db.read, filter);
  if (count > EXCEL_ROWS_MAX) throw new AppError("too_many_rows", { count, max: EXCEL_ROWS_MAX });
  return count;
}

/** The rows of the audit (审计日志) that the filter holds, as a file. A note names the newest seal, by which the file can be held against the chain. */
export async function auditFile(ctx: FlowContext, actor: Actor, query: AuditFilter & { language: ExportLanguage }) {
  const { language, ...filter } = query;
  await countAuditFile(ctx, actor, filter);
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const { head, checkedAt, ok } = await auditChainNow(ctx.db.read);
  const title = say(["审计日志", "Audit log"]);
  const filterText = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${say(filterWords[name as keyof AuditFilter])} ${value}`)
    .join("; ");
  const checked =
    checkedAt === null
      ? say(["尚未核对", "not checked yet"])
      : `${formatInstant(checkedAt as typeof now)} ${ok ? say(["完整", "whole"]) : say(["有问题", "not as it was written"])}`;
  return namedTable(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${filterText === "" ? say(["全部", "all"]) : filterText}`,
      `${say(["审计链", "Chain"])}: ${checked}${head === null ? "" : `; ${say(["封签", "seal"])} ${head.seq}:${head.hash}`}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: columnsIn(language),
    rows: everyAuditRow(ctx.db.read, filter),
    totalWord: say(["合计", "Total"]),
  });
}

const filterWords: Readonly<Record<keyof AuditFilter, Words>> = {
  who: ["操作人", "who"],
  action: ["操作", "action"],
  object: ["对象", "object"],
  from: ["从", "from"],
  to: ["到", "to"],
  search: ["搜索", "search"],
};

function columnsIn(language: ExportLanguage): ExcelColumn<AuditRow>[] {
  const say = (words: Words): string => inWords(words, language);
  const actionWord = (action: string) => say(auditActionName(action) ?? [action, action]);
  const text = (figures: AuditRow["before"]) =>
    figures === null ? "" : JSON.stringify(figures).slice(0, CELL_CHARS_MAX);
  return [
    { header: say(["时间", "Time"]), type: "time", width: 20, value: (row) => row.at },
    { header: say(["操作人", "Who"]), type: "text", width: 16, value: (row) => row.actor },
    { header: say(["操作", "Action"]), type: "text", width: 22, value: (row) => actionWord(row.action) },
    { header: say(["操作代码", "Code"]), type: "text", width: 22, value: (row) => row.action },
    { header: say(["对象", "Object"]), type: "text", width: 24, value: (row) => row.object },
    { header: say(["名称", "Name"]), type: "text", width: 22, value: (row) => row.objectName ?? "" },
    { header: say(["之前", "Before"]), type: "text", width: 40, value: (row) => text(row.before) },
    { header: say(["之后", "After"]), type: "text", width: 40, value: (row) => text(row.after) },
    { header: say(["原因", "Reason"]), type: "text", width: 30, value: (row) => row.reason },
    { header: say(["地址", "Address"]), type: "text", width: 16, value: (row) => row.ip },
    { header: say(["编号", "Id"]), type: "text", width: 22, value: (row) => row.id },
  ];
}
