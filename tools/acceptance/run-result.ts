import { type Figure, figuresOf, type Response } from "./figures.ts";
import type { Ended } from "./runner.ts";
import type { Run } from "./runs.ts";

/**
 * How a run ended, kept as soon as it has. `part` could not be made whole here; `hung` was ended after its own limit;
 * `skipped` could not be made here, or what it was to try could not.
 */
export type RunResult = {
  id: string;
  state: "passed" | "part" | "failed" | "hung" | "skipped";
  /** Why it is not passed; empty when it is. */
  why: string;
  command: string;
  startedAt: number;
  seconds: number;
  secondsMax: number;
  figures: readonly Figure[];
  responses: readonly Response[];
};

/** Judges a run of the load part by how it ended and by what it printed. */
export function judgeLoad(
  run: Run,
  ended: Ended,
  output: string,
  quick: boolean,
): Pick<RunResult, "state" | "why" | "figures" | "responses"> {
  const { figures, responses } = figuresOf(run, quick, output);
  const missed = figures.filter(({ demanded, met }) => demanded && met === false);
  if (ended.how === "hung") {
    return {
      state: "hung",
      why: `到时限未结束,已中止 ended after its limit of ${ended.limitMs / 60_000} min`,
      figures,
      responses,
    };
  }
  const why = [
    ...(ended.code !== 0 ? [`退出码 exit code ${ended.code ?? "–"}`] : []),
    ...(figures.length === 0 ? ["没有给出数字 told no figures"] : []),
    ...(missed.length > 0 ? [`未达要求 not as demanded: ${missed.map(({ what }) => what).join("; ")}`] : []),
  ];
  if (why.length > 0) return { state: "failed", why: why.join("; "), figures, responses };
  const untried = figures.filter(({ demanded, met }) => demanded && met === null).map(({ what }) => what);
  if (untried.length > 0)
    return { state: "skipped", why: `未能做 could not be tried here: ${untried.join("; ")}`, figures, responses };
  if (isHalf(run, quick, figures))
    return { state: "part", why: "只在 SQLite 上运行 ran on SQLite alone", figures, responses };
  return { state: "passed", why: "", figures, responses };
}

/** Benches measure on SQLite, and on MariaDB where that is installed. */
function isHalf({ kind, args }: Run, quick: boolean, figures: readonly Figure[]): boolean {
  const on = (database: string) => figures.some(({ what }) => what.includes(` on ${database}`));
  const asked = args[quick ? "quick" : "full"].includes("sqlite");
  return kind === "bench" && !asked && on("sqlite") && !on("mariadb");
}
