import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { root } from "../source-files.ts";
import { accept, runsOf, writeReport } from "./accept.ts";
import { keptResults, openFolder, type Plan, readPlan, unfinishedIn } from "./keeper.ts";
import { reportHtml } from "./report-html.ts";
import type { Run } from "./runs.ts";

const scratch = mkdtempSync(join(tmpdir(), "jichao-acceptance-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const subject = { version: "1.2.3", commit: "0123456789abcdef", changed: false, sources: "feed" };
const plan = (): Plan => ({
  ...{ subject, machine: [{ zh: "内存", en: "Memory", value: "1 GB" }], quick: false, only: ["load"] as const },
  ...{ tests: [], runs: [], soakHours: null, stretches: [], missing: [], finished: false, movedOn: false },
});
const FIGURE = {
  bench: "http",
  case: "board",
  value: 1,
  unit: "answers/s",
  floor: null,
  ratio: null,
  target: null,
  met: null,
};
/** A program that does as it is told, as a run of the load part. */
const run = (id: string, text: string, more: Partial<Run> = {}): Run => {
  const program = join(scratch, `${id}.mjs`);
  writeFileSync(program, text);
  const [args, minutesMax] = [
    { full: [], quick: [] },
    { full: 1, quick: 1 },
  ];
  return { id, part: "load", kind: "bench", zh: `测试${id}`, en: id, program, args, minutesMax, ...more };
};
const say = (figure: object) => `console.log(${JSON.stringify(JSON.stringify({ ...FIGURE, ...figure }))});`;
const work = (folder: string, runs: readonly Run[], signal = new AbortController().signal, heard: string[] = []) => ({
  ...{
    folder,
    runs,
    signal,
    now: () => Date.now(),
    sources: () => subject.sources,
    say: (line: string) => void heard.push(line),
  },
});
const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const said = (args: readonly string[]) =>
  new Promise<{ code: number; stderr: string }>((resolve) =>
    execFile(process.execPath, args, { cwd: root }, (error, _, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stderr }),
    ),
  );
const folderIn = (name: string) => openFolder(join(scratch, name), plan(), new Date(0));

test("each run is kept with its figures; a failed one, a broken one and one that hangs fail the whole, and the rest goes on", async () => {
  const folder = folderIn("fails");
  expect(folder).toMatch(/jichao-1\.2\.3-01234567-19700101-080000$/);
  const leaves = `import { spawn } from "node:child_process"; console.log(spawn("sleep", ["300"], { stdio: "inherit" }).pid);`;
  const runs = [
    run("good", `${say({})} console.error("working in ${root}");`),
    run("poor", say({ target: 2, met: false })),
    run("wrong", 'console.log("{"); process.exit(3);'),
    run("hangs", `${leaves} ${say({ value: 7 })} setInterval(() => {}, 1000);`, {
      minutesMax: { full: 1 / 60, quick: 1 },
    }),
    run("last", say({})),
  ];
  const report = await accept(work(folder, runs));
  expect([...keptResults(folder).values()].map(({ id, state }) => [id, state]).sort()).toEqual([
    ...[
      ["good", "passed"],
      ["hangs", "hung"],
      ["last", "passed"],
      ["poor", "passed"],
      ["wrong", "failed"],
    ],
  ]);
  expect(report).toMatchObject({
    outcome: "failed",
    plan: { finished: true },
    summary: { runs: { passed: 3, failed: 1, hung: 1 }, own: { missed: 1 } },
  });
  expect(report.deviations.map(({ grave, where }) => [grave, where])).toEqual([
    [true, "wrong"],
    [true, "hangs"],
    [false, "poor"],
  ]);
  expect(keptResults(folder).get("hangs")?.figures).toMatchObject([{ value: 7 }]);
  const child = Number(readFileSync(join(folder, "raw", "hangs.out.txt"), "utf8").split("\n")[0]);
  await expect.poll(() => isThere(child)).toBe(false);
  // Names of this machine are nowhere in the folder, and its checksums hold.
  const sums = readFileSync(join(folder, "SHA256SUMS"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("  "));
  const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(sums.length).toBe(all.length - 1);
  for (const [sum, path = ""] of sums) {
    const bytes = readFileSync(join(folder, path));
    expect(createHash("sha256").update(bytes).digest("hex"), path).toBe(sum);
    for (const name of [root, scratch, hostname()].filter((text) => text !== "localhost"))
      expect(bytes.includes(name), path).toBe(false);
  }
  expect(readFileSync(join(folder, "raw", "good.log.txt"), "utf8")).toBe("working in .\n");
});

test("stopped in the middle it says so and goes on later; what was finished is not made again", async () => {
  const folder = folderIn("stopped");
  const marks = join(scratch, "marks");
  const marking = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(marks)}, process.argv[1].at(-5));`;
  const first = run("a", `${marking} ${say({})}`);
  const endless = run("b", `${marking} console.log("began"); setInterval(() => {}, 1000);`);
  const stopping = new AbortController();
  const at = work(folder, [first, endless], stopping.signal);
  const stopped = await accept({
    ...at,
    say: (line) => {
      if (line.startsWith("[2/2]")) setTimeout(() => stopping.abort(), 1_000);
    },
  });
  expect(stopped).toMatchObject({
    outcome: "unfinished",
    plan: { finished: false },
    summary: { runs: { passed: 1, not_run: 1 } },
  });
  expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("未完成");
  expect(unfinishedIn(join(scratch, "stopped"))).toBe(folder);
  const report = await accept(work(folder, [first, run("b", `${marking} ${say({})}`)]));
  expect(report).toMatchObject({ outcome: "part", plan: { finished: true, stretches: [{}, {}] } });
  expect(readFileSync(marks, "utf8")).toBe("abb");
  expect(readFileSync(join(folder, "raw", "b.stopped-1.out.txt"), "utf8")).toBe("began\n");
  expect(unfinishedIn(join(scratch, "stopped"))).toBeNull();
});

test("killed outright it leaves nothing behind, its report can be made, and it is continued", async () => {
  const folder = folderIn("killed");
  const pid = join(scratch, "pid");
  const begun = {
    begun: { hours: 72, database: "MariaDB", meters: 9, operators: 3, rechargeEverySeconds: 1, sampleSeconds: 60 },
  };
  const sample = {
    ...{ seconds: 252_000, serverMb: 100, collectorMb: 90, answers: 9, failures: 0, p50: 1, p95: 2, p99: 3, asked: 5 },
    ...{ acknowledged: 5, booked: 5, confirmed: 4, lost: 0, doubled: 0, ledgerSum: 0, readings: 8, deaths: 0 },
  };
  const lines = [begun, { sample }].map((line) => `console.log(${JSON.stringify(JSON.stringify(line))});`).join(" ");
  const endless = `import { writeFileSync } from "node:fs"; ${lines} setTimeout(() => writeFileSync(${JSON.stringify(pid)}, String(process.pid)), 200); setInterval(() => {}, 1000);`;
  const soak = run("soak", endless, { part: "soak", kind: "soak" });
  const driver = join(scratch, "driver.mjs");
  const module = pathToFileURL(join(root, "tools", "acceptance", "accept.ts")).href;
  writeFileSync(
    driver,
    `import { accept } from ${JSON.stringify(module)};
    await accept({ folder: ${JSON.stringify(folder)}, runs: ${JSON.stringify([soak])}, now: Date.now, sources: () => "feed", say: () => {}, signal: new AbortController().signal });`,
  );
  const acceptance = spawn(process.execPath, [driver], { stdio: ["ignore", "ignore", "inherit"] });
  await expect.poll(() => existsSync(pid) && readFileSync(pid, "utf8")).toBeTruthy();
  const child = Number(readFileSync(pid, "utf8"));
  acceptance.kill("SIGKILL");
  await expect.poll(() => isThere(child)).toBe(false);
  const dead = writeReport({ folder, runs: [soak] });
  expect(dead).toMatchObject({ outcome: "unfinished", soak: { last: { samples: [{ seconds: 252_000 }] } } });
  expect(reportHtml(dead)).toContain("70 h 0 min / 72 h");
  const again = await accept(work(folder, [run("soak", "", { part: "soak", kind: "soak" })]));
  expect(again.soak.stopped).toMatchObject([{ samples: [{ seconds: 252_000 }] }]);
  expect(again.outcome).toBe("failed");
});

test("sources that were changed on the way are told, and nothing of them passed", async () => {
  const folder = folderIn("changed");
  const report = await accept({ ...work(folder, [run("fine", say({}))]), sources: () => "beef" });
  expect(report).toMatchObject({
    outcome: "failed",
    deviations: [{ grave: true, where: "源码 sources" }],
    plan: { finished: true },
  });
});

test("what tests and meters are called is text in the report, never code", async () => {
  const folder = folderIn("harm");
  const name = '<img src=x onerror="alert(1)">';
  const report = await accept(
    work(folder, [run("harm", say({ case: name, floor: "</style><script>1</script>" }), { zh: name, en: name })]),
  );
  const text = readFileSync(join(folder, "report.html"), "utf8");
  expect(text).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
  expect(text).not.toMatch(/<img|<script|<\/style>\S*<script/);
  expect(text).not.toMatch(/(?:src|href)="(?!data:)/);
  expect(report.outcome).toBe("part");
});

test("by its command: the tests that are asked for are made, joined with the requirements, and the exit code tells", {
  timeout: 60_000,
}, async () => {
  const out = join(scratch, "command");
  const args = [
    "tools/acceptance/main.ts",
    "--out",
    out,
    "--only",
    "function",
    "--runs",
    "tests",
    "--tests",
    "tools/acceptance/cases,tools/test/outcome",
  ];
  // What ran passed, and it was a part: the exit code is not that of "passed".
  const { code, stderr } = await said(args);
  expect(code).toBe(3);
  expect(stderr).toContain("tests  全部测试 all tests: passed");
  const [name = ""] = readdirSync(out);
  const folder = join(out, name);
  const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  expect(report).toMatchObject({ outcome: "part", summary: { tests: { files: 2, failed: 0 } } });
  const verdictOf = (number: string) => report.cases.find((each: { number: string }) => each.number === number).verdict;
  expect([verdictOf("R-89"), verdictOf("R-01"), verdictOf("R-03")]).toEqual(["passed", "not_run", "not_built"]);
  expect(stderr).toContain("OPEN  不是完整验收");
  const wrong = await said(["tools/acceptance/main.ts", "--only", "everything"]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("usage:") });
  expect(runsOf(readPlan(folder)).map(({ id }) => id)).toEqual(["tests"]);
  // Made again it says the same; changed it says so, and goes on by no way.
  const again = ["tools/acceptance/main.ts", "--report", folder];
  expect(await said(again)).toMatchObject({ code: 3 });
  writeFileSync(join(folder, "pages", "ACCEPTANCE.md"), "");
  const seal = readFileSync(join(folder, "SHA256SUMS"), "utf8");
  expect(await said(again)).toMatchObject({ code: 1, stderr: expect.stringContaining("pages/ACCEPTANCE.md") });
  expect(readFileSync(join(folder, "SHA256SUMS"), "utf8")).toBe(seal);
});
