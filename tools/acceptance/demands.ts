import type { BenchLine } from "../bench/line-format.ts";

/** A limit that a requirement sets, on the figures of a run whose case and unit match. `limit` in that unit. */
export type Demand = {
  run: string;
  of: RegExp;
  /** What the case says of its size when the run is not a quick one. */
  whole?: RegExp;
  unit: string;
  limit: number;
  side: "max" | "min";
  /** The requirement. */
  source: string;
};

/** What `npm run bench -- http` asks as people at a desk. */
const QUESTIONS = ["board", "search", "account", "day-report"];
const asked = (run: string, operators: number, source: string): Demand[] =>
  QUESTIONS.map((question) => ({
    ...{ run, of: new RegExp(`^${question} of ${operators} operators on \\w+, p99$`) },
    ...{ unit: "ms", limit: 3_000, side: "max", source },
  }));

/**
 * Limits of the customer. Those that the developers set themselves are stricter and stand with the benches. Each has to find its figure: a
 * case that has another name now, or is no longer measured, is not met.
 */
export const demands: readonly Demand[] = [
  ...asked("http", 50, "R-47"),
  ...asked("http-200", 200, "R-47, R-87"),
  { run: "reports", of: /./, unit: "ms", limit: 3_000, side: "max", source: "R-47" },
  {
    ...{ run: "console", of: /tiles: all drawn/, whole: /^board of 5000 / },
    ...{ unit: "ms", limit: 2_000, side: "max", source: "R-38" },
  },
  {
    ...{ run: "console", of: /committed change until its tile/, whole: /^board of 5000 / },
    ...{ unit: "ms", limit: 5_000, side: "max", source: "R-38" },
  },
  { run: "export", of: /^100\d{3} rows to Excel/, unit: "s", limit: 60, side: "max", source: "R-27" },
  { run: "export", of: /^100\d{3} recharges to Excel/, unit: "s", limit: 60, side: "max", source: "R-27" },
  {
    ...{ run: "line", of: / 0 % of exchanges lost: all of /, whole: /^a round of 500 meters/ },
    ...{ unit: "s", limit: 900, side: "max", source: "R-79" },
  },
  { run: "control", of: /^p99 from commit/, unit: "ms", limit: 10_000, side: "max", source: "R-10" },
];

/** The demands on a figure of a bench. */
export function demandsOn(run: string, line: BenchLine, quick: boolean): Demand[] {
  return demands.filter(
    ({ of, whole, ...each }) =>
      each.run === run &&
      each.unit === line.unit &&
      of.test(line.case) &&
      (quick || whole === undefined || whole.test(line.case)),
  );
}

/** The demands on a bench that none of its figures answers. */
export function unanswered(run: string, lines: readonly BenchLine[], quick: boolean): Demand[] {
  const found = new Set(lines.flatMap((line) => demandsOn(run, line, quick)));
  return demands.filter((each) => each.run === run && !found.has(each));
}
