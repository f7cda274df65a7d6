import { existsSync } from "node:fs";

/** Variables of the environment, with those of a file `.env` in the working folder where they were not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment once, at the start. */
export function environment(): Environment {
  if (existsSync(".env")) process.loadEnvFile(".env");
  return { ...process.env };
}
