import { existsSync } from "node:fs";
import type { Environment } from "#system/environment.ts";

/** Reads the environment once, at the start: with a file `.env` in the working folder for what was not set. */
export function environment(): Environment {
  if (existsSync(".env")) process.loadEnvFile(".env");
  return { ...process.env };
}
