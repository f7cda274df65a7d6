import type { Bench, Case, Need } from "./case.ts";
import { keyCases } from "./cases-key.ts";
import { linkCases } from "./cases-link.ts";
import { loadGuardCases } from "./cases-load-guard.ts";
import { readCases } from "./cases-read.ts";
import { switchCases } from "./cases-switch.ts";
import { lockCases, topUpCases } from "./cases-top-up.ts";
import { Failed, NotThere } from "./failed.ts";
import { LineLost } from "./line.ts";

/** Every case, in the order in which they run: the ones that leave a lock behind come last. */
export const cases: readonly Case[] = [
  ...linkCases,
  ...readCases,
  ...switchCases,
  ...loadGuardCases,
  ...topUpCases,
  ...keyCases,
  ...lockCases,
];

/** How one case ended. `frames`: what went over the bus, when it failed. */
export type CaseResult = Pick<Case, "id" | "section" | "zh" | "en"> & { ms: number } & (
    | { outcome: "passed" }
    | { outcome: "failed"; why: string; frames: string[] }
    | { outcome: "skipped"; why: string }
  );

/** A whole run. `lost`: the way to the device went away, and what follows was not tried. */
export type Report = { results: CaseResult[]; lost: string | null };

/**
 * Runs the cases that are allowed, one after the other. A failed case does not end the run: each begins with what the meter shows then.
 * `only`: ids, or letters of groups; empty for all.
 */
export async function runCases(
  bench: Bench,
  how: { allowed: ReadonlySet<Need>; only: readonly string[]; told(result: CaseResult): void },
): Promise<Report> {
  const results: CaseResult[] = [];
  let lost: string | null = null;
  for (const each of cases) {
    const { id, section, zh, en } = each;
    if (how.only.length > 0 && !how.only.some((name) => id === name || id.startsWith(`${name}-`))) continue;
    const startedAt = bench.clock();
    const head = { id, section, zh, en };
    const why: string | null = lost ?? whyNot(each, how.allowed);
    const ended: Ended = why === null ? await runOne(each, bench) : { outcome: "skipped", why };
    const result: CaseResult = { ...head, ms: bench.clock() - startedAt, ...ended };
    if (result.outcome === "failed" && result.why.startsWith(LOST)) lost = result.why;
    results.push(result);
    how.told(result);
  }
  return { results, lost };
}

const LOST = "the line was lost: ";

const NEEDS: Readonly<Record<Need, string>> = {
  read: "",
  switch: "--allow-switching",
  top_up: "--allow-top-up --key",
  lock_wait: "--allow-top-up --key --wait-lock",
  key_change: "--allow-key-change --key",
  link: "--listen",
};

function whyNot(each: Case, allowed: ReadonlySet<Need>): string | null {
  return allowed.has(each.needs) ? null : `needs ${NEEDS[each.needs]}`;
}

type Ended =
  | { outcome: "passed" }
  | { outcome: "failed"; why: string; frames: string[] }
  | { outcome: "skipped"; why: string };

async function runOne(each: Case, bench: Bench): Promise<Ended> {
  bench.master.forget();
  try {
    await each.run(bench);
    return { outcome: "passed" as const };
  } catch (error) {
    if (error instanceof NotThere) return { outcome: "skipped", why: error.message };
    if (!(error instanceof Failed) && !(error instanceof LineLost)) throw error;
    const why = error instanceof LineLost ? `${LOST}${error.message}` : error.message;
    return { outcome: "failed" as const, why, frames: bench.master.frames() };
  }
}
