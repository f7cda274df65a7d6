import { attackNames } from "../abuse/attack-names.ts";
import type { Figures as AbuseFigures } from "../abuse/run.ts";
import type { BenchLine } from "../bench/line-format.ts";
import { demandsOn, unanswered } from "./demands.ts";
import type { Kind, Run } from "./runs.ts";
import { soakFigures } from "./soak-figures.ts";

/**
 * One measured figure beside its limit. `demanded`: the limit comes from a requirement, and not met is failed; else it is a target that the
 * developers set themselves, and not met is a deviation that is told. `value` null: it was not measured, which is never met.
 */
export type Figure = {
  what: string;
  value: number | null;
  unit: string;
  /** What is compared with the limit, where that is not the value itself: the ratio to a floor of the same run. */
  compared: number | null;
  limit: number | null;
  side: "max" | "min" | null;
  /** What is compared, as a multiple of the limit. */
  ofLimit: number | null;
  met: boolean | null;
  demanded: boolean;
  /** Who set the limit. */
  source: string;
  /** What the figure was compared with, or what else has to be said. */
  note: string;
};

/** Response times of so many people at once, ms. */
export type Response = { what: string } & NonNullable<BenchLine["responses"]>;

/** What a run's output says. */
export type Told = { figures: Figure[]; responses: Response[] };

/**
 * Reads the output of a run, beside what it was asked to do. What cannot be read is no figure at all: the caller counts that as a failure.
 */
export function figuresOf({ kind, id, args }: Pick<Run, "kind" | "id" | "args">, quick: boolean, output: string): Told {
  const asked = args[quick ? "quick" : "full"];
  if (kind === "bench") return benchTold(id, quick, output);
  if (kind === "soak") return soakFigures(output, askedFor(asked, "--hours"));
  const report = lastJson(output);
  if (report === null) return { figures: [], responses: [] };
  if (kind === "abuse") return { figures: abuseFigures(report), responses: [] };
  return { figures: countsOf(kind, report, asked), responses: [] };
}

/** The number behind an option, or 1: a run of nothing proves nothing. */
function askedFor(args: readonly string[], option: string): number {
  const at = args.indexOf(option);
  return at < 0 ? 1 : Number(args[at + 1]);
}

/** A figure that a requirement limits. */
export function demanded(at: {
  what: string;
  value: number | null;
  unit: string;
  limit: number;
  side: "max" | "min";
  source: string;
  note?: string;
}): Figure {
  const { value, limit, side } = at;
  const met = value !== null && Number.isFinite(value) && (side === "max" ? value <= limit : value >= limit);
  return { ...at, compared: null, ofLimit: share(value, limit), met, demanded: true, note: at.note ?? "" };
}

function benchTold(run: string, quick: boolean, output: string): Told {
  const lines = jsonLines(output).filter(isBenchLine);
  if (lines.length === 0) return { figures: [], responses: [] };
  const lost = unanswered(run, lines, quick).map(({ of, whole, unit, limit, side, source }) =>
    demanded({
      what: [of, whole].flatMap((each) => each?.source ?? []).join(", "),
      value: null,
      ...{ unit, limit, side, source },
      note: NOT_TOLD,
    }),
  );
  const figures = lines.flatMap((line) => [
    ...demandsOn(run, line, quick).map(({ limit, side, source }) =>
      demanded({ what: line.case, value: line.value, unit: line.unit, limit, side, source, note: line.floor ?? "" }),
    ),
    ownTarget(line),
  ]);
  const responses = lines.flatMap(({ case: what, responses }) => (responses ? [{ what, ...responses }] : []));
  return { figures: [...lost, ...figures], responses };
}

const NOT_TOLD = "没有给出这个数字 the run did not tell it";

/** Units whose targets are in the same unit; all others are targets of the ratio to the floor. */
const IN_ITS_UNIT: Readonly<Record<string, readonly string[]>> = {
  console: ["ms", "kB", "MB", "frames/s"],
  export: ["s", "MB"],
  reports: ["ms"],
  http: ["ms"],
  store: ["bytes"],
};

function ownTarget(line: BenchLine): Figure {
  const { case: what, value, unit, target, met, ratio, floor } = line;
  const inItsUnit = ratio === null || (IN_ITS_UNIT[line.bench]?.includes(unit) ?? false);
  const x = inItsUnit ? value : ratio;
  const shared = { what, value, unit, demanded: false, source: "docs/BENCHMARKS.md", note: floor ?? "" };
  const compared = inItsUnit ? null : ratio;
  if (target === null) return { ...shared, compared: null, limit: null, side: null, ofLimit: null, met: null };
  // Below the target and met, or above it and not: then it is the most that is allowed.
  const side = x === null || x <= target === met ? "max" : "min";
  return { ...shared, compared, limit: target, side, ofLimit: share(x, target), met: met === true };
}

function abuseFigures(report: Json): Figure[] {
  const attacks = (report.attacks ?? []) as AbuseFigures[];
  const told = new Set(attacks.map(({ attack }) => attack));
  const lost = attackNames
    .filter((attack) => !told.has(attack))
    .map((what) => demanded({ what, value: null, ...UNBROKEN, note: NOT_TOLD }));
  const judged = attacks.map(({ attack, verdict, note, ...seen }) => {
    const more = `${seen.rssMbPeak} MB, ${seen.successDuring ?? "–"} %, p99 ${seen.replyP99MsDuring ?? "–"} ms`;
    const figure = demanded({
      ...{ what: attack, value: verdict === "held" ? 0 : 1, ...UNBROKEN },
      note: [note, more].filter((text) => text !== "").join("; "),
    });
    return verdict === "not run" ? { ...figure, value: null, met: null } : figure;
  });
  return [...lost, ...judged];
}

const UNBROKEN = { unit: "broken", limit: 0, side: "max", source: "R-87, docs/ABUSE.md" } as const;

/** What may not happen even once, by kind of run, with who demands it. */
const NEVER: Readonly<Partial<Record<Kind, readonly (readonly [string, string])[]>>> = {
  chaos: [
    ["lost", "R-54"],
    ["doubled", "R-54"],
    ["unresolved", "R-54"],
    ["ledgerSum", "R-15"],
    ["worstSum", "R-15"],
    ["problems", "R-87"],
  ],
  "take-over": [
    ["wrong.sentTwice", "R-54"],
    ["wrong.neverSent", "R-54"],
    ["wrong.notInMeter", "R-54"],
    ["wrong.storedTwice", "R-54"],
    ["wrong.spokenAfterThaw", "R-54"],
    ["wrong.ledgerSum", "R-15"],
    ["wrong.problems", "R-87"],
  ],
  sim: [["violations", "R-15"]],
  fuzz: [["failures", "R-87"]],
};

/** How much was tried, and the option that asked for it; every round of chaos begins at least one recharge or command. */
const TRIED: Readonly<Partial<Record<Kind, readonly (readonly [what: string, option: string])[]>>> = {
  chaos: [
    ["runs", "--runs"],
    ["recharges", "--runs"],
  ],
  "take-over": [
    ["runs", "--runs"],
    ["commands", "--runs"],
  ],
  sim: [["seeds", "--seeds"]],
  fuzz: [["frames", "--frames"]],
};

function countsOf(kind: Kind, report: Json, asked: readonly string[]): Figure[] {
  return [
    ...(TRIED[kind] ?? []).map(([what, option]) => {
      const limit = askedFor(asked, option);
      return demanded({ what, value: counted(at(report, what)), unit: "", limit, side: "min", source: "R-87" });
    }),
    ...(NEVER[kind] ?? []).map(([what, source]) => {
      const value = counted(at(report, what));
      const note = typeof at(report, what) === "object" ? JSON.stringify(at(report, what)).slice(0, 500) : "";
      const size = value === null ? null : Math.abs(value);
      return demanded({ what, value: size, unit: "", limit: 0, side: "max", source, note: value === 0 ? "" : note });
    }),
  ];
}

type Json = { [name: string]: unknown };

function at(report: Json, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Json | undefined)?.[name], report);
}

function counted(value: unknown): number | null {
  if (Array.isArray(value)) return value.length;
  return typeof value === "number" ? value : null;
}

function share(value: number | null, limit: number): number | null {
  return value === null || limit === 0 || !Number.isFinite(value) ? null : Math.round((value / limit) * 1000) / 1000;
}

/** Every line that is an object by itself. */
export function jsonLines(output: string): Json[] {
  return output.split("\n").flatMap((line) => {
    if (!line.startsWith("{") || !line.endsWith("}")) return [];
    const parsed = parsedOrNull(line);
    return parsed === null ? [] : [parsed];
  });
}

/** The last object of an output, over one line or many. */
function lastJson(output: string): Json | null {
  return jsonLines(output).at(-1) ?? parsedOrNull(output.slice(Math.max(0, output.search(/^\{/m))));
}

function parsedOrNull(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Json) : null;
  } catch {
    return null;
  }
}

function isBenchLine(line: Json): line is Json & BenchLine {
  return typeof line.bench === "string" && typeof line.case === "string" && "met" in line;
}
