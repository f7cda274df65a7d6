import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readRepository, root } from "../source-files.ts";
import { keepPlan, openFolder, type Plan, sealFolder, unseal } from "./keeper.ts";
import { hasChanges, subjectHere } from "./machine-facts.ts";
import { remakeReport } from "./remake.ts";

const scratch = mkdtempSync(join(tmpdir(), "jichao-seal-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const subject = { version: "1.2.3", commit: "0123456789abcdef", changed: false, sources: "feed" };
const plan: Plan = {
  ...{ subject, machine: [], quick: false, only: ["load"], tests: [], runs: ["sim"], soakHours: null },
  ...{ stretches: [{ from: 0, to: 1 }], missing: [], finished: true, movedOn: false },
};
let made = 0;
const opened = (more: Partial<Plan> = {}) =>
  openFolder(join(scratch, String(made++)), { ...plan, ...more }, new Date(0));
const textOf = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");
const remade = (folder: string, sources = "feed") => {
  const told: string[] = [];
  const code = remakeReport({ folder, sources, say: (line) => void told.push(line) });
  return { code, told: told.join("\n") };
};

test("both pages of cases are part of what is accepted: another row is another subject", () => {
  const files = readRepository();
  const with_ = (page: string) => files.map((each) => (each.path === page ? { ...each, text: `${each.text} ` } : each));
  const { sources } = subjectHere(files);
  for (const page of ["docs/ACCEPTANCE.md", "docs/SCENARIOS.md"])
    expect(subjectHere(with_(page)).sources, page).not.toBe(sources);
  expect(subjectHere(with_("docs/UX.md")).sources).toBe(sources);
});

test("a page of cases that is not as the commit holds it is a change", () => {
  const folder = join(scratch, "git");
  mkdirSync(join(folder, "docs"), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
      cwd: folder,
      stdio: "ignore",
    });
  const pages = ["ACCEPTANCE.md", "SCENARIOS.md", "UX.md"].map((page) => join(folder, "docs", page));
  git("init");
  for (const page of pages) writeFileSync(page, "as it was");
  git("add", "-A");
  git("commit", "-m", "x");
  const changedBy = (page = "") => {
    writeFileSync(page, "other");
    const found = hasChanges(folder);
    writeFileSync(page, "as it was");
    return found;
  };
  expect([hasChanges(folder), ...pages.map(changedBy)]).toEqual([false, true, true, false]);
});

test("a report is made again from the pages that its folder keeps, and is sealed again", () => {
  const folder = opened();
  for (const page of ["ACCEPTANCE.md", "SCENARIOS.md"])
    expect(textOf(folder, `pages/${page}`)).toBe(readFileSync(join(root, "docs", page), "utf8"));
  const page = "## A\n| R-01 | water 水 | 未做 | | all |\n";
  writeFileSync(join(folder, "pages", "ACCEPTANCE.md"), page);
  sealFolder(folder);
  expect(remade(folder).code).toBe(1); // nothing was run
  expect(JSON.parse(textOf(folder, "report.json")).cases).toMatchObject([{ number: "R-01", verdict: "not_built" }]);
  expect(() => execFileSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: folder })).not.toThrow();
  writeFileSync(join(folder, "signed.pdf"), "a paper laid beside it");
  expect(remade(folder).told).not.toContain("校验和不符");
});

test.each<[string, (folder: string) => void, string]>([
  ["a row of a page", (folder) => writeFileSync(join(folder, "pages", "ACCEPTANCE.md"), ""), "pages/ACCEPTANCE.md"],
  ["what was asked for", (folder) => keepPlan(folder, { ...plan, quick: true }), "plan.json"],
  ["a page that is gone", (folder) => rmSync(join(folder, "pages", "SCENARIOS.md")), "pages/SCENARIOS.md"],
  ["a result that is new", (folder) => writeFileSync(join(folder, "runs", "sim.json"), "{}"), "runs/sim.json"],
  ["the seal itself", unseal, "SHA256SUMS"],
])("after a change of %s the seal is said to be broken, and nothing is sealed over it", (_, change, named) => {
  const folder = opened();
  sealFolder(folder);
  const seal = textOf(folder, "SHA256SUMS");
  change(folder);
  const { code, told } = remade(folder);
  expect({ code, told }).toMatchObject({ code: 1, told: expect.stringContaining(named) });
  if (named !== "SHA256SUMS") expect(textOf(folder, "SHA256SUMS")).toBe(seal);
  expect(() => textOf(folder, "report.json")).toThrow();
});

test("other sources make no report of it; one that died has none to be sealed by", () => {
  const folder = opened();
  sealFolder(folder);
  expect(remade(folder, "beef")).toMatchObject({ code: 2, told: expect.stringContaining("feed → beef") });
  const dead = opened({ finished: false });
  expect(remade(dead)).toMatchObject({ code: 1, told: expect.stringContaining("未封存") });
  expect(() => textOf(dead, "SHA256SUMS")).toThrow();
});
