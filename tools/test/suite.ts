import { relative } from "node:path";
import { defaultExclude } from "vitest/config";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";
import { createVitest } from "vitest/node";
import { startSharedMariadb } from "../../test/mariadb.ts";
import { root } from "../source-files.ts";
import type { FileOutcome } from "./file-outcome.ts";
import { NOTHING, type Tally, together } from "./outcome.ts";

/** One thing that went wrong, readable on its own. */
export type Failure = { where: string; text: string };

/** What the tests gave. `skipped` names every test that did not run, with its reason if it gave one. */
export type SuiteResult = { tally: Tally; failures: Failure[]; skipped: string[] };

/** A run that can be watched and stopped from outside. */
export type SuiteRun = { result: Promise<SuiteResult>; running(): string[]; stop(): Promise<void> };

type Thrown = {
  name?: string;
  message: string;
  diff?: string;
  stacks?: readonly { file: string; line: number; method: string }[];
  cause?: Thrown;
};

const STACK_LINES_MAX = 6; // enough to see who called whom in our own files
const LOG_LINES_MAX = 40; // of a failed test; the rest is in a run with a filter

type Options = {
  filters: readonly string[];
  withDatabases: boolean;
  progress(line: string): void;
  finished(outcome: FileOutcome): void;
};

/** Stories in a browser: what they wait for is a processor. */
const STORIES = "test/browser*.test.ts";

/**
 * Runs the tests whose path matches a filter, or all; tells `progress` one line per finished file, and `finished` what it gave. Stories in a browser
 * run beside the others, each side two at a time: that fills two cores, and three beside two were no quicker.
 */
export function runSuite(options: Options): SuiteRun {
  const sides = [side(options, { include: [STORIES] }), side(options, { exclude: [...defaultExclude, STORIES] })];
  const server = options.withDatabases ? startSharedMariadb() : Promise.resolve(null);
  const result = server.then(async (shared) => {
    try {
      return joined(await Promise.all(sides.map((each) => each.start())));
    } finally {
      await shared?.stop();
    }
  });
  return {
    result,
    running: () => sides.flatMap((each) => each.running()),
    stop: async () => {
      await Promise.all(sides.map((each) => each.stop()));
    },
  };
}

function joined(results: readonly SuiteResult[]): SuiteResult {
  return {
    tally: results.reduce((sum, each) => together(sum, each.tally), NOTHING),
    failures: results.flatMap((each) => each.failures),
    skipped: results.flatMap((each) => each.skipped),
  };
}

function side(options: Options, files: { include?: string[]; exclude?: string[] }) {
  const running = new Set<string>();
  const logs = new Map<string, string[]>();
  const unhandled: Failure[] = [];
  let vitest: Vitest | undefined;
  const reporter: Reporter = {
    onInit: (started) => {
      vitest = started;
    },
    onTestModuleStart: (module) => {
      running.add(module.relativeModuleId);
    },
    onTestModuleEnd: (module) => {
      running.delete(module.relativeModuleId);
      options.progress(moduleLine(module));
      options.finished(outcomeOf(module));
      for (const text of reported(module)) options.progress(indent(text));
      // At once, too: a run that is stopped later has said why.
      for (const { where, text } of failuresOf(module, logs)) options.progress(indent(`${where}\n${indent(text)}`));
    },
    onUserConsoleLog: (log) => {
      const lines = logs.get(log.taskId ?? "") ?? [];
      logs.set(log.taskId ?? "", [...lines, ...log.content.trimEnd().split("\n")].slice(-LOG_LINES_MAX));
    },
    onTestRunEnd: (_modules, errors) => {
      unhandled.push(...errors.map((error) => ({ where: "outside any test", text: explain(error) })));
    },
  };
  process.env.NODE_ENV ??= "test";
  // The database is started above, for both sides.
  const settings = { watch: false, root, reporters: [reporter], globalSetup: [], ...files };
  return {
    // Not startVitest: it prints what kept the tests from starting and then ends as if all were well.
    start: async (): Promise<SuiteResult> => {
      const created = await createVitest(settings);
      try {
        const wanted = await created.globTestSpecifications([...options.filters]);
        if (wanted.length > 0) await created.start([...options.filters]); // without a file it throws
        return summarise(created.state.getTestModules(), unhandled, logs);
      } finally {
        await created.close();
      }
    },
    running: () => [...running],
    stop: async () => vitest?.close(),
  };
}

function summarise(
  modules: readonly TestModule[],
  unhandled: readonly Failure[],
  logs: ReadonlyMap<string, string[]>,
): SuiteResult {
  const failures: Failure[] = [...unhandled];
  const skipped: string[] = [];
  let passed = 0;
  for (const module of modules) {
    failures.push(...failuresOf(module, logs));
    for (const test of module.children.allTests()) {
      const outcome = test.result();
      if (outcome.state === "passed") passed++;
      else if (outcome.state === "skipped") {
        const where = `${module.relativeModuleId} > ${test.fullName}`;
        skipped.push(outcome.note ? `${where} (${outcome.note})` : where);
      }
    }
  }
  return { tally: { passed, failed: failures.length, skipped: skipped.length }, failures, skipped };
}

/** What went wrong in one file: in the file itself, in its groups, in its tests. */
function failuresOf(module: TestModule, logs: ReadonlyMap<string, string[]>): Failure[] {
  const groups = [module, ...module.children.allSuites()].flatMap((group) => {
    const name = group !== module && group.type === "suite" ? ` > ${group.fullName}` : "";
    return group.errors().map((error) => ({ where: module.relativeModuleId + name, text: explain(error) }));
  });
  const tests = [...module.children.allTests()].filter((test) => !["passed", "skipped"].includes(test.result().state));
  return [
    ...groups,
    ...tests.map((test) => ({ where: `${module.relativeModuleId} > ${test.fullName}`, text: failureText(test, logs) })),
  ];
}

function failureText(test: TestCase, logs: ReadonlyMap<string, string[]>): string {
  const outcome = test.result();
  const errors = outcome.state === "failed" ? outcome.errors.map(explain) : ["did not finish"];
  const printed = logs.get(test.id);
  return [...errors, ...(printed ? [`printed:\n${indent(printed.join("\n"))}`] : [])].join("\n");
}

/** What tests say that every run is to show: annotations of the type `report`, such as a table of what was tried. */
function reported(module: TestModule): string[] {
  return [...module.children.allTests()].flatMap((test) =>
    test.annotations().flatMap(({ type, message }) => (type === "report" ? [message] : [])),
  );
}

function moduleLine(module: TestModule): string {
  const tests = [...module.children.allTests()];
  const count = (state: string) => tests.filter((test) => test.result().state === state).length;
  const bad = module.state() === "failed";
  const skips = count("skipped");
  const parts = [
    `${tests.length} tests`,
    ...(bad ? [`${count("failed")} failed`] : []),
    ...(skips ? [`${skips} skipped`] : []),
  ];
  const { duration, collectDuration } = module.diagnostic();
  return `  ${bad ? "FAIL" : "ok  "}  ${module.relativeModuleId}  ${parts.join(", ")}, ${seconds(duration + collectDuration)}`;
}

function outcomeOf(module: TestModule): FileOutcome {
  const tests = [...module.children.allTests()].map((test) => {
    const outcome = test.result();
    const state = outcome.state === "pending" ? ("failed" as const) : outcome.state;
    const why = outcome.state === "skipped" ? outcome.note : undefined;
    const ms = Math.round(test.diagnostic()?.duration ?? 0);
    return { name: test.fullName, state, ms, ...(why !== undefined && { why }) };
  });
  const { duration, collectDuration } = module.diagnostic();
  const errors = [module, ...module.children.allSuites()].flatMap((group) => group.errors().map(explain));
  const state = module.state() === "failed" ? "failed" : "passed";
  return { file: module.relativeModuleId, state, ms: Math.round(duration + collectDuration), tests, errors };
}

/** An error as a person reads it: the sentence, the difference, the places in our own files, the cause. */
function explain(error: Thrown): string {
  const places = (error.stacks ?? [])
    .filter((frame) => !frame.file.includes("node_modules"))
    .slice(0, STACK_LINES_MAX)
    .map((frame) => `at ${relative(root, frame.file)}:${frame.line}${frame.method ? ` (${frame.method})` : ""}`);
  const sentence =
    error.name && !error.message.startsWith(error.name) ? `${error.name}: ${error.message}` : error.message;
  const cause = error.cause?.message ? [`because ${explain(error.cause)}`] : [];
  return [sentence, ...(error.diff ? [error.diff] : []), ...places, ...cause].join("\n");
}

/** Milliseconds as `1.2 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Every line of a text two blanks to the right. */
export function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
