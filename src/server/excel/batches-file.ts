import { formatInstant, instant } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { Batch, BatchFilter, BatchLine, BatchMeter } from "#contract/switch-batches.ts";
import { commandReasonsEn } from "#domain/command-reasons.en.ts";
import { commandReasonsZh } from "#domain/command-reasons.zh-CN.ts";
import { hiddenFrom } from "#domain/field-mask.ts";
import type { Actor } from "#domain/permission.ts";
import {
  type BatchKind,
  type BatchState,
  type BatchStep,
  batchSteps,
  type LeftOutReason,
} from "#domain/switch-batch.ts";
import type { FlowContext } from "#flows/context.ts";
import { everyBatch } from "#store/switch-batch-pages.ts";
import { type ExportLanguage, inWords, type NamedTable, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

const kindWords: Readonly<Record<BatchKind, Words>> = { trip: ["拉闸", "Trip"], close: ["合闸", "Close"] };

const stateWords: Readonly<Record<BatchState, Words>> = {
  requested: ["待审批", "Waits for approval"],
  running: ["下发中", "Being sent"],
  done: ["已完成", "Done"],
  cancelled: ["已停止", "Stopped"],
  rejected: ["已驳回", "Rejected"],
  withdrawn: ["已撤回", "Withdrawn"],
  expired: ["已过期", "Expired"],
};

const stepWords: Readonly<Record<BatchStep, Words>> = {
  waiting: ["等待", "Waiting"],
  queued: ["待发出", "Queued"],
  sent: ["已发出", "Sent"],
  confirmed: ["已确认", "Confirmed"],
  failed: ["失败", "Failed"],
  unanswered: ["无应答", "No answer"],
  left_out: ["不操作", "Left out"],
  cancelled: ["已停止", "Stopped"],
};

const whyWords: Readonly<Record<LeftOutReason, Words>> = {
  guarded: ["保电", "Supply guard"],
  safety: ["安全锁定", "Off for safety"],
  no_switch: ["无开关", "No switch"],
  link_not_trusted: ["链路不可信", "Link not trusted"],
  link_risk: ["链路风险未承担", "Risk of the link not taken"],
  out_of_scope: ["已不在管辖范围", "No longer in the area"],
  not_permitted: ["申请人已无权限", "Who asked may no longer"],
  customer_changed: ["住户已变更", "Another customer"],
  paid: ["已缴费", "Paid since"],
  switched: ["其间已另行操作", "Switched otherwise since"],
  too_late: ["超过下发时限", "Too late"],
  refused: ["被拒绝", "Refused"],
};

/** The batches (批量拉合闸) that the filter holds, as a file. */
export function batchesFile(
  ctx: FlowContext,
  actor: Actor,
  { language, ...filter }: BatchFilter & { language: ExportLanguage },
): NamedTable {
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const title = say(["批量拉合闸", "Batches of trips and closes"]);
  const count = (step: BatchStep): ExcelColumn<BatchLine> => ({
    ...{ header: say(stepWords[step]), type: "number", width: 10, value: (each) => each.steps[step], sum: true },
  });
  const narrowed = [
    filter.kind === undefined ? "" : say(kindWords[filter.kind]),
    filter.state === undefined ? "" : say(stateWords[filter.state]),
    filter.search,
  ].filter((each) => each !== "");
  return namedTable<BatchLine>(`${title} ${formatInstant(now).slice(0, 10)}`, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${narrowed.join(" ") || say(["全部", "all"])}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: [
      { header: say(["批次", "Batch"]), type: "text", width: 24, value: (each) => each.batchId },
      { header: say(["操作", "What"]), type: "text", width: 8, value: (each) => say(kindWords[each.kind]) },
      { header: say(["状态", "State"]), type: "text", width: 12, value: (each) => say(stateWords[each.state]) },
      { header: say(["申请时间", "Asked at"]), type: "time", width: 20, value: (each) => each.requestedAt },
      { header: say(["申请人", "Asked by"]), type: "text", width: 14, value: (each) => each.requestedBy },
      { header: say(["审批人", "Approved by"]), type: "text", width: 14, value: (each) => each.approvedBy ?? "" },
      { header: say(["原因", "Reason"]), type: "text", width: 30, value: (each) => each.reason },
      ...batchSteps.map(count),
      { header: say(["结束时间", "Ended at"]), type: "time", width: 20, value: (each) => each.endedAt },
    ],
    rows: everyBatch(ctx.db.read, actor, { ...filter, now }),
    totalWord: say(["合计", "Total"]),
  });
}

/** The meters of one batch, each with what was known of it and how it went. */
export function batchMetersFile(ctx: FlowContext, actor: Actor, batch: Batch, language: ExportLanguage): NamedTable {
  const say = (words: Words): string => inWords(words, language);
  const now = ctx.clock();
  const hidden = hiddenFrom(actor.permissions);
  const title = `${say(["批量", "Batch: "])}${say(kindWords[batch.kind])}`;
  return namedTable<BatchMeter>(`${title} ${batch.batchId}`, {
    title,
    notes: [
      `${say(["批次", "Batch"])}: ${batch.batchId} ${say(stateWords[batch.state])} ${batch.reason}`,
      `${say(["申请", "Asked"])}: ${batch.requestedBy} ${formatInstant(instant(batch.requestedAt))}`,
      `${say(["审批", "Approved"])}: ${batch.approvedBy ?? "-"}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(now)} ${actor.name}`,
    ],
    columns: [
      { header: say(["房间", "Room"]), type: "text", width: 16, value: (each) => each.label },
      { header: say(["表号", "Meter"]), type: "text", width: 16, value: (each) => each.number },
      { header: say(["片区", "Area"]), type: "text", width: 14, value: (each) => each.areaName },
      { header: say(["客户", "Customer"]), type: "text", width: 16, value: (each) => each.customer ?? "" },
      { header: say(["剩余量", "Left"]), type: "units", width: 12, value: (each) => each.remainingWh },
      {
        ...{ header: say(["剩余金额(元)", "Left (yuan)"]), type: "money", width: 14 },
        value: (each) => (each.remainingWh !== null && hidden.has("price") ? null : yuanE4(each.remainingYuan)),
      },
      { header: say(["剩余量时间", "As of"]), type: "time", width: 20, value: (each) => each.remainingAt || null },
      { header: say(["进度", "Progress"]), type: "text", width: 12, value: (each) => say(stepWords[each.step]) },
      {
        ...{ header: say(["说明", "Why"]), type: "text", width: 24 },
        value: (each) => (each.why === null ? reasonWords(each.stateReason, language) : say(whyWords[each.why])),
      },
      { header: say(["发出时间", "Sent at"]), type: "time", width: 20, value: (each) => each.sentAt },
      { header: say(["结束时间", "Ended at"]), type: "time", width: 20, value: (each) => each.doneAt },
    ],
    rows: batch.items,
    totalWord: say(["合计", "Total"]),
  });
}

function yuanE4(text: string | null): number | null {
  if (text === null) return null;
  return (text.startsWith("-") ? -1 : 1) * (parseMoney(text.replace("-", ""), 4) ?? 0);
}

/** Codes of why a command ended, in words; a code that has none as it is. */
function reasonWords(codes: string, language: ExportLanguage): string {
  const words: Readonly<Record<string, string>> = language === "en" ? commandReasonsEn : commandReasonsZh;
  const all = codes.split(",").map((code) => words[code] ?? code);
  return all.join(inWords(["、", ", "], language));
}
