import { describe, expect, test } from "vitest";
import { type FileOutcome, readOutcomes, takeOutcome } from "../test/file-outcome.ts";
import { casesOf } from "./cases.ts";
import { figuresOf } from "./figures.ts";
import { joinCase, type Ran } from "./join.ts";
import { judgeLoad, type RunResult } from "./run-result.ts";
import { isMade, loadRuns, type Run, whyNot } from "./runs.ts";
import { scrubbed } from "./scrub.ts";

const file = (path: string, tests: FileOutcome["tests"], more: Partial<FileOutcome> = {}): FileOutcome => ({
  ...{
    file: path,
    state: tests.some(({ state }) => state === "failed") ? "failed" : "passed",
    ms: 1,
    tests,
    errors: [],
  },
  ...more,
});
const ran = (files: FileOutcome[], runs: Partial<RunResult>[] = []): Ran => ({
  files: new Map(files.map((each) => [each.file, each])),
  runs: new Map(runs.map((each) => [each.id ?? "", each as RunResult])),
});
const passed = (name: string) => ({ name, state: "passed" as const, ms: 1 });
const failed = (name: string) => ({ name, state: "failed" as const, ms: 1 });
const skipped = (name: string, why?: string) => ({
  name,
  state: "skipped" as const,
  ms: 0,
  ...(why !== undefined && { why }),
});
const [whole, part, later] = casesOf(`## A
| R-01 | water 水 | 有 | \`src/a.test.ts\`, OP-1, \`npm run bench -- http\` | |
| R-02 | gas 气 | 部分 | \`npm run bench -- http\` | heat |
| R-03 | sms 短信 | 未做 | | sms |`);
const a = file("src/a.test.ts", [passed("adds"), passed("takes")]);
const b = file("test/browser-desk.test.ts", [passed("OP-1: pays"), failed("OP-2: is supplied")]);

describe("a case and what ran", () => {
  const join = (...at: Parameters<typeof ran>) => joinCase(whole!, ran(...at));

  test("passes when all that it names passed; a failure in the same file that is another's does not count", () => {
    const load = [{ id: "http", state: "passed" as const }];
    expect(join([a, b], load)).toEqual({
      ...{ verdict: "passed", notes: [] },
      tests: { passed: 3, failed: 0, skipped: 0 },
    });
  });

  test("fails with one failed test, one broken file, one that did not finish, or one failed run", () => {
    expect(join([file("src/a.test.ts", [passed("adds"), failed("takes")]), b])).toMatchObject({ verdict: "failed" });
    const broken = join([file("src/a.test.ts", [], { state: "failed", errors: ["cannot be loaded\nat x"] }), b]);
    expect(broken).toMatchObject({
      verdict: "failed",
      notes: [expect.stringContaining("cannot be loaded"), expect.anything()],
    });
    expect(join([{ ...a, state: "unfinished" }, b])).toMatchObject({ verdict: "failed" });
    expect(join([file("src/a.test.ts", []), b])).toMatchObject({ verdict: "failed" });
    const hung = join([a, b], [{ id: "http", state: "hung", why: "no end" }]);
    expect(hung).toMatchObject({ verdict: "failed", notes: ["负荷 load http: no end"] });
  });

  test("is skipped when nothing of a file could run, with the reason; with a part that was skipped it has passed in part", () => {
    const none = file("src/a.test.ts", [skipped("adds", "no MariaDB"), skipped("takes")]);
    expect(join([none, b])).toMatchObject({
      verdict: "skipped",
      notes: [expect.stringContaining("no MariaDB"), expect.anything()],
    });
    const some = file("src/a.test.ts", [passed("adds"), skipped("takes")]);
    expect(join([some, b], [{ id: "http", state: "passed" }])).toMatchObject({
      verdict: "part",
      notes: [expect.stringContaining("1/2")],
    });
  });

  test("one of ten that ran is a part of it, and so is a load run that was made in part", () => {
    const nine = Array.from({ length: 9 }, (_, i) => skipped(`takes ${i}`));
    const load = [{ id: "http", state: "passed" as const }];
    expect(join([file("src/a.test.ts", [passed("adds"), ...nine]), b], load)).toMatchObject({ verdict: "part" });
    const half = [{ id: "http", state: "part" as const, why: "on one database" }];
    expect(join([a, b], half)).toMatchObject({ verdict: "part", notes: ["负荷 load http: on one database"] });
  });

  test("tests on SQLite whose half on MariaDB was left out are a part, also without a skip", () => {
    const on = (...names: string[]) => file("src/a.test.ts", names.map(passed));
    const load = [{ id: "http", state: "passed" as const }];
    expect(join([on("files on sqlite > adds", "files on mariadb > adds"), b], load)).toMatchObject({
      verdict: "passed",
    });
    expect(join([on("files on sqlite > adds"), b], load)).toMatchObject({
      verdict: "part",
      notes: [expect.stringContaining("SQLite alone")],
    });
  });

  test("is not run when a file or story is missing; without the load that it names it has passed in part", () => {
    expect(join([a])).toMatchObject({ verdict: "not_run" });
    expect(join([a, b])).toMatchObject({ verdict: "part", notes: ["未运行 not run: 负荷 load http"] });
    expect(joinCase(part!, ran([a, b]))).toMatchObject({ verdict: "not_run" });
    expect(joinCase(part!, ran([], [{ id: "http", state: "passed" }]))).toMatchObject({ verdict: "passed" });
    expect(joinCase(later!, ran([a, b]))).toMatchObject({ verdict: "not_built" });
  });
});

test("what tests told is read to the last whole line, the later word on a file counts", () => {
  const text = `${JSON.stringify({ ...a, state: "unfinished" })}\n${JSON.stringify(a)}\n{"file":"src/c.te`;
  expect(readOutcomes(text)).toEqual([a]);
  expect(takeOutcome(["--outcome", "x", "src"])).toEqual({ path: "x", rest: ["src"] });
  expect(takeOutcome(["src", "--outcome"])).toMatchObject({ path: undefined });
  expect(takeOutcome(["src"])).toEqual({ path: null, rest: ["src"] });
});

describe("figures and limits", () => {
  const line = (more: object) =>
    JSON.stringify({
      bench: "http",
      case: "board, p99",
      value: 400,
      unit: "ms",
      floor: "x",
      ratio: 2,
      target: 300,
      met: false,
      ...more,
    });
  const ended = { how: "ended" as const, code: 0, seconds: 1, limitMs: 60_000 };
  const http = loadRuns.find(({ id }) => id === "http")!;

  test("a figure stands beside what a requirement demands and beside our own target, each with how far it is", () => {
    expect(figuresOf("bench", "http", line({})).figures).toMatchObject([
      { limit: 3000, side: "max", ofLimit: 0.133, met: true, demanded: true, source: "R-47" },
      { limit: 300, side: "max", ofLimit: 1.333, met: false, demanded: false, compared: null },
    ]);
    const ratio = line({ case: "board without a pause", unit: "answers/s", ratio: 0.2, target: 0.5, met: false });
    expect(figuresOf("bench", "http", ratio).figures).toMatchObject([
      { side: "min", compared: 0.2, ofLimit: 0.4, met: false },
    ]);
    const told = { concurrent: 50, answers: 9, p50: 1, p95: 2, p99: 3 };
    expect(figuresOf("bench", "http", line({ responses: told })).responses).toEqual([{ what: "board, p99", ...told }]);
  });

  test("our own target that is missed is no failure, a demand is; nothing measured is one, too", () => {
    expect(judgeLoad(http, ended, line({}))).toMatchObject({ state: "passed" });
    expect(judgeLoad(http, ended, line({ value: 3001 }))).toMatchObject({
      state: "failed",
      why: expect.stringContaining("board, p99"),
    });
    expect(judgeLoad(http, ended, line({ value: null }))).toMatchObject({ state: "failed" });
    expect(judgeLoad(http, ended, "no json")).toMatchObject({
      state: "failed",
      why: expect.stringContaining("no figures"),
    });
    expect(judgeLoad(http, { ...ended, code: 1 }, line({}))).toMatchObject({ state: "failed" });
    expect(judgeLoad(http, { ...ended, how: "hung" }, line({}))).toMatchObject({
      state: "hung",
      figures: { length: 2 },
    });
  });

  test("what may never happen is a demand of none, and a run that tried nothing proves nothing", () => {
    const good = { recharges: 9, lost: 0, doubled: 0, unresolved: 0, ledgerSum: 0, worstSum: 0, problems: [] };
    const missed = (report: object) =>
      figuresOf("chaos", "chaos-recharge", JSON.stringify(report)).figures.flatMap(({ what, met }) =>
        met ? [] : [what],
      );
    expect(missed(good)).toEqual([]);
    expect(missed({ ...good, lost: 1, worstSum: -5, problems: ["x"] })).toEqual(["lost", "worstSum", "problems"]);
    expect(missed({ ...good, recharges: 0 })).toEqual(["recharges"]);
    expect(missed({ recharges: 1 })).toHaveLength(6);
    const attacks = ["held", "broken", "not run"].map((verdict) => ({ attack: verdict, verdict, note: "n" }));
    const { figures } = figuresOf("abuse", "abuse", JSON.stringify({ ok: false, attacks }, null, 2));
    expect(figures.map(({ what, met }) => [what, met])).toEqual([
      ["held", true],
      ["broken", false],
      ["not run", null],
    ]);
  });

  test("a soak that dies has not run as long as was asked, and is judged by what it saw", () => {
    const begun = {
      begun: { hours: 2, database: "d", meters: 9, operators: 3, rechargeEverySeconds: 1, sampleSeconds: 60 },
    };
    const sample = {
      seconds: 3600,
      serverMb: 100,
      collectorMb: 90,
      answers: 9,
      failures: 0,
      p50: 1,
      p95: 2,
      p99: 3,
      asked: 5,
    };
    const money = {
      acknowledged: 5,
      booked: 5,
      confirmed: 4,
      lost: 0,
      doubled: 0,
      ledgerSum: 0,
      readings: 8,
      deaths: 0,
    };
    const output = (last: object) =>
      [begun, { sample: { ...sample, ...money, ...last } }].map((each) => JSON.stringify(each)).join("\n");
    const missed = (text: string) =>
      figuresOf("soak", "soak", text).figures.flatMap(({ what, met }) => (met ? [] : [what]));
    expect(missed(`${output({})}\n{"sample":{"sec`)).toEqual(["hours without a rest"]);
    expect(missed(output({ lost: 1, p99: 3001, deaths: 1, serverMb: 600, ledgerSum: -1 }))).toEqual([
      ...["hours without a rest", "worst minute: p99 of answers", "programs that died", "recharges lost"],
      ...["worst sum of the ledger", "memory of the server, most"],
    ]);
    const end = {
      end: {
        seconds: 7200,
        recharges: 5,
        confirmed: 5,
        lost: 0,
        doubled: 0,
        ledgerSum: 0,
        unresolved: 0,
        problems: [],
      },
    };
    expect(missed(`${output({})}\n${JSON.stringify(end)}`)).toEqual([]);
    expect(figuresOf("soak", "soak", "")).toEqual({ figures: [], responses: [] });
  });
});

test("runs have an end, and say what this machine lacks for them", () => {
  for (const run of loadRuns) expect(run.minutesMax.full, run.id).toBeGreaterThan(0);
  expect(new Set(loadRuns.map(({ id }) => id)).size).toBe(loadRuns.length);
  const console: Run = loadRuns.find(({ id }) => id === "console")!;
  expect(whyNot(console, ["Chromium is not installed: x"])).toContain("Chromium is not installed");
  expect(whyNot(console, ["tmux is not installed"])).toBeNull();
  expect(loadRuns.filter((run) => !isMade(run, true)).map(({ id }) => id)).toEqual(["close-month", "store"]);
  expect(loadRuns.filter((run) => !isMade(run, false))).toEqual([]);
});

test("names of the machine and secrets are taken out, figures stay", () => {
  const place = {
    root: "/opt/x",
    home: "/users/zhang",
    temporary: "/var/tmp",
    host: "db7-host",
    node: "/opt/node/bin",
  };
  const clean = (text: string) => scrubbed(text, place);
  expect(clean("at /opt/x/src/a.ts:3 in /var/tmp/j-1 of /users/zhang on db7-host")).toBe(
    "at ./src/a.ts:3 in <tmp>/j-1 of ~ on <host>",
  );
  expect(clean("mysql://jichao:p4ss@10.0.0.1:3306/x JICHAO_MASTER_KEY=aa11")).toBe(
    "mysql://…@10.0.0.1:3306/x JICHAO_MASTER_KEY=…",
  );
  expect(clean(`{"password":"p4ss","n":1} ${"ab".repeat(32)}`)).toBe('{"password":"…","n":1} …');
  expect(clean("its rows by primary key: 0.29 ms; the aim is 5 ms")).toBe(
    "its rows by primary key: 0.29 ms; the aim is 5 ms",
  );
});
