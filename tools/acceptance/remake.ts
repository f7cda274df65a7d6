import { runsOf, writeReport } from "./accept.ts";
import { readPlan, sealBreaks, sealFolder } from "./keeper.ts";
import { EXIT_CODES } from "./outcome.ts";

const NAMED_MAX = 10;

/** Why a folder may not be worked on: its files are not those that were sealed; null when they are, or when it was never sealed. */
export function brokenSeal(folder: string): string | null {
  const breaks = sealBreaks(folder);
  if (breaks === null && readPlan(folder).finished)
    return "已完成的文件夹没有校验和 SHA256SUMS,不能确认其内容。 It is finished and has no checksums: nobody can tell whether it is as it was.";
  if (breaks === null || breaks.length === 0) return null;
  return `校验和不符,文件夹内容被改过,未写入任何文件:${breaks.slice(0, NAMED_MAX).join("、")}。 Its checksums do not hold, so nothing was written.`;
}

/** Why sources may not work on a folder, or null when they are those that it is about. */
export function otherSources(folder: string, sources: string): string | null {
  const { subject } = readPlan(folder);
  if (sources === subject.sources) return null;
  return `源码或验收细则已变(${subject.sources} → ${sources}),一份报告只能说一个版本:请用该版本,或重新开始。 The sources or the pages of cases have changed: a report is about one version, so take that one or begin anew.`;
}

/**
 * Makes the report of a folder once more from what it keeps, and seals it again when it was sealed. Nothing is written when its seal is
 * broken or the sources are others. Returns the exit code.
 */
export function remakeReport(at: { folder: string; sources: string; say: (line: string) => void }): number {
  const { folder, sources, say } = at;
  const broken = brokenSeal(folder);
  const other = otherSources(folder, sources);
  for (const why of [broken, other]) if (why !== null) say(why);
  if (broken !== null) return 1;
  if (other !== null) return 2;
  const wasSealed = sealBreaks(folder) !== null;
  const report = writeReport({ folder, runs: runsOf(readPlan(folder)) });
  if (wasSealed) sealFolder(folder);
  say(`${folder}/report.html: ${report.outcome}${wasSealed ? "" : ",未封存 without a seal"}`);
  return EXIT_CODES[report.outcome];
}
