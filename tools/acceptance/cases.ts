/** The pages in docs/ that say what has to be shown, and by what: they are accepted with the sources. */
export const PAGES = ["ACCEPTANCE.md", "SCENARIOS.md"] as const;

/** How much of a requirement is there: 有, 部分, 未做. */
export type CaseState = "there" | "part" | "not_built";

/** What shows a case: a test file, a job of docs/SCENARIOS.md with its browser stories, or a run of the load part. */
export type Ref =
  | { kind: "file"; path: string }
  | { kind: "job"; code: string }
  | { kind: "command"; line: string; run: string };

/** A row of docs/ACCEPTANCE.md. `number` is the customer's. */
export type Case = {
  number: string;
  section: string;
  what: string;
  state: CaseState;
  by: readonly Ref[];
  missing: string;
};

/** A row of docs/SCENARIOS.md. `code` as it is written there, which may be a range of jobs that are not built. */
export type Job = {
  code: string;
  role: string;
  what: string;
  state: CaseState;
  by: readonly Ref[];
  /** The cell as it is written. */
  shown: string;
};

const STATES: Readonly<Record<string, CaseState>> = { 有: "there", 部分: "part", 未做: "not_built" };
const CODE = /\b[A-Z]{2}-\d+\b/g;

/** The rows of the page of acceptance, in its order. Throws on a row that it cannot read: a lost case is worse than none. */
export function casesOf(page: string): Case[] {
  let section = "";
  const found: Case[] = [];
  for (const line of page.split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3).trim();
    if (!/^\| R-/.test(line)) continue;
    const [number = "", what = "", state = "", by = "", missing = ""] = cells(line);
    const known = STATES[state];
    if (!/^R-\d+$/.test(number) || what === "" || known === undefined) throw new Error(`cannot be read: ${line}`);
    found.push({ number, section, what, state: known, by: refsIn(by), missing });
  }
  return found;
}

/** The rows of the page of scenarios, in its order. */
export function jobsOf(page: string): Job[] {
  let role = "";
  const found: Job[] = [];
  for (const line of page.split("\n")) {
    if (line.startsWith("## ")) role = line.slice(3).trim();
    if (!/^\| [A-Z]{2}-\d/.test(line)) continue;
    const [code = "", what = "", shown = ""] = cells(line);
    const notBuilt = shown.startsWith("Not built");
    const state: CaseState = notBuilt ? "not_built" : /\bPart:/.test(shown) ? "part" : "there";
    const stories = /`browser[a-z-]*`/.test(shown) ? [{ kind: "job" as const, code }] : [];
    found.push({ code, role, what, state, by: notBuilt ? [] : [...stories, ...refsIn(shown, false)], shown });
  }
  return found;
}

/** What a cell names, in its order, each once. */
function refsIn(cell: string, withCodes = true): Ref[] {
  const found: Ref[] = [];
  for (const [, quoted = ""] of cell.matchAll(/`([^`]+)`/g)) {
    if (/^(src|test|tools)\/[\w/.-]+\.test\.tsx?$/.test(quoted)) found.push({ kind: "file", path: quoted });
    const run = runOf(quoted);
    if (run !== null) found.push({ kind: "command", line: quoted, run });
  }
  const bare = cell.replace(/`[^`]*`/g, "");
  if (withCodes) for (const [code] of bare.matchAll(CODE)) found.push({ kind: "job", code });
  return found;
}

/** The run of the load part that a command stands for: `npm run bench -- http` is `http`, `npm run chaos -- recharge` is `chaos-recharge`. */
export function runOf(command: string): string | null {
  const [, program, first] = /^npm run (bench|abuse|chaos|sim|fuzz|acceptance)(?: -- ([\w-]+))?/.exec(command) ?? [];
  if (program === undefined) return null;
  if (program === "bench") return first ?? null;
  return program === "chaos" ? `chaos-${first ?? "recharge"}` : program;
}

/** The codes of jobs that a test's full name begins with, below whatever groups: `AM-1`, or none. */
export function codesIn(name: string): string[] {
  const [, codes] = /(?:^|> )((?:[A-Z]{2}-\d+(?:, )?)+): /.exec(name) ?? [];
  return codes === undefined ? [] : codes.split(", ").filter((code) => code !== "");
}

function cells(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}
