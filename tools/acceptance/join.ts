import type { FileOutcome, TestOutcome } from "../test/file-outcome.ts";
import { type Case, codesIn, type Job, type Ref } from "./cases.ts";
import type { RunResult } from "./run-result.ts";

/**
 * How a case came out. `part`: all that ran passed, and something that it names did not run whole. `skipped`: what it needs is missing here.
 * `not_run`: nobody asked for it, or it was stopped before.
 */
export type Verdict = "passed" | "part" | "failed" | "skipped" | "not_run" | "not_built";

/** What a case came to, with the tests behind it and sentences about whatever is not plain. */
export type Joined = {
  verdict: Verdict;
  tests: { passed: number; failed: number; skipped: number };
  notes: string[];
};

/** What ran: test files by path, and runs by id. */
export type Ran = { files: ReadonlyMap<string, FileOutcome>; runs: ReadonlyMap<string, RunResult> };

const NAMES_MAX = 5;

/** Joins what a case names with what ran. One failure fails it; a file of which nothing ran is no proof. */
export function joinCase({ state, by }: Pick<Case | Job, "state" | "by">, ran: Ran): Joined {
  if (state === "not_built") return { verdict: "not_built", tests: { passed: 0, failed: 0, skipped: 0 }, notes: [] };
  const all = by.filter((ref) => ref.kind !== "command" || ref.run !== "acceptance").map((ref) => joinRef(ref, ran));
  const tests = { passed: 0, failed: 0, skipped: 0 };
  for (const each of all) for (const name of ["passed", "failed", "skipped"] as const) tests[name] += each.tests[name];
  const absent = all.flatMap((each) => (each.verdict === "not_run" ? each.notes : []));
  const said = all.flatMap((each) => (each.verdict === "not_run" ? [] : each.notes));
  const isSome = absent.length > 0 && absent.length < all.length; // of one that did not run at all the verdict says it
  const notes = [...said, ...(isSome ? [`未运行 not run: ${absent.join(", ")}`] : [])];
  return { verdict: together(all), tests, notes: [...new Set(notes)] };
}

/** Of one reference. Of what did not run the note is its name alone. */
type OfRef = Joined & { kind: Ref["kind"] };

function together(all: readonly OfRef[]): Verdict {
  const has = (verdict: Verdict, among = all) => among.some((each) => each.verdict === verdict);
  if (has("failed")) return "failed";
  if (has("skipped")) return "skipped";
  // Tests decide whether it was run; without the figures that it names it has passed in part.
  const tested = all.filter(({ kind }) => kind !== "command");
  const deciding = tested.length > 0 ? tested : all;
  if (deciding.length === 0 || has("not_run", deciding)) return "not_run";
  return has("part") || has("not_run") ? "part" : "passed";
}

function joinRef(ref: Ref, ran: Ran): OfRef {
  if (ref.kind === "command") return { ...ofRun(ref.run, ran), kind: ref.kind };
  if (ref.kind === "file") {
    const file = ran.files.get(ref.path);
    return { ...(file ? ofTests(file.tests, ref.path, [file]) : notRun(ref.path)), kind: ref.kind };
  }
  const files = [...ran.files.values()].filter(({ tests }) =>
    tests.some(({ name }) => codesIn(name).includes(ref.code)),
  );
  const tests = files.flatMap((file) => file.tests.filter(({ name }) => codesIn(name).includes(ref.code)));
  return { ...(tests.length > 0 ? ofTests(tests, ref.code, files) : notRun(ref.code)), kind: ref.kind };
}

function notRun(what: string): Joined {
  return { verdict: "not_run", tests: { passed: 0, failed: 0, skipped: 0 }, notes: [what] };
}

function ofTests(all: readonly TestOutcome[], what: string, files: readonly FileOutcome[]): Joined {
  const of = (state: TestOutcome["state"]) => all.filter((test) => test.state === state);
  const tests = { passed: of("passed").length, failed: of("failed").length, skipped: of("skipped").length };
  const notes: string[] = [];
  const broken = files.filter(({ state, errors, tests: own }) => isBroken(state, errors, own));
  for (const { file, state, errors } of broken) {
    const why = state === "unfinished" ? "未结束 did not finish" : (errors[0]?.split("\n")[0] ?? "失败 failed");
    notes.push(`${file}: ${why}`);
  }
  const names = of("failed").map(({ name }) => name);
  if (names.length > 0) notes.push(`${what} 失败 failed: ${listed(names)}`);
  const reasons = [...new Set(of("skipped").flatMap(({ why }) => (why === undefined ? [] : [why])))];
  if (tests.skipped > 0) {
    notes.push(
      `${what}: ${tests.skipped}/${all.length} 跳过 skipped${reasons.length > 0 ? ` (${listed(reasons)})` : ""}`,
    );
  }
  const failed = broken.length > 0 || tests.failed > 0;
  const isHalf = tests.passed > 0 && isWithoutMariadb(all);
  if (isHalf) notes.push(`${what}: 只在 SQLite 上运行 ran on SQLite alone`);
  const whole = tests.skipped > 0 || isHalf ? "part" : "passed";
  const verdict = failed ? "failed" : tests.passed > 0 ? whole : tests.skipped > 0 ? "skipped" : "failed";
  if (all.length === 0 && !failed) notes.push(`${what}: 没有测试 no test in it`);
  return { verdict, tests, notes };
}

/** Tests on each database are named after it; where there is no MariaDB some files leave its half out without a word. */
function isWithoutMariadb(all: readonly TestOutcome[]): boolean {
  const on = (database: string) => all.some(({ name }) => ` ${name} `.includes(` ${database} `));
  return on("sqlite") && !on("mariadb");
}

/** Whether a file went wrong as a whole: its failed tests are told by themselves. */
function isBroken(state: FileOutcome["state"], errors: readonly string[], tests: readonly TestOutcome[]): boolean {
  return (
    state === "unfinished" ||
    errors.length > 0 ||
    (state === "failed" && !tests.some((test) => test.state === "failed"))
  );
}

function listed(texts: readonly string[]): string {
  const more = texts.length - NAMES_MAX;
  return `${texts.slice(0, NAMES_MAX).join("; ")}${more > 0 ? `; +${more}` : ""}`;
}

function ofRun(id: string, ran: Ran): Joined {
  const tests = { passed: 0, failed: 0, skipped: 0 };
  const result = ran.runs.get(id);
  if (result === undefined) return { verdict: "not_run", tests, notes: [`负荷 load ${id}`] };
  if (result.state === "passed") return { verdict: "passed", tests, notes: [] };
  const verdict = result.state === "skipped" || result.state === "part" ? result.state : "failed";
  return { verdict, tests, notes: [`负荷 load ${id}: ${result.why}`] };
}
