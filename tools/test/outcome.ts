/** What came out of a test run so far. Type check, lint and build count as one each. */
export type Tally = { passed: number; failed: number; skipped: number };

/** Nothing ran yet. */
export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Both runs together. */
export function together(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** Where everything must run (`JICHAO_REQUIRE=all`), what was skipped has failed. */
export function strict(tally: Tally, everything: boolean): Tally {
  return everything ? { passed: tally.passed, failed: tally.failed + tally.skipped, skipped: 0 } : tally;
}

/** The last line of every run, for people and for programs. */
export function lastLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

/** 0 only when something ran and nothing failed: a run of no tests proves nothing. */
export function exitCode(tally: Tally): 0 | 1 {
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

/** What the command line asks for: everything, the quick checks, or the tests whose path matches a filter. */
export type Wish =
  | { what: "all" }
  | { what: "check" }
  | { what: "filtered"; filters: readonly string[] }
  | { what: "unknown"; argument: string };

/** Reads the arguments of `npm test -- …`. */
export function wishOf(args: readonly string[]): Wish {
  if (args.length === 0) return { what: "all" };
  if (args[0] === "--only" && args[1] === "check" && args.length === 2) return { what: "check" };
  const option = args.find((arg) => arg.startsWith("-"));
  return option === undefined ? { what: "filtered", filters: args } : { what: "unknown", argument: option };
}
