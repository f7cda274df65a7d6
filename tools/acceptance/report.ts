import { type Case, casesOf, type Job, jobsOf, type Ref } from "./cases.ts";
import type { Figure, Response } from "./figures.ts";
import { type Joined, joinCase, type Verdict } from "./join.ts";
import { keptOutcomes, keptResults, keptSoaks, type Plan, readPlan } from "./keeper.ts";
import { type Open, type Outcome, openOf } from "./outcome.ts";
import { numberText } from "./report-words.ts";
import type { RunResult } from "./run-result.ts";
import { commandOf, isMade, type Run } from "./runs.ts";
import type { Soak } from "./soak-figures.ts";

/** A run that was asked for: how it ended, or why there is nothing of it. */
export type Told = {
  run: Pick<Run, "id" | "part" | "zh" | "en">;
  command: string;
  result: RunResult | null;
  why: string;
};

/** Counts of verdicts. */
export type Verdicts = Record<Verdict, number>;

/** What was not as it should be. `grave`: somebody has to mend it before the acceptance passes. */
export type Deviation = { grave: boolean; where: string; what: string };

/** The kept report: all that its page shows. Times are epoch milliseconds. */
export type Report = {
  plan: Plan;
  outcome: Outcome;
  /** Why it is no more than passed in part; empty when it is. */
  open: Open[];
  from: number;
  to: number;
  summary: {
    cases: Verdicts;
    part: number;
    jobs: Verdicts;
    tests: { files: number; passed: number; failed: number; skipped: number };
    runs: Record<RunResult["state"] | "not_run", number>;
    demanded: { met: number; missed: number };
    own: { met: number; missed: number };
  };
  cases: (Case & Joined)[];
  jobs: (Job & Joined)[];
  files: { file: string; state: string; passed: number; failed: number; skipped: number; ms: number }[];
  runs: Told[];
  responses: Response[];
  deviations: Deviation[];
  /** What could not run on the machines that it was made on, and what would bring it. */
  missing: string[];
  soak: { last: Soak | null; stopped: Soak[] };
};

/** Joins what is kept in a folder with the pages of cases and jobs. */
export function makeReport(at: {
  folder: string;
  runs: readonly Run[];
  acceptancePage: string;
  scenariosPage: string;
}): Report {
  const plan = readPlan(at.folder);
  const results = keptResults(at.folder);
  const outcomes = keptOutcomes(at.folder);
  const ran = { files: outcomes, runs: results };
  const jobs = jobsOf(at.scenariosPage).map((each) => ({ ...each, ...joinCase(each, ran) }));
  const cases = casesOf(at.acceptancePage).map((each) => ({
    ...each,
    ...joinCase({ state: each.state, by: each.by.flatMap((ref) => behind(ref, jobs)) }, ran),
  }));
  const runs = at.runs.map((run): Told => {
    const result = results.get(run.id) ?? null;
    return { run: bare(run), command: commandOf(run, plan.quick), result, why: whyNothing(run, plan, result) };
  });
  const files = [...outcomes.values()].map(({ file, state, tests, ms }) => {
    const of = (wanted: string) => tests.filter((test) => test.state === wanted).length;
    return { file, state, passed: of("passed"), failed: of("failed"), skipped: of("skipped"), ms };
  });
  const figures = runs.flatMap(({ result }) => result?.figures ?? []);
  const deviations = deviationsOf({ plan, cases, jobs, runs, files });
  const { soak: last, stopped } = keptSoaks(at.folder);
  const open = openOf({ plan, cases, jobs, runs });
  const failed = results.size === 0 || deviations.some(({ grave }) => grave);
  return {
    plan,
    outcome: !plan.finished ? "unfinished" : failed ? "failed" : open.length > 0 ? "part" : "passed",
    open,
    from: plan.stretches[0]?.from ?? 0,
    to:
      plan.stretches.at(-1)?.to ??
      Math.max(0, ...[...results.values()].map((each) => each.startedAt + each.seconds * 1000)),
    summary: {
      cases: counted(cases),
      part: cases.filter(({ state }) => state === "part").length,
      jobs: counted(jobs),
      tests: {
        files: files.filter(({ file }) => !file.startsWith("check:")).length,
        ...{ passed: sum(files, "passed"), failed: sum(files, "failed"), skipped: sum(files, "skipped") },
      },
      runs: {
        ...{
          passed: states(runs, "passed"),
          part: states(runs, "part"),
          failed: states(runs, "failed"),
          hung: states(runs, "hung"),
        },
        ...{ skipped: states(runs, "skipped"), not_run: runs.filter(({ result }) => result === null).length },
      },
      demanded: metOf(figures.filter(({ demanded }) => demanded)),
      own: metOf(figures.filter(({ demanded }) => !demanded)),
    },
    ...{ cases, jobs, files, runs },
    responses: runs.flatMap(({ result }) => result?.responses ?? []),
    deviations,
    missing: [...plan.missing],
    soak: { last, stopped },
  };
}

/** A job without a story of its own is shown by whatever its row names. */
function behind(ref: Ref, jobs: readonly Job[]): readonly Ref[] {
  const job = ref.kind === "job" ? jobs.find(({ code }) => code === ref.code) : undefined;
  return job === undefined || job.by.some(({ kind }) => kind === "job") ? [ref] : job.by;
}

function bare({ id, part, zh, en }: Run): Told["run"] {
  return { id, part, zh, en };
}

function whyNothing(run: Run, plan: Plan, result: RunResult | null): string {
  if (result !== null) return result.why;
  return isMade(run, plan.quick) ? "尚未运行 not made yet" : "快速验收不做 left out of a quick acceptance";
}

function counted(all: readonly Joined[]): Verdicts {
  const of = (verdict: Verdict) => all.filter((each) => each.verdict === verdict).length;
  return {
    passed: of("passed"),
    part: of("part"),
    failed: of("failed"),
    skipped: of("skipped"),
    not_run: of("not_run"),
    not_built: of("not_built"),
  };
}

function states(runs: readonly Told[], state: RunResult["state"]): number {
  return runs.filter(({ result }) => result?.state === state).length;
}

function metOf(figures: readonly Figure[]): { met: number; missed: number } {
  return {
    met: figures.filter(({ met }) => met === true).length,
    missed: figures.filter(({ met }) => met === false).length,
  };
}

function sum(files: Report["files"], of: "passed" | "failed" | "skipped"): number {
  return files.reduce((total, file) => total + file[of], 0);
}

function deviationsOf({
  plan,
  cases,
  jobs,
  runs,
  files,
}: Pick<Report, "plan" | "cases" | "jobs" | "runs" | "files">): Deviation[] {
  const failedCases = [
    ...cases
      .filter(({ verdict }) => verdict === "failed")
      .map(({ number, notes }) => ({ where: number, what: notes.join("; ") })),
    ...jobs
      .filter(({ verdict }) => verdict === "failed")
      .map(({ code, notes }) => ({ where: code, what: notes.join("; ") })),
  ];
  const failedFiles = files
    .filter(({ state }) => state !== "passed")
    .map(({ file, state }) => ({ where: file, what: state }));
  const failedRuns = runs
    .filter(({ result }) => result?.state === "failed" || result?.state === "hung")
    .map(({ run, why }) => ({ where: run.id, what: why }));
  const own = runs.flatMap(({ run, result }) =>
    (result?.figures ?? [])
      .filter(({ met, demanded }) => met === false && !demanded)
      .map((figure) => ({ where: run.id, what: missed(figure) })),
  );
  const changed = plan.movedOn
    ? [{ where: "源码 sources", what: "验收途中源码有改动 they were changed while they were accepted" }]
    : [];
  const grave = [...changed, ...failedRuns, ...failedCases, ...failedFiles].map((each) => ({ ...each, grave: true }));
  return [...grave, ...own.map((each) => ({ ...each, grave: false }))];
}

function missed(figure: Figure): string {
  const { what, side, limit, ofLimit } = figure;
  const sign = side === "min" ? "≥" : "≤";
  const compared =
    figure.compared === null
      ? `${numberText(figure.value)} ${figure.unit}`
      : `${numberText(figure.compared)} × 基准 floor`;
  return `${what}: ${compared} (${sign} ${numberText(limit)}; ${numberText(ofLimit)} × 目标 target)`;
}
