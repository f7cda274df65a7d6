/** How one test ended; `why` is the reason of one that did not run, when it gave one. `ms` is how long it took. */
export type TestOutcome = { name: string; state: "passed" | "failed" | "skipped"; ms: number; why?: string };

/**
 * What one test file gave, for programs: `npm test -- --outcome <file>` adds one line of JSON for each as it ends. `unfinished` is one that
 * was running when the run was given up. Types, lint and build are told as files named `check:types` and so on.
 */
export type FileOutcome = {
  file: string;
  state: "passed" | "failed" | "unfinished";
  ms: number;
  tests: readonly TestOutcome[];
  /** What went wrong outside of single tests, as sentences. */
  errors: readonly string[];
};

/** Takes `--outcome <file>` out of the arguments; null when it is not asked for, undefined when its file is missing. */
export function takeOutcome(args: readonly string[]): { path: string | null | undefined; rest: readonly string[] } {
  const at = args.indexOf("--outcome");
  if (at < 0) return { path: null, rest: args };
  const path = args[at + 1];
  return { path: path?.startsWith("-") ? undefined : path, rest: [...args.slice(0, at), ...args.slice(at + 2)] };
}

/** Reads such a file. A later line about the same file counts; a line that was cut off by a kill is left out. */
export function readOutcomes(text: string): FileOutcome[] {
  const found = new Map<string, FileOutcome>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      const outcome: FileOutcome = JSON.parse(line);
      found.set(outcome.file, outcome);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return [...found.values()];
}
