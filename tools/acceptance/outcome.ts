import type { Case, Job } from "./cases.ts";
import type { Joined } from "./join.ts";
import type { Plan } from "./keeper.ts";
import type { Told } from "./report.ts";

/**
 * What a whole acceptance came to. `passed`: all that was asked for ran whole and passed, and every requirement and job is there and passed.
 * `part`: nothing failed, and something was not made, could not be made here or is not there. `failed`: somebody has to mend something.
 */
export type Outcome = "passed" | "part" | "failed" | "unfinished";

/** Exit codes of the command; one that was stopped by a signal has 130. */
export const EXIT_CODES: Readonly<Record<Outcome, number>> = { passed: 0, failed: 1, unfinished: 1, part: 3 };

/** Why an acceptance of which nothing failed has not simply passed. */
export type Open = { zh: string; en: string };

const NAMED_MAX = 30;

/** All that stands between an acceptance and "passed", without what failed. */
export function openOf({
  plan,
  cases,
  jobs,
  runs,
}: {
  plan: Plan;
  cases: readonly (Case & Joined)[];
  jobs: readonly (Job & Joined)[];
  runs: readonly Told[];
}): Open[] {
  const isWhole = plan.tests.length === 0 && plan.runs.length === 0;
  const hasBoth = plan.only.includes("function") && plan.only.includes("load");
  const notPassed = (each: Joined) => each.verdict !== "passed";
  const late = cases.filter((each) => each.state === "there" && notPassed(each)).map(({ number }) => number);
  const idle = jobs.filter((each) => each.state === "there" && notPassed(each)).map(({ code }) => code);
  const short = runs.filter(({ result }) => result?.state !== "passed").map(({ run }) => run.id);
  const lacking = cases.filter(({ state }) => state !== "there").length;
  const all: (Open | false)[] = [
    plan.quick && { zh: "快速验收", en: "a quick acceptance" },
    !(isWhole && hasBoth) && { zh: "不是完整验收,只做了一部分", en: "not a whole acceptance, only a part was made" },
    plan.subject.changed && { zh: "源码有未提交的改动", en: "the sources are not what the commit holds" },
    short.length > 0 && { zh: `运行项目未做全:${named(short)}`, en: "runs that were not made, or not whole" },
    late.length > 0 && { zh: `需求未全部验到:${named(late)}`, en: "requirements that did not pass whole" },
    idle.length > 0 && { zh: `岗位任务未全部验到:${named(idle)}`, en: "jobs that did not pass whole" },
    lacking > 0 && { zh: `${lacking} 条需求尚未全部具备`, en: "requirements that are not all there yet" },
  ];
  return all.filter((each) => each !== false);
}

function named(all: readonly string[]): string {
  const more = all.length - NAMED_MAX;
  return `${all.slice(0, NAMED_MAX).join("、")}${more > 0 ? ` +${more}` : ""}`;
}
