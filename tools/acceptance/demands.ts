import type { BenchLine } from "../bench/line-format.ts";

/** A limit that a requirement sets, on the figures of a run whose case and unit match. `limit` in that unit. */
export type Demand = {
  run: string;
  of: RegExp;
  unit: string;
  limit: number;
  side: "max" | "min";
  /** The requirement. */
  source: string;
};

/** Limits of the customer. Those that the developers set themselves are stricter and stand with the benches. */
export const demands: readonly Demand[] = [
  { run: "http", of: /, p99$/, unit: "ms", limit: 3_000, side: "max", source: "R-47" },
  { run: "http-200", of: /, p99$/, unit: "ms", limit: 3_000, side: "max", source: "R-47, R-87" },
  { run: "reports", of: /./, unit: "ms", limit: 3_000, side: "max", source: "R-47" },
  { run: "console", of: /tiles: all drawn/, unit: "ms", limit: 2_000, side: "max", source: "R-38" },
  { run: "console", of: /committed change until its tile/, unit: "ms", limit: 5_000, side: "max", source: "R-38" },
  { run: "export", of: /^10\d{4} .* to Excel/, unit: "s", limit: 60, side: "max", source: "R-27" },
  { run: "line", of: / 0 % of exchanges lost/, unit: "s", limit: 900, side: "max", source: "R-79" },
  { run: "control", of: /p99/, unit: "ms", limit: 10_000, side: "max", source: "R-10" },
];

/** The demands on a figure of a bench. */
export function demandsOn(run: string, line: BenchLine): Demand[] {
  return demands.filter((each) => each.run === run && each.unit === line.unit && each.of.test(line.case));
}
