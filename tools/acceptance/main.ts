// npm run acceptance                          everything: hours; docs/OPERATIONS.md, 10
// npm run acceptance -- --quick               the same in small
// npm run acceptance -- --continue            goes on where the last one was stopped or died
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "#system/clock.ts";
import { accept, runsOf } from "./accept.ts";
import { openFolder, type Plan, readPlan, unfinishedIn } from "./keeper.ts";
import { machineHere, subjectHere } from "./machine-facts.ts";
import { EXIT_CODES } from "./outcome.ts";
import { brokenSeal, otherSources, remakeReport } from "./remake.ts";
import { functionRuns, loadRuns, type Part } from "./runs.ts";

const ids = [...functionRuns, ...loadRuns].map(({ id }) => id);
const usage = `usage: npm run acceptance -- [--out acceptance-reports] [--quick] [--only function,load,soak] [--soak-hours 72]
                          [--runs ${ids.slice(0, 6).join(",")},…] [--tests src/domain,test/prices]
       npm run acceptance -- --continue [--out …]    goes on with the newest that is not finished; finished runs are not made again
       npm run acceptance -- --report <folder>       makes the report of a folder once more, runs nothing; not of one that was changed, nor by other sources
Exit code 0 when the report says passed, 3 when passed in part, 1 when not passed or not finished, 130 when it was stopped. Runs: ${ids.join(", ")}.`;

const PARTS: readonly Part[] = ["function", "load", "soak"];
const HOURS_MAX = 24 * 31;

const say = (line: string) => console.error(line);
process.exitCode = await main();

async function main(): Promise<number> {
  const asked = askedFor(process.argv.slice(2));
  if (typeof asked === "string") {
    say(`${asked}\n${usage}`);
    return 2;
  }
  const { out } = asked;
  if (asked.report !== null) {
    return remakeReport({ folder: asked.report, sources: subjectHere().sources, say });
  }
  const folder = asked.goOn ? unfinishedIn(out) : openFolder(out, planOf(asked), new Date(systemClock()));
  if (folder === null) {
    say(`没有未完成的验收。 No acceptance is unfinished in ${out}.`);
    return 2;
  }
  const plan = readPlan(folder);
  const refused = brokenSeal(folder) ?? otherSources(folder, subjectHere().sources);
  if (refused !== null) {
    say(refused);
    return 2;
  }
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!stopping.signal.aborted)
        say("正在停止,已完成的不会丢;继续用 --continue。 Stopping; what is finished is kept, go on with --continue.");
      stopping.abort();
    });
  }
  const report = await accept({
    folder,
    runs: runsOf(plan),
    now: systemClock,
    sources: () => subjectHere().sources,
    say,
    signal: stopping.signal,
  });
  const { summary, deviations } = report;
  say(`\n报告 report: ${folder}/report.html`);
  say(
    `需求 requirements ${JSON.stringify(summary.cases)}\n运行 runs ${JSON.stringify(summary.runs)}\n要求的指标 demanded ${JSON.stringify(summary.demanded)}, 自定目标 own ${JSON.stringify(summary.own)}`,
  );
  for (const { where, what } of deviations.filter(({ grave }) => grave)) say(`FAIL  ${where}: ${what}`);
  for (const { zh, en } of report.open) say(`OPEN  ${zh} ${en}`);
  if (!report.plan.finished && stopping.signal.aborted) return 130;
  return EXIT_CODES[report.outcome];
}

type Asked = Pick<Plan, "quick" | "only" | "tests" | "runs" | "soakHours"> & {
  out: string;
  goOn: boolean;
  report: string | null;
};

/** What the command line asks for, or what is wrong with it. */
function askedFor(args: readonly string[]): Asked | string {
  const options = {
    out: { type: "string", default: "acceptance-reports" },
    only: { type: "string" },
    runs: { type: "string" },
    tests: { type: "string" },
    "soak-hours": { type: "string" },
    report: { type: "string" },
    quick: { type: "boolean", default: false },
    continue: { type: "boolean", default: false },
  } as const;
  const read = () => parseArgs({ args: args.filter((arg) => arg !== "--"), options }).values;
  let values: ReturnType<typeof read>;
  try {
    values = read();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const hours = values["soak-hours"] === undefined ? null : Number(values["soak-hours"]);
  if (hours !== null && !(hours > 0 && hours <= HOURS_MAX)) return `--soak-hours: 0 … ${HOURS_MAX}`;
  const given = list(values.only);
  const only = PARTS.filter(
    (part) => given.includes(part) || (given.length === 0 && (part !== "soak" || hours !== null)),
  );
  if (given.some((part) => !PARTS.some((known) => known === part))) return `--only: ${PARTS.join(", ")}`;
  if (only.includes("soak") && hours === null) return "--only soak: --soak-hours 72";
  const runs = list(values.runs);
  const unknown = runs.filter((id) => !ids.includes(id));
  if (unknown.length > 0) return `--runs: ${unknown.join(", ")}?`;
  const { quick } = values;
  const soakHours = only.includes("soak") ? hours : null;
  const report = values.report === undefined ? null : resolve(values.report);
  return {
    out: resolve(values.out),
    quick,
    only,
    tests: list(values.tests),
    runs,
    soakHours,
    goOn: values.continue,
    report,
  };
}

function planOf({ quick, only, tests, runs, soakHours, out }: Asked): Plan {
  mkdirSync(out, { recursive: true });
  const looked = { subject: subjectHere(), machine: machineHere() };
  return {
    ...looked,
    quick,
    only,
    tests,
    runs,
    soakHours,
    stretches: [],
    missing: [],
    finished: false,
    movedOn: false,
  };
}

function list(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((each) => each !== "");
}
