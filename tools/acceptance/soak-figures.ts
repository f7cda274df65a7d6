import { median, percentile } from "../bench/line-format.ts";
import { demanded, type Figure, jsonLines, type Told } from "./figures.ts";
import type { SoakBegun, SoakEnd, SoakSample } from "./soak-sample.ts";

/** What a soak printed, however far it came. */
export type Soak = { begun: SoakBegun | null; samples: SoakSample[]; end: SoakEnd | null };

const P99_MS_MAX = 3_000;
/** Half of the smallest machine that it is put on, as for the attacks (docs/ABUSE.md). */
const RSS_MB_MAX = 512;
/** Between the second hour, when everything is warm, and the last. */
const GROWTH_MAX = 1.2;
const GROWTH_FROM_SECONDS = 3 * 3_600;
const HOUR_SECONDS = 3_600;

/** Reads its output; a line that was cut off by the end of everything is left out. */
export function readSoak(output: string): Soak {
  const soak: Soak = { begun: null, samples: [], end: null };
  for (const line of jsonLines(output)) {
    if ("begun" in line) soak.begun = line.begun as SoakBegun;
    if ("sample" in line) soak.samples.push(line.sample as SoakSample);
    if ("end" in line) soak.end = line.end as SoakEnd;
  }
  return soak;
}

/** The figures of a soak of so many hours beside their limits. One that ended early is judged by what it saw, and has not run as long as was asked. */
export function soakFigures(output: string, hoursAsked: number): Told {
  const { begun, samples, end } = readSoak(output);
  const last = samples.at(-1);
  if (begun === null || last === undefined) return { figures: [], responses: [] };
  const seconds = end?.seconds ?? last.seconds;
  const worst = (of: (sample: SoakSample) => number | null) => Math.max(...samples.map((sample) => of(sample) ?? 0));
  const never = (what: string, value: number, source: string): Figure =>
    demanded({ what, value: Math.abs(value), unit: "", limit: 0, side: "max", source });
  const most = (what: string, of: (sample: SoakSample) => number | null) =>
    samples.some((sample) => of(sample) !== null)
      ? [
          demanded({
            what,
            value: worst(of),
            unit: "MB",
            limit: RSS_MB_MAX,
            side: "max",
            source: "R-87, docs/ABUSE.md",
          }),
        ]
      : [];
  const p99s = samples.flatMap(({ p99 }) => (p99 === null ? [] : [p99]));
  const answers = samples.reduce((sum, each) => sum + each.answers, 0);
  const p99 = p99s.length === 0 ? null : Math.max(...p99s);
  const told = `${answers} 个应答 answers`;
  return {
    figures: [
      hours(seconds, hoursAsked),
      demanded({
        what: "worst minute: p99 of answers",
        value: p99,
        unit: "ms",
        limit: P99_MS_MAX,
        side: "max",
        source: "R-47",
        note: told,
      }),
      never(
        "answers that failed",
        samples.reduce((sum, each) => sum + each.failures, 0),
        "R-87",
      ),
      never(
        "programs that died",
        samples.reduce((sum, each) => sum + each.deaths, 0),
        "R-87",
      ),
      demanded({
        what: "recharges acknowledged",
        value: last.acknowledged,
        unit: "",
        limit: 1,
        side: "min",
        source: "R-87",
      }),
      never(
        "recharges lost",
        Math.max(
          worst(({ lost }) => lost),
          end?.lost ?? 0,
        ),
        "R-54",
      ),
      never(
        "recharges doubled",
        Math.max(
          worst(({ doubled }) => doubled),
          end?.doubled ?? 0,
        ),
        "R-54",
      ),
      never(
        "worst sum of the ledger",
        worst(({ ledgerSum }) => Math.abs(ledgerSum)),
        "R-15",
      ),
      ...(end === null
        ? []
        : [
            never("recharges without an end", end.unresolved, "R-54"),
            never("problems found by the last count", end.problems.length, "R-87"),
          ]),
      ...most("memory of the server, most", ({ serverMb }) => serverMb),
      ...most("memory of the collector, most", ({ collectorMb }) => collectorMb),
      ...growth("memory of the server, last hour by second hour", samples, ({ serverMb }) => serverMb),
      ...growth("memory of the collector, last hour by second hour", samples, ({ collectorMb }) => collectorMb),
    ],
    responses: [
      {
        ...{ what: "soak", concurrent: begun.operators, answers },
        ...{
          p50: median(samples.flatMap(({ p50 }) => p50 ?? [])),
          p95: median(samples.flatMap(({ p95 }) => p95 ?? [])),
        },
        p99: percentile(p99s, 1),
      },
    ],
  };
}

function hours(seconds: number, asked: number): Figure {
  const value = Math.round((seconds / HOUR_SECONDS) * 1_000) / 1_000;
  return demanded({ what: "hours without a rest", value, unit: "h", limit: asked, side: "min", source: "R-87" });
}

function growth(what: string, samples: readonly SoakSample[], of: (sample: SoakSample) => number | null): Figure[] {
  const end = samples.at(-1)?.seconds ?? 0;
  if (end < GROWTH_FROM_SECONDS) return [];
  const between = (from: number, to: number) =>
    median(samples.filter(({ seconds }) => seconds >= from && seconds < to).flatMap((sample) => of(sample) ?? []));
  const value = between(end - HOUR_SECONDS, end + 1) / between(HOUR_SECONDS, 2 * HOUR_SECONDS);
  const rounded = Math.round(value * 1_000) / 1_000;
  return Number.isNaN(value)
    ? []
    : [demanded({ what, value: rounded, unit: "×", limit: GROWTH_MAX, side: "max", source: "R-87" })];
}
