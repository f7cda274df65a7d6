import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "../source-files.ts";
import {
  keepPlan,
  keepResult,
  keptOutcomes,
  keptPages,
  keptResults,
  type Plan,
  putAside,
  rawPath,
  rawText,
  readPlan,
  replace,
  scrubOutcomes,
  sealFolder,
  unseal,
} from "./keeper.ts";
import { missingForUs } from "./machine-facts.ts";
import { makeReport, type Report } from "./report.ts";
import { reportHtml } from "./report-html.ts";
import { judgeLoad, type RunResult } from "./run-result.ts";
import { runProgram } from "./runner.ts";
import { commandOf, functionRuns, isMade, loadRuns, type Run, soakRun, whyNot } from "./runs.ts";

/** An acceptance under way. `runs` are those that were asked for; `now` the clock. */
export type Work = {
  folder: string;
  runs: readonly Run[];
  now: () => number;
  /** The hash of the sources as they are. */
  sources: () => string;
  say: (line: string) => void;
  signal: AbortSignal;
  /** What this machine lacks; looked for when it is not told. */
  missing?: readonly string[];
};

/** Without these the tests are no more than a part. */
const HALVING = ["MariaDB", "Chromium"];
const HEARD_EVERY_MS = 30_000;
/** A machine that loses its power in the night has a report that is not older. */
const REPORT_EVERY_MS = 10 * 60_000;

/** The runs that a plan asks for, in the order in which they are made. */
export function runsOf({ only, runs, soakHours }: Pick<Plan, "only" | "runs" | "soakHours">): Run[] {
  const all = [...functionRuns, ...loadRuns, ...(soakHours === null ? [] : [soakRun(soakHours)])];
  return all.filter(
    ({ id, part }) => only.includes(part) && (runs.length === 0 || part === "soak" || runs.includes(id)),
  );
}

/** Makes every run that has not come to its end yet, keeps what each gave at once, and writes the report after each. */
export async function accept(work: Work): Promise<Report> {
  const { folder, runs, now, say, signal } = work;
  const plan = readPlan(folder);
  unseal(folder);
  plan.stretches.push({ from: now(), to: null });
  plan.missing = [...new Set([...plan.missing, ...(work.missing ?? missingForUs())])];
  keepPlan(folder, plan);
  const known = keptResults(folder);
  const reporting = setInterval(() => void writeReport(work), REPORT_EVERY_MS);
  for (const [i, run] of runs.entries()) {
    if (signal.aborted) break;
    const title = `[${i + 1}/${runs.length}] ${run.id}  ${run.zh} ${run.en}`;
    const before = known.get(run.id);
    if (before !== undefined || !isMade(run, plan.quick)) {
      say(
        `${title}: ${before === undefined ? "快速验收不做 left out when quick" : `${before.state}, 已有结果 from before`}`,
      );
      continue;
    }
    say(`${title} …`);
    const result = await make(work, plan, run);
    if (result === null) break;
    keepResult(folder, result);
    writeReport(work);
    say(`${title}: ${result.state}, ${result.seconds} s${result.why === "" ? "" : `: ${result.why}`}`);
  }
  clearInterval(reporting);
  const stretch = plan.stretches.at(-1);
  if (stretch !== undefined) stretch.to = now();
  plan.movedOn ||= work.sources() !== plan.subject.sources;
  const made = keptResults(folder);
  plan.finished = runs.every((run) => made.has(run.id) || !isMade(run, plan.quick));
  keepPlan(folder, plan);
  const report = writeReport(work);
  sealFolder(folder);
  return report;
}

/** Makes the report of what is there by now, also of an acceptance that died. */
export function writeReport({ folder, runs }: Pick<Work, "folder" | "runs">): Report {
  const report = makeReport({ folder, runs, ...keptPages(folder) });
  replace(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  replace(join(folder, "report.html"), reportHtml(report));
  return report;
}

/** null when it was stopped: it will be made again. */
async function make(work: Work, plan: Plan, run: Run): Promise<RunResult | null> {
  const { folder, now } = work;
  const command = commandOf(run, plan.quick);
  const secondsMax = Math.round(run.minutesMax[plan.quick ? "quick" : "full"] * 60);
  const shared = { id: run.id, command, startedAt: now(), secondsMax };
  const missing = work.missing ?? missingForUs();
  const lacking = whyNot(run, missing);
  if (lacking !== null) return { ...shared, state: "skipped", why: lacking, seconds: 0, figures: [], responses: [] };
  putAside(folder, run.id);
  const files = run.id === "tests" ? missingTests(folder, plan) : null;
  if (files?.length === 0 && keptOutcomes(folder).size > 0)
    return { ...shared, seconds: 0, ...judgeSuite(folder, plan, { run, code: 0, missing }) };
  if (files?.length === 0) {
    const why = `没有这样的测试 no test matches ${plan.tests.join(" ")}`;
    return { ...shared, state: "failed", why, seconds: 0, figures: [], responses: [] };
  }
  const outcome = run.kind === "suite" ? ["--outcome", rawPath(folder, run.id, "jsonl")] : [];
  const args = [...outcome, ...run.args[plan.quick ? "quick" : "full"], ...(files ?? [])];
  let last = "";
  const began = now();
  const telling = setInterval(
    () => work.say(`      ${Math.round((now() - began) / 1000)} s / ${secondsMax} s  ${last.slice(0, 120)}`),
    HEARD_EVERY_MS,
  );
  const ended = await runProgram({
    command: [process.execPath, resolve(root, run.program), ...args],
    limitMs: secondsMax * 1_000,
    output: rawPath(folder, run.id, "out.txt"),
    log: rawPath(folder, run.id, "log.txt"),
    heard: (line) => {
      last = line;
    },
    signal: work.signal,
  });
  clearInterval(telling);
  scrubOutcomes(folder, run.id);
  if (ended.how === "stopped") return null;
  const ending = { ...shared, seconds: ended.seconds };
  if (run.part !== "function")
    return { ...ending, ...judgeLoad(run, ended, rawText(folder, run.id, "out.txt"), plan.quick) };
  const none = { figures: [], responses: [] };
  if (ended.how === "hung")
    return { ...ending, ...none, state: "hung", why: "到时限未结束,已中止 ended after its limit" };
  if (run.kind === "build") {
    const failed = ended.code !== 0;
    return {
      ...ending,
      ...none,
      state: failed ? "failed" : "passed",
      why: failed ? `退出码 exit code ${ended.code}` : "",
    };
  }
  return { ...ending, ...judgeSuite(folder, plan, { run, code: ended.code, missing }) };
}

/** Tests that were asked for and have not come to an end. */
function missingTests(folder: string, plan: Plan): string[] {
  const done = keptOutcomes(folder);
  return testsOf(plan).filter((file) => (done.get(file)?.state ?? "unfinished") === "unfinished");
}

function testsOf({ tests }: Pick<Plan, "tests">): string[] {
  return ["src", "test", "tools"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
    )
    .filter((path) => /\.test\.tsx?$/.test(path) && (tests.length === 0 || tests.some((part) => path.includes(part))))
    .sort();
}

function judgeSuite(
  folder: string,
  plan: Plan,
  { run, code, missing: lacked }: { run: Run; code: number | null; missing: readonly string[] },
): Pick<RunResult, "state" | "why" | "figures" | "responses"> {
  const outcomes = keptOutcomes(folder);
  const failed = [...outcomes.values()].filter(
    ({ file, state }) => state !== "passed" && (run.id === "tests") !== file.startsWith("check:"),
  );
  const missing = run.id === "tests" ? missingTests(folder, plan).filter((file) => !outcomes.has(file)) : [];
  const named = failed.slice(0, 10).map(({ file }) => file);
  const why = [
    ...(failed.length > 0 ? [`${failed.length} 个文件失败 files failed: ${named.join(", ")}`] : []),
    ...(missing.length > 0 ? [`${missing.length} 个文件没有运行 files did not run`] : []),
    ...(failed.length === 0 && missing.length === 0 && code !== 0 ? [`退出码 exit code ${code ?? "–"}`] : []),
  ];
  // Where there is no MariaDB many files leave their half on it out without a word.
  const halved = run.id === "tests" ? lacked.filter((each) => HALVING.some((name) => each.startsWith(name))) : [];
  const state = why.length > 0 ? "failed" : halved.length > 0 ? "part" : "passed";
  return { state, why: [...why, ...halved].join("; "), figures: [], responses: [] };
}
