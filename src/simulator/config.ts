import { join } from "node:path";
import { z } from "zod";
import type { SimulatorConfig } from "./main.ts";

/** One hour of load a minute: a visitor sees credit run down, and nothing happens faster than he can look. */
export const DEMO_SPEED = 60;
/** Fast for RS-485, so that a round of forty meters takes seconds. */
const DEMO_BAUD = 9_600;

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const environment = z.object({
  JICHAO_LINK_PORT: whole(0, 65_535).default(6201),
  JICHAO_DATA: z.string().min(1).default("./data"),
  JICHAO_SIMULATOR_LINK_HOST: z.string().min(1).default("127.0.0.1"),
  JICHAO_SIMULATOR_PORT: whole(0, 65_535).default(6202),
  JICHAO_SIMULATOR_SPEED: z.coerce.number().min(1).max(3_600).default(DEMO_SPEED),
  JICHAO_SIMULATOR_SEED: whole(0, 2 ** 31).default(1),
  JICHAO_SIMULATOR_BAUD: z.union([z.literal("instant"), whole(300, 115_200)]).default(DEMO_BAUD),
});

/** Reads the simulator's configuration from the environment; throws one sentence that names every wrong variable. */
export function simulatorConfig(env: Readonly<Record<string, string | undefined>>): SimulatorConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const read = environment.safeParse(given);
  if (!read.success) {
    const faults = read.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`the simulator's configuration is not valid: ${faults.join("; ")}`);
  }
  const v = read.data;
  return {
    host: v.JICHAO_SIMULATOR_LINK_HOST,
    linkPort: v.JICHAO_LINK_PORT,
    controlPort: v.JICHAO_SIMULATOR_PORT,
    stateFile: townStateFile(v.JICHAO_DATA),
    seed: v.JICHAO_SIMULATOR_SEED,
    speed: v.JICHAO_SIMULATOR_SPEED,
    baud: v.JICHAO_SIMULATOR_BAUD,
  };
}

/** Where the simulated meters remember, so that a restart does not empty them. */
export function townStateFile(dataDir: string): string {
  return join(dataDir, "town.json");
}
