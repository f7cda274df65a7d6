import { fleet } from "./fleet.ts";
import type { BenchLine, BenchOptions } from "./line-format.ts";

/** The fleet on the embedded database. */
export function bench(options: BenchOptions): Promise<BenchLine[]> {
  return fleet("sqlite", options);
}
