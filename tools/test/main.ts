// npm test                      everything
// npm run check                 types, lint and house rules only
// npm test -- src/store test/x  only the tests whose path holds one of these
// npm test -- --outcome x.jsonl also tells programs what each file and test gave (file-outcome.ts)
import { appendFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root } from "../source-files.ts";
import { type FileOutcome, takeOutcome } from "./file-outcome.ts";
import { INSTALL, missingHere } from "./machine.ts";
import { exitCode, lastLine, NOTHING, strict, type Tally, together, type Wish, wishOf } from "./outcome.ts";
import { build, hasWeb, lint, type Step, types } from "./steps.ts";
import { indent, runSuite, type SuiteRun, seconds } from "./suite.ts";

const RUN_MS_MAX = 60 * 60_000; // twice what two cores need; whoever hangs is named
/** What Node has compiled of our sources, for the programs that the tests start by the hundred. */
process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/jichao-programs");
const CHECK_TESTS = ["tools/layers.test.ts", "tools/tidy.test.ts"];

const everything = process.env.JICHAO_REQUIRE === "all";
const stopped = new AbortController();
let tally: Tally = NOTHING;
let suite: SuiteRun | undefined;

const { path: outcomeFile, rest } = takeOutcome(process.argv.slice(2));
const wish: Wish = outcomeFile === undefined ? { what: "unknown", argument: "--outcome" } : wishOf(rest);
const deadline = setTimeout(() => giveUp(`not finished after ${seconds(RUN_MS_MAX)}`), RUN_MS_MAX);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => giveUp(`stopped by ${signal}`));
await main(wish);

async function main(wish: Wish): Promise<void> {
  if (wish.what === "unknown") {
    say(
      `Unknown argument ${wish.argument}. Use: npm test [-- [--outcome <file>] <part of a path> …], or npm run check.`,
    );
    return end(1);
  }
  say(`Jichao on Node ${process.versions.node}, ${availableParallelism()} cores`);
  const steps = wish.what === "filtered" ? [] : [types, lint, ...(wish.what === "all" && hasWeb() ? [build] : [])];
  for (const step of steps) await runStep(step);
  if (wish.what === "filtered") say("Only the tests that match; types, lint and build are left out.");
  await runTests(wish.what === "all" ? [] : wish.what === "check" ? CHECK_TESTS : wish.filters, wish.what !== "check");
  end();
}

async function runStep(step: Step): Promise<void> {
  const start = performance.now();
  const { ok, output } = await step.run(stopped.signal);
  const ms = Math.round(performance.now() - start);
  const [state, errors] = ok ? (["passed", []] as const) : (["failed", [output]] as const);
  tell({ file: `check:${step.name}`, state, ms, tests: [], errors });
  tally = together(tally, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
  say(`${ok ? "ok  " : "FAIL"}  ${step.name}  ${seconds(ms)}`);
  if (!ok) say(indent(output));
}

async function runTests(filters: readonly string[], withDatabases: boolean): Promise<void> {
  say("tests");
  suite = runSuite({ filters, withDatabases, progress: say, finished: tell });
  try {
    const result = await suite.result;
    for (const { where, text } of result.failures) say(`\nFAIL  ${where}\n${indent(text)}`);
    if (result.skipped.length > 0) explainSkips(result.skipped);
    tally = together(tally, result.tally);
  } catch (error) {
    if (stopped.signal.aborted) return;
    say(
      `FAIL  the tests could not start\n${indent(error instanceof Error ? (error.stack ?? error.message) : String(error))}`,
    );
    tally = together(tally, { passed: 0, failed: 1, skipped: 0 });
  }
}

function explainSkips(skipped: readonly string[]): void {
  say(`\nNot run (${skipped.length})${everything ? ": JICHAO_REQUIRE=all makes each a failure" : ""}`);
  for (const name of skipped) say(`  ${name}`);
  const missing = missingHere();
  for (const sentence of missing) say(sentence);
  if (missing.length > 0) say(`To run them too (Debian, Ubuntu): ${INSTALL}`);
}

/** Ends a run that hangs or was interrupted; names what was still running. */
async function giveUp(why: string): Promise<void> {
  if (stopped.signal.aborted) return;
  stopped.abort();
  say(`\nFAIL  ${why}`);
  for (const file of suite?.running() ?? []) {
    say(`  still running: ${file}`);
    tell({ file, state: "unfinished", ms: 0, tests: [], errors: [why] });
  }
  tally = together(tally, { passed: 0, failed: 1, skipped: 0 });
  await Promise.race([suite?.stop().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 5_000))]);
  end(1);
}

/** The last line, alone, and the exit code. Ends the process whatever a test left open. */
function end(code?: 1): void {
  clearTimeout(deadline);
  const final = strict(tally, everything);
  process.stdout.write(`\n${lastLine(final)}\n`, () => process.exit(code ?? exitCode(final)));
}

/** One line for programs, on the disk before the next file ends: whoever is killed has told what was done. */
function tell(outcome: FileOutcome): void {
  if (typeof outcomeFile === "string") appendFileSync(outcomeFile, `${JSON.stringify(outcome)}\n`);
}

function say(line: string): void {
  process.stdout.write(`${process.stdout.isTTY ? line : stripVTControlCharacters(line)}\n`);
}
