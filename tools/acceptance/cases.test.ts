import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../source-files.ts";
import { casesOf, codesIn, jobsOf, type Ref, runOf } from "./cases.ts";
import { loadRuns } from "./runs.ts";

const REQUIREMENTS = 95;
const page = readFileSync(join(root, "docs", "ACCEPTANCE.md"), "utf8");
const scenarios = readFileSync(join(root, "docs", "SCENARIOS.md"), "utf8");
const cases = casesOf(page);
const jobs = jobsOf(scenarios);

test("each requirement has one row, in order, in Chinese and English", () => {
  const numbers = Array.from({ length: REQUIREMENTS }, (_, i) => `R-${String(i + 1).padStart(2, "0")}`);
  expect(cases.map(({ number }) => number)).toEqual(numbers);
  expect(cases.filter(({ what }) => !/\p{Script=Han}/u.test(what) || !/[a-z]{3}/.test(what))).toEqual([]);
});

test("what is there names a test, what is not says what is missing", () => {
  const tested = (by: readonly Ref[]) => by.some(({ kind }) => kind !== "command");
  const told = (state: string) => cases.filter((each) => each.state === state);
  expect(told("there").filter(({ by, missing }) => !tested(by) || missing !== "")).toEqual([]);
  expect(told("part").filter(({ by, missing }) => by.length === 0 || missing === "")).toEqual([]);
  expect(told("not_built").filter(({ by, missing }) => by.length > 0 || missing === "")).toEqual([]);
});

test("files and commands that both pages name are there, and every job that is named has a story", () => {
  const stories = readdirSync(join(root, "test"))
    .filter((file) => /^browser.*\.test\.ts$/.test(file))
    .map((file) => readFileSync(join(root, "test", file), "utf8"));
  const told = new Set(
    stories.flatMap((text) =>
      [...text.matchAll(/"([A-Z]{2}-\d+[^"]*)"/g)].flatMap(([, title]) => codesIn(title ?? "")),
    ),
  );
  const rows = jobs.map((job) => job.code);
  const alsoByTests = new Set(jobs.filter(({ by }) => by.some(({ kind }) => kind === "file")).map(({ code }) => code));
  const runs = new Set([...loadRuns.map(({ id }) => id), "acceptance"]);
  const isThere = (ref: Ref): boolean => {
    if (ref.kind === "file") return existsSync(join(root, ref.path));
    return ref.kind === "command"
      ? runs.has(ref.run)
      : rows.includes(ref.code) && (told.has(ref.code) || alsoByTests.has(ref.code));
  };
  const lost = [...cases, ...jobs].flatMap(({ what, by }) =>
    by.filter((ref) => !isThere(ref)).map((ref) => ({ what, ref })),
  );
  expect(lost).toEqual([]);
  const quoted = [...page.matchAll(/`((?:src|test|tools)\/[^`]+|npm run [^`]+)`/g)].map(([, text]) => text ?? "");
  expect(quoted.filter((text) => !/\.test\.tsx?$/.test(text) && runOf(text) === null)).toEqual([]);
});

test("the page of scenarios is read whole", () => {
  const rows = scenarios.split("\n").filter((line) => /^\| [A-Z]{2}-\d/.test(line));
  expect(jobs.length).toBe(rows.length);
  expect(jobs.find(({ code }) => code === "OP-1")?.by).toEqual([{ kind: "job", code: "OP-1" }]);
  expect(jobs.find(({ code }) => code === "AM-3")).toMatchObject({ state: "part" });
  expect(jobs.find(({ code }) => code === "SA-1")?.by.slice(0, 2)).toEqual([
    { kind: "file", path: "test/release.test.ts" },
    { kind: "file", path: "tools/package/package.test.ts" },
  ]);
  expect(jobs.filter(({ state, by }) => state === "there" && by.length === 0)).toEqual([]);
});

test("a row that cannot be read is refused, not lost", () => {
  expect(() => casesOf("| R-01 | water 水 | perhaps | | |")).toThrow("cannot be read");
  expect(() => casesOf("| R-1a | water 水 | 有 | | |")).toThrow("cannot be read");
});

test("names of tests and commands are understood", () => {
  expect(codesIn("IS-1, IS-3: 500 meters from a file")).toEqual(["IS-1", "IS-3"]);
  expect(codesIn("a group > MA-8: six rooms")).toEqual(["MA-8"]);
  expect(codesIn("a 501st meter, see IS-3")).toEqual([]);
  expect(
    ["npm run bench -- http --days 3", "npm run chaos -- take-over", "npm run sim", "npm test"].map(runOf),
  ).toEqual(["http", "chaos-take-over", "sim", null]);
});
