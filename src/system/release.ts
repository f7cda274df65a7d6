import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** The list of all other files of a release (发行包) with their SHA-256, as `sha256sum -c` reads it. */
export const SUMS_FILE = "SHA256SUMS";
/** What a release says about itself. */
export const RELEASE_FILE = "release.json";

const release = z.object({
  product: z.literal("jichao"),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/),
  platform: z.string(),
  node: z.string(),
  source: z.string(),
  migrations: z.array(z.object({ name: z.string(), olderCanRun: z.boolean() })),
});
/** A release: its version, what it runs on, the commit that it was made of, and the migrations that it knows. */
export type Release = z.infer<typeof release>;

/** The folder in which this program lies, with `src` in it. */
export const programFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What lies in a folder, if that is an unpacked release; null where it is not, or cannot be understood. */
export function releaseIn(folder: string): Release | null {
  const file = join(folder, RELEASE_FILE);
  if (!existsSync(file)) return null;
  try {
    return release.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? null;
  } catch {
    return null;
  }
}
