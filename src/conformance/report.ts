import type { CaseResult, Report } from "./run.ts";

/** How many cases ended how. */
export function tally({ results }: Report): { passed: number; failed: number; skipped: number } {
  const count = (outcome: CaseResult["outcome"]) => results.filter((each) => each.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** 0: everything that was tried passed, and something was. 1: something failed. */
export function exitCode(report: Report): 0 | 1 {
  const { passed, failed } = tally(report);
  return failed === 0 && passed > 0 ? 0 : 1;
}

const MARKS: Readonly<Record<CaseResult["outcome"], string>> = {
  passed: "通过 pass",
  failed: "失败 FAIL",
  skipped: "跳过 skip",
};

/** One case for people: a line, and for a failed one why and what went over the bus. */
export function caseLines(result: CaseResult): string[] {
  const head = `${MARKS[result.outcome]}  ${result.id.padEnd(5)} §${result.section.padEnd(8)} ${result.zh} · ${result.en}`;
  if (result.outcome === "passed") return [head];
  const why = [head, `           ${result.why}`];
  return result.outcome === "skipped" ? why : [...why, ...result.frames.map((frame) => `             ${frame}`)];
}

/** The end of a table for people. */
export function closingLine(report: Report): string {
  const { passed, failed, skipped } = tally(report);
  return `\n${passed} 通过 passed, ${failed} 失败 failed, ${skipped} 跳过 skipped${report.lost === null ? "" : ` (${report.lost})`}`;
}
