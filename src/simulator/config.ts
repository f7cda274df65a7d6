import { join } from "node:path";
import { z } from "zod";
import { type Environment, installationConfig, readEnvironment, wholeNumber } from "#system/environment.ts";
import type { SimulatorConfig } from "./main.ts";
import { SPEED_MAX } from "./town.ts";

/** One hour of load a minute: a visitor sees credit run down, and nothing happens faster than he can look. */
export const DEMO_SPEED = 60;
/** Fast for RS-485, so that a round of forty meters takes seconds. */
const DEMO_BAUD = 9_600;

const environment = z.object({
  JICHAO_LINK_PORT: wholeNumber(0, 65_535).default(6201),
  JICHAO_SIMULATOR_LINK_HOST: z.string().default("127.0.0.1"),
  JICHAO_SIMULATOR_PORT: wholeNumber(0, 65_535).default(6204),
  JICHAO_SIMULATOR_SPEED: wholeNumber(1, SPEED_MAX).default(DEMO_SPEED),
  JICHAO_SIMULATOR_SEED: wholeNumber(0, 2 ** 31).default(1),
  JICHAO_SIMULATOR_BAUD: z.union([z.literal("instant"), wholeNumber(300, 115_200)]).default(DEMO_BAUD),
});

/** Reads the simulator's configuration; throws one line for every bad variable. */
export function simulatorConfig(env: Environment): SimulatorConfig {
  const read = readEnvironment(env, environment, {
    JICHAO_LINK_PORT: "0 到 65535 的端口号 (a port number)",
    JICHAO_SIMULATOR_LINK_HOST: "前置机的地址 (the collector's address)",
    JICHAO_SIMULATOR_PORT: "0 到 65535 的端口号 (a port number)",
    JICHAO_SIMULATOR_SPEED: `1 到 ${SPEED_MAX} 的倍速 (a speed)`,
    JICHAO_SIMULATOR_SEED: "一个整数 (a whole number)",
    JICHAO_SIMULATOR_BAUD: "300 到 115200 的波特率,或 instant (a baud rate, or instant)",
  });
  return {
    host: read.JICHAO_SIMULATOR_LINK_HOST,
    linkPort: read.JICHAO_LINK_PORT,
    controlPort: read.JICHAO_SIMULATOR_PORT,
    stateFile: townStateFile(installationConfig(env).dataDir),
    seed: read.JICHAO_SIMULATOR_SEED,
    speed: read.JICHAO_SIMULATOR_SPEED,
    baud: read.JICHAO_SIMULATOR_BAUD,
    mixed: true,
  };
}

/** Where the simulated meters remember, so that a restart does not empty them. */
function townStateFile(dataDir: string): string {
  return join(dataDir, "town.json");
}
