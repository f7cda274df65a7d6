import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { sha256Hex } from "#system/crypto.ts";
import type { MeterState } from "./meters.ts";
import type { TownPlan } from "./plan.ts";

const VERSION = 1;

/** A town at rest. */
export type TownState = {
  version: typeof VERSION;
  seed: number;
  /** Names the plan that the meters belong to. */
  plan: string;
  /** Clock at the time of saving, the town's own time then, and how fast that ran. */
  savedAtMs: number;
  townMs: number;
  speed: number;
  /** False after an orderly stop. True means the town lived on behind this page: the program died. */
  running: boolean;
  meters: Record<string, MeterState>;
};

/** The remembered town, or null when there is none yet. Refuses a file that belongs to another town. */
export function loadTown(file: string, plan: TownPlan): TownState | null {
  if (!existsSync(file)) return null;
  const state = parse(file);
  if (state.seed !== plan.seed || state.plan !== planName(plan)) {
    throw new Error(
      `${file} remembers another town (seed ${state.seed}, ${Object.keys(state.meters).length} meters; ` +
        `asked for seed ${plan.seed}, ${plan.meters.length} meters): use another state file or delete this one`,
    );
  }
  return state;
}

/** Replaces the file in one step. When this returns the state is on the disk, not in a cache. */
export function saveTown(file: string, state: Omit<TownState, "version">): void {
  const temporary = `${file}.tmp`;
  const handle = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(handle, JSON.stringify({ version: VERSION, ...state }));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** A short name for what makes a plan what it is: its numbers, keys and starting values. */
export function planName(plan: TownPlan): string {
  return sha256Hex(JSON.stringify([plan.concentrators, plan.meters])).slice(0, 16);
}

function parse(file: string): TownState {
  try {
    const state: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isTownState(state)) return state;
  } catch (cause) {
    throw new Error(`${file} is not a simulator state file`, { cause });
  }
  throw new Error(`${file} is not a simulator state file of version ${VERSION}`);
}

function isTownState(value: unknown): value is TownState {
  if (typeof value !== "object" || value === null) return false;
  const { version, seed, plan, savedAtMs, townMs, speed, meters } = value as Partial<Record<keyof TownState, unknown>>;
  const numbers = [seed, savedAtMs, townMs, speed].every((each) => typeof each === "number");
  return version === VERSION && typeof plan === "string" && numbers && typeof meters === "object" && meters !== null;
}
