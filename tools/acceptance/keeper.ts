import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { root } from "../source-files.ts";
import { type FileOutcome, readOutcomes } from "../test/file-outcome.ts";
import { PAGES } from "./cases.ts";
import type { MachineFact, Subject } from "./machine-facts.ts";
import type { RunResult } from "./run-result.ts";
import type { Part } from "./runs.ts";
import { scrubbed } from "./scrub.ts";
import { readSoak, type Soak } from "./soak-figures.ts";

/** What was asked for and when, kept in the folder of its report, so that it can be continued. Times are epoch milliseconds. */
export type Plan = {
  subject: Subject;
  machine: readonly MachineFact[];
  quick: boolean;
  only: readonly Part[];
  /** Parts of paths of test files; all when empty. */
  tests: readonly string[];
  /** Ids of runs; all of the parts when empty. */
  runs: readonly string[];
  soakHours: number | null;
  /** Each stretch of work on it: begun, and ended in good order or not. */
  stretches: { from: number; to: number | null }[];
  finished: boolean;
  /** What the machines of all its stretches lacked, as sentences. */
  missing: readonly string[];
  /** Other sources lay there at the end than at the beginning: the report is about none of them. */
  movedOn: boolean;
};

const PLAN = "plan.json";
const SUMS = "SHA256SUMS";

/** Makes the folder of a new report below `out`, named after what is accepted and when it began, with copies of the pages of cases. */
export function openFolder(out: string, plan: Plan, at: Date): string {
  const { version, commit, changed, sources } = plan.subject;
  const what = commit === null ? sources.slice(0, 8) : `${commit.slice(0, 8)}${changed ? "-changed" : ""}`;
  const folder = join(out, `jichao-${version}-${what}-${stamp(at)}`);
  for (const each of ["raw", "runs", "pages"]) mkdirSync(join(folder, each), { recursive: true });
  for (const page of PAGES) copyFileSync(join(root, "docs", page), join(folder, "pages", page));
  keepPlan(folder, plan);
  return folder;
}

/** The newest folder below `out` with an acceptance that has not come to its end, or null. */
export function unfinishedIn(out: string): string | null {
  if (!existsSync(out)) return null;
  const folders = existsSync(join(out, PLAN)) ? [out] : readdirSync(out).map((name) => join(out, name));
  const open = folders.filter((folder) => existsSync(join(folder, PLAN)) && !readPlan(folder).finished);
  return open.sort((a, b) => begunAt(a) - begunAt(b)).at(-1) ?? null;
}

function begunAt(folder: string): number {
  return readPlan(folder).stretches[0]?.from ?? 0;
}

export function readPlan(folder: string): Plan {
  return JSON.parse(readFileSync(join(folder, PLAN), "utf8"));
}

export function keepPlan(folder: string, plan: Plan): void {
  replace(join(folder, PLAN), `${JSON.stringify(plan, null, 2)}\n`);
}

/** The pages of cases as they were when the folder was opened: a report is about none that were written later. */
export function keptPages(folder: string): { acceptancePage: string; scenariosPage: string } {
  const [acceptancePage = "", scenariosPage = ""] = PAGES.map((page) =>
    readFileSync(join(folder, "pages", page), "utf8"),
  );
  return { acceptancePage, scenariosPage };
}

/** The runs that have come to an end, by id. */
export function keptResults(folder: string): Map<string, RunResult> {
  const names = readdirSync(join(folder, "runs")).filter((name) => name.endsWith(".json"));
  const results = names.map((name): RunResult => JSON.parse(readFileSync(join(folder, "runs", name), "utf8")));
  return new Map(results.map((result) => [result.id, result]));
}

export function keepResult(folder: string, result: RunResult): void {
  replace(join(folder, "runs", `${result.id}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** Where a run's output goes: what it prints, what it says beside, and of tests what each gave. */
export function rawPath(folder: string, id: string, what: "out.txt" | "log.txt" | "jsonl"): string {
  return join(folder, "raw", `${id}.${what}`);
}

export function rawText(folder: string, id: string, what: "out.txt" | "log.txt" | "jsonl"): string {
  const path = rawPath(folder, id, what);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Puts the output of an attempt that was stopped out of the way of the next one; what tests gave stays where it is. */
export function putAside(folder: string, id: string): void {
  const earlier = attempts(folder, id);
  for (const what of ["out.txt", "log.txt"] as const) {
    const path = rawPath(folder, id, what);
    if (existsSync(path)) renameSync(path, join(folder, "raw", `${id}.stopped-${earlier.length + 1}.${what}`));
  }
}

function attempts(folder: string, id: string): string[] {
  const pattern = new RegExp(`^${id}\\.stopped-\\d+\\.out\\.txt$`);
  return readdirSync(join(folder, "raw")).filter((name) => pattern.test(name));
}

/** What the tests gave so far, over all stretches, without names of the machine. */
export function keptOutcomes(folder: string): Map<string, FileOutcome> {
  const text = ["check", "tests"].map((id) => rawText(folder, id, "jsonl")).join("\n");
  return new Map(readOutcomes(scrubbed(text)).map((outcome) => [outcome.file, outcome]));
}

/** The soak as far as it has come, and what was seen of those that were stopped before it. */
export function keptSoaks(folder: string): { soak: Soak | null; stopped: Soak[] } {
  const stopped = attempts(folder, "soak").map((name) => readSoak(readFileSync(join(folder, "raw", name), "utf8")));
  const text = rawText(folder, "soak", "out.txt");
  return { soak: text === "" ? null : readSoak(text), stopped: stopped.filter(({ samples }) => samples.length > 0) };
}

/** What tests told is written by them, so names of the machine are taken out of it here. */
export function scrubOutcomes(folder: string, id: string): void {
  const text = rawText(folder, id, "jsonl");
  if (text !== "") replace(rawPath(folder, id, "jsonl"), scrubbed(text));
}

/** Writes the checksums of every file of the folder, as `sha256sum -c SHA256SUMS` reads them. */
export function sealFolder(folder: string): void {
  const lines = [...sumsOf(folder)].map(([path, sum]) => `${sum}  ${path}\n`);
  replace(join(folder, SUMS), lines.join(""));
}

/** Takes the seal away while the folder is worked on. */
export function unseal(folder: string): void {
  rmSync(join(folder, SUMS), { force: true });
}

/**
 * What is not as it was sealed: paths that are gone, changed, or new in a folder of results; null when the folder has no seal. A paper that
 * somebody laid beside the report is no harm.
 */
export function sealBreaks(folder: string): string[] | null {
  const path = join(folder, SUMS);
  if (!existsSync(path)) return null;
  const told = readFileSync(path, "utf8").trim().split("\n");
  const sealed = new Map(told.map((line) => [line.slice(SUM_CHARS + 2), line.slice(0, SUM_CHARS)]));
  const found = sumsOf(folder);
  const broken = [...sealed].filter(([each, sum]) => found.get(each) !== sum).map(([each]) => each);
  return [...broken, ...[...found.keys()].filter((each) => each.includes("/") && !sealed.has(each))];
}

const SUM_CHARS = 64;

function sumsOf(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== SUMS)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const sum = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
  return new Map(paths.map((path) => [path.slice(folder.length + 1), sum(path)]));
}

/** Writes a file whole or not at all. */
export function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { flush: true });
  renameSync(`${path}.new`, path);
}

/** `20260801-093000`, Beijing time. */
function stamp(at: Date): string {
  return new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}
