import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { FileOutcome } from "../test/file-outcome.ts";
import { accept } from "./accept.ts";
import { keepResult, openFolder, type Plan, rawPath, readPlan } from "./keeper.ts";
import { EXIT_CODES } from "./outcome.ts";
import { makeReport } from "./report.ts";
import { reportHtml } from "./report-html.ts";
import type { RunResult } from "./run-result.ts";
import { functionRuns, loadRuns, type Run } from "./runs.ts";

const scratch = mkdtempSync(join(tmpdir(), "jichao-outcome-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const subject = { version: "1.2.3", commit: "0123456789abcdef", changed: false, sources: "feed" };
const plan: Plan = {
  ...{ subject, machine: [], quick: false, only: ["function", "load"], tests: [], runs: [], soakHours: null },
  ...{ stretches: [{ from: 0, to: 1 }], missing: [], finished: true, movedOn: false },
};
const CASES = `## A
| R-01 | water 水 | 有 | \`src/a.test.ts\`, \`npm run bench -- http\` | |
| R-02 | gas 气 | 有 | SA-4 | |`;
const JOBS = `## B
| SA-4 | Restore | \`src/b.test.ts\` |`;
const runs = [...functionRuns, ...loadRuns].filter(({ id }) => ["tests", "http", "fuzz"].includes(id));
const result = (run: Run, state: RunResult["state"] = "passed"): RunResult => ({
  ...{ id: run.id, state, why: state === "passed" ? "" : "why", command: "", startedAt: 0, seconds: 1, secondsMax: 2 },
  ...{ figures: [], responses: [] },
});
const file = (path: string, states: readonly ("passed" | "skipped")[] = ["passed"]): FileOutcome => ({
  ...{ file: path, state: "passed", ms: 1, errors: [] },
  tests: states.map((state, i) => ({ name: `adds ${i}`, state, ms: 1 })),
});
const all = runs.map((run) => result(run));
const files = [file("src/a.test.ts"), file("src/b.test.ts")];
let made = 0;
/** The report of a finished acceptance in which these runs came to an end and these files were tested. */
function reported(told: { results?: RunResult[]; files?: FileOutcome[]; plan?: Partial<Plan>; cases?: string }) {
  const folder = openFolder(join(scratch, String(made++)), { ...plan, ...told.plan }, new Date(0));
  for (const each of told.results ?? all) keepResult(folder, each);
  writeFileSync(
    rawPath(folder, "tests", "jsonl"),
    (told.files ?? files).map((each) => JSON.stringify(each)).join("\n"),
  );
  return makeReport({ folder, runs, acceptancePage: told.cases ?? CASES, scenariosPage: JOBS });
}
const PASSED = "通过<span";

describe("the cover says passed, and the exit code is 0,", () => {
  test("when all runs and all requirements and jobs passed; a job without a story is shown by what its row names", () => {
    const report = reported({});
    expect(report).toMatchObject({ outcome: "passed", open: [], cases: [{}, { verdict: "passed" }] });
    expect(reportHtml(report)).toContain(`good">${PASSED}`);
    expect(EXIT_CODES).toEqual({ passed: 0, part: 3, failed: 1, unfinished: 1 });
  });

  const [tests, http, fuzz] = all as [RunResult, RunResult, RunResult];
  test.each<[string, Parameters<typeof reported>[0], string]>([
    ["a skipped run", { results: [tests, http, { ...fuzz, state: "skipped" }] }, "fuzz"],
    ["a run that was not made", { results: [tests, http] }, "fuzz"],
    ["a run that was made in part", { results: [{ ...tests, state: "part" }, http, fuzz] }, "tests"],
    ["a requirement whose tests were skipped", { files: [file("src/a.test.ts", ["skipped"]), files[1]!] }, "R-01"],
    ["a requirement with skipped tests", { files: [file("src/a.test.ts", ["passed", "skipped"]), files[1]!] }, "R-01"],
    ["a requirement of which nothing ran", { files: [files[0]!] }, "R-02"],
    ["a job of which nothing ran", { files: [files[0]!] }, "SA-4"],
    ["a quick one", { plan: { quick: true } }, "快速验收"],
    ["chosen tests", { plan: { tests: ["src"] } }, "只做了一部分"],
    ["one part alone", { plan: { only: ["load"] } }, "只做了一部分"],
    ["sources that were changed", { plan: { subject: { ...subject, changed: true } } }, "有未提交的改动"],
    ["a requirement that is not there yet", { cases: `${CASES}\n| R-03 | sms 短信 | 未做 | | sms |` }, "1 条需求"],
  ])("not with %s: passed in part, and why", (_, told, why) => {
    const report = reported(told);
    expect(report.outcome).toBe("part");
    expect(report.open.map(({ zh }) => zh).join("\n")).toContain(why);
    const page = reportHtml(report);
    expect(page).toContain(`warn">部分通过<span`);
    expect(page).not.toContain(`>${PASSED}`);
  });

  test("not when one failed, nothing ran, or it has not come to its end", () => {
    expect(reported({ results: [tests, http, { ...fuzz, state: "failed" }] }).outcome).toBe("failed");
    expect(reported({ results: [] }).outcome).toBe("failed");
    expect(reported({ plan: { finished: false } }).outcome).toBe("unfinished");
  });
});

test("without MariaDB the tests that ran are a part, and the report says what was not there", async () => {
  const folder = openFolder(
    join(scratch, "half"),
    { ...plan, stretches: [], tests: ["tools/test/outcome.test.ts"] },
    new Date(0),
  );
  const [run] = runs.filter(({ id }) => id === "tests");
  const lacking = ["MariaDB is not installed: the tests that need it cannot run (SQLite ones do)."];
  const quiet = { now: () => Date.now(), sources: () => subject.sources, say: () => {} };
  const signal = new AbortController().signal;
  const report = await accept({ folder, runs: [run!], ...quiet, signal, missing: lacking });
  expect(report).toMatchObject({
    outcome: "part",
    missing: lacking,
    runs: [{ result: { state: "part", why: lacking[0] } }],
  });
  expect(readPlan(folder).missing).toEqual(lacking);
  expect(reportHtml(report)).toContain(`<p class="notice">${lacking[0]}`);
});
