import { both, html, type Markup, table } from "./markup.ts";
import type { Outcome } from "./outcome.ts";
import type { Report } from "./report.ts";
import { deviationsPart, jobsPart, loadPart, notRunPart, soakPart, testsPart, tracePart } from "./report-parts.ts";
import { REPORT_STYLE } from "./report-style.ts";
import { spanText, timeText } from "./report-words.ts";

/** The report as one page: nothing is loaded from anywhere, nothing in it runs. */
export function reportHtml(report: Report): string {
  const { version, commit } = report.plan.subject;
  const title = `集抄 Jichao ${version} 验收报告 Acceptance report`;
  const page = html`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}${commit === null ? "" : ` ${commit.slice(0, 8)}`}</title><style>${{ markup: REPORT_STYLE }}</style></head>
<body><main>
${cover(report)}
${summary(report)}
${tracePart(report)}
${jobsPart(report)}
${loadPart(report)}
${soakPart(report)}
${deviationsPart(report)}
${notRunPart(report)}
${testsPart(report)}
</main></body></html>
`;
  return page.markup;
}

function cover(report: Report): Markup {
  const { plan } = report;
  const { version, commit, changed, sources } = plan.subject;
  const [zh, en, tone] = OUTCOMES[report.outcome];
  const fact = ([name, english]: readonly [string, string], value: Markup | string) =>
    html`<tr><th scope="row">${both(name, english)}</th><td>${value}</td></tr>`;
  const stretches = plan.stretches.map(
    ({ from, to }) => `${timeText(from)} – ${to === null ? "中断 broken off" : timeText(to)}`,
  );
  const filters = [...plan.tests, ...plan.runs];
  const { cases, summary } = report;
  const { passed, part: half, failed } = summary.cases;
  const part = summary.part;
  const there = cases.filter(({ state }) => state === "there").length;
  return html`<section class="cover">
<div class="brand">集抄 Jichao</div>
<h1>验收报告<span class="en">Acceptance report · 远程预付费集中抄表系统 remote prepaid metering</span></h1>
<div class="verdict ${tone}">${zh}<span class="en">${en}</span></div>
${report.outcome === "part" ? html`<ul class="notice">${report.open.map(({ zh: why, en: english }) => html`<li>${both(why, english)}</li>`)}</ul>` : ""}
${report.missing.map((sentence) => html`<p class="notice">${sentence}</p>`)}
<p>${both(`需求 ${cases.length} 条:具备 ${there}、部分 ${part}、未做 ${cases.length - there - part};其中通过 ${passed}、部分通过 ${half}、失败 ${failed}。`, `${cases.length} requirements: ${there} there, ${part} in part, ${cases.length - there - part} not built; ${passed} passed, ${half} in part, ${failed} failed.`)}</p>
${plan.quick ? html`<p class="notice">${both("快速验收:负荷时间短、规模小,不作为正式验收依据。", "Quick: short and small loads, not a basis for acceptance.")}</p>` : ""}
${filters.length > 0 ? html`<p class="notice">${both("只做了一部分:", "Only a part was made: ")}<code>${filters.join(" ")}</code></p>` : ""}
${changed ? html`<p class="notice">${both("源码与该提交不一致,有未提交的改动。", "The sources are not what the commit holds.")}</p>` : ""}
<table class="facts"><tbody>
${fact(["版本", "version"], version)}
${fact(["提交", "commit"], html`<code>${commit ?? "–"}</code>`)}
${fact(["源码校验码", "hash of the sources"], html`<code>${sources}</code>`)}
${fact(["范围", "parts"], plan.only.map((part) => PARTS[part]).join("、"))}
${fact(["时间", "time"], html`${stretches.map((text) => html`${text}<br>`)}<span class="small">${spanText((report.to - report.from) / 1000)}</span>`)}
${plan.machine.map(({ zh: name, en: english, value }) => fact([name, english], value))}
</tbody></table>
<div class="signatures">${signature("甲方", "Customer")}${signature("乙方", "Supplier")}</div>
</section>`;
}

/** Nobody signs more than there is. The exit code says the same. */
const OUTCOMES: Readonly<Record<Outcome, readonly [zh: string, en: string, tone: string]>> = {
  passed: ["通过", "passed", "good"],
  part: ["部分通过", "passed in part", "warn"],
  failed: ["未通过", "not passed", "bad"],
  unfinished: ["未完成", "not finished", "warn"],
};

const PARTS = { function: "功能 function", load: "极限负荷 load", soak: "连续运行 soak" } as const;

function signature(zh: string, en: string): Markup {
  const line = (name: string, english: string) =>
    html`<div class="sign"><span>${both(name, english)}</span><i></i></div>`;
  return html`<div><h3>${both(zh, en)}</h3>${line("单位(盖章)", "seal")}${line("代表(签字)", "signed")}${line("日期", "date")}</div>`;
}

function summary({ summary: of, cases, jobs, deviations }: Report): Markup {
  const tile = (zh: string, en: string, value: string, more: string, bad: boolean) =>
    html`<div class="tile${bad ? " bad" : ""}">${both(zh, en)}<b>${value}</b><span class="small">${more}</span></div>`;
  const { runs, demanded, own, tests } = of;
  const made = runs.passed + runs.part + runs.failed + runs.hung;
  return html`<h2>1 汇总<span class="en">Summary</span></h2>
<div class="tiles">
${tile("需求条目", "requirements", `${of.cases.passed} / ${cases.length}`, `通过 passed; 其中部分具备 in part ${of.part}`, of.cases.failed > 0)}
${tile("岗位任务", "jobs", `${of.jobs.passed} / ${jobs.length}`, "通过 passed", of.jobs.failed > 0)}
${tile("自动测试", "tests", String(tests.passed), `失败 failed ${tests.failed}, 跳过 skipped ${tests.skipped}, 文件 files ${tests.files}`, tests.failed > 0)}
${tile("运行项目", "runs", `${runs.passed} / ${made}`, `部分 in part ${runs.part}, 失败 failed ${runs.failed}, 超时 hung ${runs.hung}, 跳过 skipped ${runs.skipped}, 未运行 not run ${runs.not_run}`, runs.failed + runs.hung > 0)}
${tile("要求的指标", "demanded limits", `${demanded.met} / ${demanded.met + demanded.missed}`, "达到 met", demanded.missed > 0)}
${tile("自定目标", "own targets", `${own.met} / ${own.met + own.missed}`, "达到 met; 未达到的列为偏差 the others are deviations", false)}
${tile(
  "须处理",
  "to be mended",
  String(deviations.filter(({ grave }) => grave).length),
  "第 6 节 section 6",
  deviations.some(({ grave }) => grave),
)}
${tile("未做", "not built", String(of.cases.not_built), "第 7 节 section 7", false)}
</div>
${table(
  [
    [" "],
    ["通过 passed", "n"],
    ["部分通过 in part", "n"],
    ["失败 failed", "n"],
    ["跳过 skipped", "n"],
    ["未运行 not run", "n"],
    ["未做 not built", "n"],
  ],
  [
    [
      both("需求条目", "requirements"),
      of.cases.passed,
      of.cases.part,
      of.cases.failed,
      of.cases.skipped,
      of.cases.not_run,
      of.cases.not_built,
    ],
    [
      both("岗位任务", "jobs"),
      of.jobs.passed,
      of.jobs.part,
      of.jobs.failed,
      of.jobs.skipped,
      of.jobs.not_run,
      of.jobs.not_built,
    ],
  ],
)}
<p class="small">“通过”只说明所列测试全部通过;“部分通过”是跑过的都通过,但有跳过、未做或只在一种数据库上做的;状态为“部分”的条目还缺什么,见第 2 节。结论只对模拟器与测试向量成立,尚未用真表、真集中器验收。 Passed means that the tests named passed; in part, that something was skipped, not run, or run on one database alone; what is missing of a part is told in section 2. All of it against simulated meters: no real meter or concentrator took part.</p>`;
}
