import { pause } from "#system/clock.ts";

/** Looks before a problem is believed, and the time between them: longer than any transaction of ours takes. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 300;

/**
 * Looks at something that goes on changing meanwhile, and looks again while it seems wrong: only problems that are there each time are told.
 * `isWell` says whether what is left is nothing.
 */
export async function lookAgain<R extends { problems: string[] }>(
  look: () => Promise<R>,
  isWell: (report: R) => boolean,
): Promise<R> {
  let report = await look();
  for (let again = 1; again < LOOKS && !isWell(report); again++) {
    await pause(BETWEEN_LOOKS_MS);
    const next = await look();
    report = { ...next, problems: next.problems.filter((problem) => report.problems.includes(problem)) };
  }
  return report;
}
