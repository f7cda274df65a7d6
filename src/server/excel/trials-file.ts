import { formatInstant, instant } from "#base/time.ts";
import type { Trial, TrialFilter, TrialItem, TrialMeter } from "#contract/trials.ts";
import type { Actor } from "#domain/permission.ts";
import { trialChecks } from "#domain/trial.ts";
import {
  trialCheckNames,
  trialOutcomeNames,
  trialResultNames,
  trialSentence,
  trialStateNames,
  trialTodos,
} from "#domain/trial-words.ts";
import type { FlowContext } from "#flows/context.ts";
import { everyTrial } from "#store/trial-pages.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

/** Trial runs (试运行) that the filter holds, as a file. */
export function trialsFile(ctx: FlowContext, actor: Actor, query: TrialFilter & { language: ExportLanguage }) {
  const { language, ...filter } = query;
  const say = (words: Words): string => inWords(words, language);
  const title = say(["试运行记录", "Trial runs"]);
  const columns: ExcelColumn<TrialItem>[] = [
    { header: say(["编号", "Number"]), type: "text", width: 20, value: (row) => row.trialNo },
    { header: say(["状态", "State"]), type: "text", width: 18, value: (row) => say(trialStateNames[row.state]) },
    { header: say(["项目", "Project"]), type: "text", width: 18, value: (row) => row.project },
    { header: say(["范围", "Place"]), type: "text", width: 22, value: (row) => placeText(row, language) },
    { header: say(["表计", "Meters"]), type: "number", width: 10, value: (row) => row.meters, sum: true },
    { header: say(["合格", "Passed"]), type: "number", width: 10, value: (row) => row.passed, sum: true },
    { header: say(["不合格", "Failed"]), type: "number", width: 10, value: (row) => row.failed, sum: true },
    { header: say(["未测", "Not tested"]), type: "number", width: 10, value: (row) => row.skipped, sum: true },
    { header: say(["发起人", "Begun by"]), type: "text", width: 14, value: (row) => row.createdName },
    { header: say(["开始", "Begun at"]), type: "time", width: 20, value: (row) => row.createdAt },
    { header: say(["结束", "Ended at"]), type: "time", width: 20, value: (row) => row.endedAt },
    { header: say(["签字人", "Signed by"]), type: "text", width: 14, value: (row) => row.signed?.name ?? "" },
    { header: say(["签字时间", "Signed at"]), type: "time", width: 20, value: (row) => row.signed?.at ?? null },
    { header: say(["签字说明", "Note"]), type: "text", width: 24, value: (row) => row.signed?.note ?? "" },
  ];
  const narrowed = [filter.state && say(trialStateNames[filter.state]), filter.result, filter.search].filter(Boolean);
  return namedTable(title, {
    title,
    notes: [
      `${say(["筛选", "Filter"])}: ${narrowed.join(" · ") || say(["全部", "all"])}`,
      `${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`,
    ],
    columns,
    rows: everyTrial(ctx.db.read, actor.scope, filter),
    totalWord: say(["合计", "Total"]),
  });
}

/** What a run is about, in words. */
function placeText({ placeKind, placeName }: Pick<Trial, "placeKind" | "placeName">, language: ExportLanguage): string {
  return placeKind === "meters" ? inWords(["所选表计", "Chosen meters"], language) : placeName;
}

/** The report of a run (试运行调试报告) as a file: what it was, every meter with every check, and where it is signed. */
export function trialReportFile(ctx: FlowContext, actor: Actor, trial: Omit<Trial, "asOf">, language: ExportLanguage) {
  const say = (words: Words): string => inWords(words, language);
  const time = (at: number | null) => (at === null ? "-" : formatInstant(instant(at)));
  const title = say([`试运行调试报告 ${trial.trialNo}`, `Commissioning report ${trial.trialNo}`]);
  const { signed, meterList, passed, failed, skipped } = trial;
  const columns: ExcelColumn<TrialMeter>[] = [
    { header: say(["房间", "Room"]), type: "text", width: 14, value: (row) => row.label },
    { header: say(["表号", "Meter"]), type: "text", width: 16, value: (row) => row.number },
    { header: say(["表地址", "Address"]), type: "text", width: 16, value: (row) => row.address },
    { header: say(["表型", "Model"]), type: "text", width: 12, value: (row) => row.profile },
    {
      header: say(["结论", "Result"]),
      type: "text",
      width: 10,
      value: (row) => (row.result === null ? "" : say(trialResultNames[row.result])),
    },
    { header: say(["第几次", "Attempt"]), type: "number", width: 8, value: (row) => row.attempt },
    ...trialChecks.map(
      (name): ExcelColumn<TrialMeter> => ({
        header: say(trialCheckNames[name]),
        type: "text",
        width: 26,
        value: (row) => checkText(row, name, say),
      }),
    ),
    { header: say(["处理办法", "What to do"]), type: "text", width: 40, value: (row) => todoText(row, say) },
    { header: say(["完成时间", "Done at"]), type: "time", width: 20, value: (row) => row.doneAt },
  ];
  return namedTable(title, {
    title,
    notes: [
      `${say(["项目", "Project"])}: ${trial.project}  ${say(["范围", "Place"])}: ${placeText(trial, language)}  ${say(["软件版本", "Software"])}: ${trial.version}`,
      `${say(["发起", "Begun"])}: ${trial.createdName} (${trial.createdBy}) ${time(trial.createdAt)}  ${say(["结束", "Ended"])}: ${time(trial.endedAt)}  ${say(["状态", "State"])}: ${say(trialStateNames[trial.state])}`,
      say([
        `表计 ${trial.meters} 只,合格 ${passed},不合格 ${failed},未测 ${skipped}`,
        `${trial.meters} meters: ${passed} passed, ${failed} failed, ${skipped} not tested`,
      ]),
      `${say(["系统内签字", "Signed in the system"])}: ${signed === null ? "-" : `${signed.name} (${signed.by}) ${time(signed.at)} ${signed.note}`}`,
      `${say(["校验码", "Code"])}: ${trial.fingerprint ?? say(["签字后生成", "made when it is signed"])}`,
      `${say(["安装方", "Installer"])}: ____________  ${say(["日期", "Date"])}: ____________    ${say(["验收方", "Accepted by"])}: ____________  ${say(["日期", "Date"])}: ____________`,
      `${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`,
    ],
    columns,
    rows: meterList,
    totalWord: "",
  });
}

function checkText(row: TrialMeter, name: (typeof trialChecks)[number], say: (words: Words) => string): string {
  const check = row.checks.find((each) => each.check === name);
  return check === undefined ? "" : `${say(trialOutcomeNames[check.outcome])}: ${say(trialSentence(check))}`;
}

function todoText(row: TrialMeter, say: (words: Words) => string): string {
  const todos = row.checks.flatMap(({ outcome, why }) => {
    const words = outcome === "fail" ? trialTodos[why] : undefined;
    return words === undefined ? [] : [say(words)];
  });
  return [...new Set(todos)].join("; ");
}
