import type { Ref } from "./cases.ts";
import { figureText } from "./figure-words.ts";
import type { Figure } from "./figures.ts";
import { both, html, type Markup, type Row, table } from "./markup.ts";
import type { Report, Told } from "./report.ts";
import { mark, metMark, numberText, questionText, spanText, stateText } from "./report-words.ts";
import { memoryChart, responseChart } from "./soak-chart.ts";
import type { Soak } from "./soak-figures.ts";

/** Which requirement is shown by which tests, and what they gave. */
export function tracePart({ cases }: Report): Markup {
  const rows: Row[] = [];
  let section = "";
  for (const each of cases) {
    if (each.section !== section) rows.push({ heading: each.section });
    section = each.section;
    const missing = each.missing === "" ? "" : html`<div class="small">缺 missing: ${each.missing}</div>`;
    rows.push([
      each.number,
      html`${each.what}${missing}`,
      stateText(each.state),
      refs(each.by),
      mark(each.verdict),
      notes(each),
    ]);
  }
  return html`<h2 class="sheet">2 需求追溯<span class="en">Requirements, their tests and results</span></h2>
${table(
  [
    ["编号 No.", "k", 6],
    ["验收内容 What is accepted", "", 29],
    ["状态 State", "", 8],
    ["依据 Shown by", "", 28],
    ["结果 Result", "", 10],
    ["说明 Notes", "", 19],
  ],
  rows,
)}`;
}

/** The jobs of each role. */
export function jobsPart({ jobs }: Report): Markup {
  const rows: Row[] = [];
  let role = "";
  for (const each of jobs) {
    if (each.role !== role) rows.push({ heading: each.role });
    role = each.role;
    rows.push([each.code, each.what, stateText(each.state), refs(each.by), mark(each.verdict), notes(each)]);
  }
  return html`<h2 class="sheet">3 岗位任务<span class="en">Jobs of each role</span></h2>
${table(
  [
    ["编号 Code", "k", 8],
    ["任务 Job", "", 28],
    ["状态 State", "", 8],
    ["依据 Shown by", "", 27],
    ["结果 Result", "", 10],
    ["说明 Notes", "", 19],
  ],
  rows,
)}`;
}

function refs(by: readonly Ref[]): Markup {
  const text = (ref: Ref) => (ref.kind === "file" ? ref.path : ref.kind === "job" ? ref.code : ref.line);
  return html`${by.map((ref) => html`<code>${text(ref)}</code><br>`)}`;
}

function notes({ tests, notes: told }: Report["cases"][number] | Report["jobs"][number]): Markup {
  const all = tests.passed + tests.failed + tests.skipped;
  const counts = all === 0 ? "" : html`<span class="small">${tests.passed}/${all} 个测试通过 tests passed</span><br>`;
  return html`${counts}${told.map((note) => html`<span class="small">${note}</span><br>`)}`;
}

/** Every run of the load part with its figures beside their limits. */
export function loadPart(report: Report): Markup {
  const runs = report.runs.filter(({ run }) => run.part === "load");
  const responses = report.responses.map(
    ({ what, concurrent, answers, p50, p95, p99 }): Row => [
      questionText(what),
      ...[concurrent, answers, p50, p95, p99].map(numberText),
    ],
  );
  const times =
    responses.length === 0
      ? html``
      : html`<h3>${both("响应时间与并发", "response times and people at once")}</h3>
${table([["查询 Question"], ["并发人数 At once", "n"], ["应答数 Answers", "n"], ["P50 ms", "n"], ["P95 ms", "n"], ["P99 ms", "n"]], responses)}`;
  return html`<h2 class="sheet">4 极限负荷<span class="en">Load: stability, response, concurrency</span></h2>
<p class="small">要求:限值来自需求,未达到即不通过。自定:开发方自己的目标(docs/BENCHMARKS.md),未达到列为偏差。“倍数”是测得值为限值的几倍。 Demanded: the limit is a requirement's, and not met is not passed. Own: a target of the developers, and not met is a deviation. “× limit” is what was measured as a multiple of the limit.</p>
${runs.length === 0 ? html`<p>${both("没有做这一部分。", "This part was not made.")}</p>` : ""}
${times}
${runs.map(runPart)}`;
}

function runPart({ run, command, result, why }: Told): Markup {
  const verdict = result?.state ?? "not_run";
  const span = result === null ? "" : `${spanText(result.seconds)} (时限 limit ${spanText(result.secondsMax)})`;
  return html`<h3>${both(run.zh, run.en)} ${mark(verdict)}</h3>
<p class="small"><code>${command}</code> · ${span}</p>
${why === "" ? "" : html`<p class="${verdict === "failed" || verdict === "hung" ? "bad" : "none"}">${why}</p>`}
${result === null || result.figures.length === 0 ? "" : figures(result.figures)}`;
}

function figures(all: readonly Figure[]): Markup {
  const rows = all.map((each): Row => {
    const sign = each.side === "min" ? "≥" : "≤";
    const limit =
      each.limit === null ? "–" : `${sign} ${numberText(each.limit)}${each.compared === null ? "" : " × 基准 floor"}`;
    const compared =
      each.compared === null ? "" : html`<div class="small">= ${numberText(each.compared)} × 基准 floor</div>`;
    return [
      html`${figureText(each.what)}<div class="small">${each.note}</div>`,
      html`${numberText(each.value)} ${each.unit}${compared}`,
      limit,
      each.ofLimit === null ? "–" : `${numberText(each.ofLimit)} ×`,
      each.limit === null && each.met === null
        ? ""
        : html`${each.demanded ? "要求 demanded" : "自定 own"}<div class="small">${each.source}</div>`,
      metMark(each.met, each.demanded),
    ];
  });
  return table(
    [
      ["指标 Figure", "", 40],
      ["测得 Measured", "n", 15],
      ["限值 Limit", "n", 12],
      ["倍数 × limit", "n", 9],
      ["来源 Source", "", 13],
      ["结果 Result", "", 11],
    ],
    rows,
  );
}

/** The long run, as far as it came, and those that were stopped before it. */
export function soakPart({ runs, soak }: Report): Markup {
  const told = runs.find(({ run }) => run.part === "soak");
  if (told === undefined && soak.last === null) return html``;
  return html`<h2 class="sheet">5 连续运行<span class="en">Soak</span></h2>
${told === undefined ? "" : runPart(told)}
${soak.last === null || soak.last.samples.length === 0 ? "" : course(soak.last, told?.result === null)}
${soak.stopped.map((each, i) => html`<h3>${both(`第 ${i + 1} 次(中断)`, `attempt ${i + 1}, broken off`)}</h3>${course(each, true)}`)}`;
}

function course({ begun, samples, end }: Soak, isOpen: boolean): Markup {
  const last = samples.at(-1);
  const facts = [
    `${begun?.database ?? ""}, ${begun?.meters ?? "–"} 块表 meters, ${begun?.operators ?? "–"} 人 people`,
    `${spanText(end?.seconds ?? last?.seconds ?? 0)} / ${begun?.hours ?? "–"} h`,
    `充值 recharges ${numberText(last?.asked ?? null)}: 入账 booked ${numberText(last?.booked ?? null)}, 到表 in the meter ${numberText(last?.confirmed ?? null)}, 丢失 lost ${last?.lost ?? "–"}, 重复 doubled ${last?.doubled ?? "–"}`,
    `抄表读数 readings ${numberText(last?.readings ?? null)}; 记录 samples ${samples.length}`,
  ];
  return html`${isOpen && end === null ? html`<p class="notice">${both("没有做到底,以下为中断前的记录。", "It did not come to its end; this is what was seen until then.")}</p>` : ""}
<p>${facts.map((fact) => html`${fact}<br>`)}</p>${memoryChart(samples)}${responseChart(samples)}`;
}

/** What was not as it should be. */
export function deviationsPart({ deviations }: Report): Markup {
  const rows = deviations.map(
    ({ grave, where, what }): Row => [
      grave
        ? html`<span class="mark bad">须处理 to be mended</span>`
        : html`<span class="mark warn">偏差 deviation</span>`,
      html`<code>${where}</code>`,
      what,
    ],
  );
  return html`<h2>6 偏差<span class="en">Deviations</span></h2>
${rows.length === 0 ? html`<p>${both("无。", "None.")}</p>` : table([["种类 Kind", "k"], ["项目 Where"], ["情况 What"]], rows)}`;
}

/** What was not run or is not built, and why. */
export function notRunPart({ runs, cases, jobs, missing }: Report): Markup {
  const rows: Row[] = [
    ...runs
      .filter(({ result }) => result === null || result.state === "skipped" || result.state === "part")
      .map(
        ({ run, result, why }): Row => [
          html`<code>${run.id}</code>`,
          both(run.zh, run.en),
          mark(result?.state ?? "not_run"),
          why,
        ],
      ),
    ...cases
      .filter(({ verdict }) => ["not_built", "not_run", "skipped", "part"].includes(verdict))
      .map(
        ({ number, what, verdict, missing: lacks, notes: told }): Row => [
          number,
          what,
          mark(verdict),
          verdict === "part" ? told.join("; ") : lacks || told.join("; "),
        ],
      ),
    ...jobs
      .filter(({ verdict }) => ["not_built", "not_run", "skipped", "part"].includes(verdict))
      .map(
        ({ code, what, verdict, shown, notes: told }): Row => [
          code,
          what,
          mark(verdict),
          verdict === "not_built" ? shown : told.join("; "),
        ],
      ),
  ];
  return html`<h2>7 未运行与未做<span class="en">Not run and not built, and why</span></h2>
${missing.map((sentence) => html`<p class="warn">${sentence}</p>`)}
${rows.length === 0 ? html`<p>${both("无。", "None.")}</p>` : table([["编号 No.", "k"], ["内容 What"], ["结果 Result", "k"], ["原因 Why"]], rows)}`;
}

/** Every test file, and what else is in the folder. */
export function testsPart({ files, runs }: Report): Markup {
  const rows = files.map(
    ({ file, state, passed, failed, skipped, ms }): Row => [
      html`<code>${file}</code>`,
      html`<span class="${state === "passed" ? "good" : "bad"}">${state === "passed" ? "通过 passed" : state === "failed" ? "失败 failed" : "未结束 unfinished"}</span>`,
      ...[passed, failed, skipped].map(numberText),
      spanText(ms / 1_000),
    ],
  );
  const functions = runs.filter(({ run }) => run.part === "function");
  return html`<h2 class="sheet">8 附录<span class="en">Appendix: tests and files</span></h2>
${functions.map(({ run, command, result, why }) => html`<p>${both(run.zh, run.en)} ${mark(result?.state ?? "not_run")} <code>${command}</code> <span class="small">${result === null ? "" : spanText(result.seconds)} ${why}</span></p>`)}
${rows.length === 0 ? "" : table([["文件 File"], ["结果 Result", "k"], ["通过 passed", "n"], ["失败 failed", "n"], ["跳过 skipped", "n"], ["用时 time", "n"]], rows)}
<p>${both("原始输出在同一文件夹的 raw/ 中,所用的验收细则与任务表在 pages/ 中,校验:", "What each run printed is in raw/ beside this page, the pages of cases that were used in pages/; to check the folder:")} <code>sha256sum -c SHA256SUMS</code></p>`;
}
