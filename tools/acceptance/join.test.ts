import { describe, expect, test } from "vitest";
import { attackNames } from "../abuse/attack-names.ts";
import { type FileOutcome, readOutcomes, takeOutcome } from "../test/file-outcome.ts";
import { casesOf } from "./cases.ts";
import { figuresOf } from "./figures.ts";
import { joinCase, type Ran } from "./join.ts";
import { judgeLoad, type RunResult } from "./run-result.ts";
import { isMade, loadRuns, type Run, soakRun, whyNot } from "./runs.ts";
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
      case: "board of 50 operators on mariadb, p99",
      value: 400,
      unit: "ms",
      floor: "x",
      ratio: 2,
      target: 300,
      met: false,
      ...more,
    });
  const ended = { how: "ended" as const, code: 0, seconds: 1, limitMs: 60_000 };
  const runOf = (id: string) => loadRuns.find((each) => each.id === id)!;
  const http = runOf("http");
  /** What the other three questions of the bench tell. */
  const others = ["search", "account", "day-report"].map((question) =>
    line({ case: `${question} of 50 operators on mariadb, p99`, target: null, met: null }),
  );
  const whole = (more: object) => [line(more), ...others].join("\n");

  test("a figure stands beside what a requirement demands and beside our own target, each with how far it is", () => {
    expect(figuresOf(http, false, whole({})).figures.slice(0, 2)).toMatchObject([
      { limit: 3000, side: "max", ofLimit: 0.133, met: true, demanded: true, source: "R-47" },
      { limit: 300, side: "max", ofLimit: 1.333, met: false, demanded: false, compared: null },
    ]);
    const ratio = line({ case: "board without a pause", unit: "answers/s", ratio: 0.2, target: 0.5, met: false });
    expect(figuresOf(runOf("codec"), false, ratio).figures).toMatchObject([
      { side: "min", compared: 0.2, ofLimit: 0.4, met: false },
    ]);
    const told = { concurrent: 50, answers: 9, p50: 1, p95: 2, p99: 3 };
    expect(figuresOf(http, false, whole({ responses: told })).responses).toEqual([
      { what: "board of 50 operators on mariadb, p99", ...told },
    ]);
  });

  test("our own target that is missed is no failure, a demand is; nothing measured is one, too", () => {
    expect(judgeLoad(http, ended, whole({}), false)).toMatchObject({ state: "passed" });
    expect(judgeLoad(http, ended, whole({ value: 3001 }), false)).toMatchObject({
      state: "failed",
      why: expect.stringContaining("board of 50"),
    });
    expect(judgeLoad(http, ended, whole({ value: null }), false)).toMatchObject({ state: "failed" });
    expect(judgeLoad(http, ended, "no json", false)).toMatchObject({
      state: "failed",
      why: expect.stringContaining("no figures"),
    });
    expect(judgeLoad(http, { ...ended, code: 1 }, whole({}), false)).toMatchObject({ state: "failed" });
    expect(judgeLoad(http, { ...ended, how: "hung" }, whole({}), false)).toMatchObject({
      state: "hung",
      figures: { length: 8 },
    });
  });

  test("what may never happen is a demand of none, and a run that tried nothing proves nothing", () => {
    const good = {
      runs: 15,
      recharges: 45,
      lost: 0,
      doubled: 0,
      unresolved: 0,
      ledgerSum: 0,
      worstSum: 0,
      problems: [],
    };
    const missed = (report: object) =>
      figuresOf(runOf("chaos-recharge"), true, JSON.stringify(report)).figures.flatMap(({ what, met }) =>
        met ? [] : [what],
      );
    expect(missed(good)).toEqual([]);
    expect(missed({ ...good, lost: 1, worstSum: -5, problems: ["x"] })).toEqual(["lost", "worstSum", "problems"]);
    expect(missed({ ...good, recharges: 0 })).toEqual(["recharges"]);
    expect(missed({ runs: 15, recharges: 15 })).toHaveLength(6);
    expect(missed({ ...good, runs: 14, recharges: 14 })).toEqual(["runs", "recharges"]);
  });

  test("fewer stories or frames than were asked for are not what was asked for", () => {
    const judge = (id: string, told: object, quick = false) =>
      judgeLoad(runOf(id), ended, JSON.stringify(told), quick).state;
    expect(judge("sim", { seeds: 10_000, violations: 0 })).toBe("passed");
    expect([1, 300, 9_999].map((seeds) => judge("sim", { seeds, violations: 0 }))).toEqual(Array(3).fill("failed"));
    expect(judge("sim", { seeds: 300, violations: 0 }, true)).toBe("passed");
    expect(judge("fuzz", { frames: 1_000_000, failures: [] })).toBe("passed");
    expect(judge("fuzz", { frames: 1, failures: [] })).toBe("failed");
  });

  test("an attack that could not be run makes the run skipped, one that is not told makes it failed", () => {
    const judge = (verdicts: readonly ("held" | "broken" | "not run")[]) => {
      const attacks = verdicts.map((verdict, i) => ({ attack: attackNames[i], verdict, note: "n" }));
      return judgeLoad(runOf("abuse"), ended, JSON.stringify({ ok: true, attacks }, null, 2), false);
    };
    const held = attackNames.map(() => "held" as const);
    expect(judge(held)).toMatchObject({ state: "passed" });
    expect(judge([...held.slice(1), "broken"])).toMatchObject({ state: "failed" });
    const untried = judge([...held.slice(1), "not run"]);
    expect(untried).toMatchObject({ state: "skipped", why: expect.stringContaining("clock-jumps") });
    expect(judge(held.map(() => "not run"))).toMatchObject({ state: "skipped" });
    expect(judge(held.slice(1))).toMatchObject({ state: "failed", why: expect.stringContaining("clock-jumps") });
  });

  test("a demand whose figure has another name or is gone is not met, and its run has failed", () => {
    const missing = (id: string, quick: boolean, ...told: object[]) =>
      figuresOf(runOf(id), quick, told.map(line).join("\n")).figures.flatMap(({ demanded, met, what }) =>
        demanded && met === false ? [what] : [],
      );
    const all = { "http-200": 4, http: 4, control: 1, line: 1, export: 2, console: 2, reports: 1 };
    for (const [id, count] of Object.entries(all)) {
      const other = line({ case: "something else", unit: "frames/s" });
      expect(
        figuresOf(runOf(id), false, other).figures.filter(({ met, demanded }) => demanded && met === false),
        id,
      ).toHaveLength(count);
      expect(judgeLoad(runOf(id), ended, other, false).state, id).toBe("failed");
    }
    expect(judgeLoad(http, ended, others.join("\n"), false).state).toBe("failed");
    const round = { case: "a round of 20 meters, 2400 baud, 0 % of exchanges lost: all of 59 readings (…)", unit: "s" };
    expect(missing("line", true, round)).toEqual([]);
    expect(missing("line", false, round)).toHaveLength(1); // a small one is no answer to a whole acceptance
    const wall = ["all drawn, warm cache", "a committed change until its tile is drawn, slowest"];
    expect(missing("console", false, ...wall.map((what) => ({ case: `board of 5000 tiles: ${what}` })))).toEqual([]);
    const rows = ["100320 rows", "100000 recharges"].map((what) => ({
      case: `${what} to Excel in the background on x`,
      unit: "s",
      value: 5,
    }));
    expect(missing("export", false, ...rows)).toEqual([]);
    const p99 = { case: "p99 from commit to the meter's answer, 19 close commands in a full round at 2400 baud" };
    expect(missing("control", false, p99)).toEqual([]);
  });

  test("a bench of both databases that had SQLite alone was made in part", () => {
    const on = (...names: string[]) =>
      names.map((name) => line({ case: `transfers on ${name}, 1 client`, target: null, met: null })).join("\n");
    const judge = (id: string, text: string) => judgeLoad(runOf(id), ended, text, false).state;
    expect(judge("ledger", on("sqlite", "mariadb"))).toBe("passed");
    expect(judge("ledger", on("sqlite"))).toBe("part");
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
    const soak = soakRun(2);
    const missed = (text: string) =>
      figuresOf(soak, false, text).figures.flatMap(({ what, met }) => (met ? [] : [what]));
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
    expect(figuresOf(soak, false, "")).toEqual({ figures: [], responses: [] });
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
