/**
 * One measured figure as it is printed: `ratio` is ours against a floor taken in the same run. A figure that nothing is
 * compared with (memory for one frame) has neither floor nor ratio; a target that it could meet it only has where one is set in its own unit.
 */
export type BenchLine = {
  bench: string;
  case: string;
  value: number;
  unit: string;
  /** What the figure is compared with, in words. */
  floor: string | null;
  ratio: number | null;
  target: number | null;
  met: boolean | null;
  /** How long single answers took, ms, to so many people at once; where answers were timed. */
  responses?: { concurrent: number; answers: number; p50: number; p95: number; p99: number };
};

/** What may be asked of a bench besides its name: a smaller or larger one. Each takes those that mean something to it. */
export type BenchOptions = {
  meters?: number;
  concentrators?: number;
  operators?: number;
  seconds?: number;
  days?: number;
  minutes?: number;
  /** Only this one; both when left out. */
  database?: BenchDatabase;
};

/** What benches of the store run on. */
export type BenchDatabase = "sqlite" | "mariadb";

/** Whether a text names one of them. */
export function isBenchDatabase(text: string | undefined): text is BenchDatabase {
  return text === "sqlite" || text === "mariadb";
}

/** Two digits after the point are enough for a figure. */
export function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The value that so large a share (0.99) of the values does not pass; of few the largest. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle of the values: one disturbed round does not move it. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
