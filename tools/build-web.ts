import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { root } from "./source-files.ts";

/** Where the built pages are; the server hands them out. */
const outDir = join(root, "dist/web");
const STAMP = ".stamp";
const configFile = join(root, "src/web/console/vite.config.ts");

/** What the pages are made of: whenever something in these changes, they are built anew. */
const FOLDERS = ["src/web", "src/base", "src/domain", "src/contract"];
const FILES = ["package-lock.json", "tools/build-web.ts"];
/** More than ever build at once. */
const TRIES_MAX = 10;

/** Builds the web pages into `dist/web`, or does nothing when they are already built from exactly these sources. */
export async function buildWeb(
  options: { quiet?: boolean } = {},
): Promise<{ outDir: string; built: boolean; tookMs: number }> {
  const began = performance.now();
  const tookMs = (): number => Math.round(performance.now() - began);
  const stamp = stampOfSources();
  if (readStamp() === stamp) return { outDir, built: false, tookMs: tookMs() };
  // Beside its place first: whoever is being served from the old pages, or builds at the same time, is not disturbed.
  const fresh = join(root, `dist/.web-${process.pid}`);
  await inProduction(() => build({ configFile, logLevel: options.quiet ? "error" : "warn", build: { outDir: fresh } }));
  writeFileSync(join(fresh, STAMP), stamp);
  putInPlace(fresh, stamp);
  return { outDir, built: true, tookMs: tookMs() };
}

/** Takes the old pages away and puts the new ones there; several may do so at once, and one of them is enough. */
function putInPlace(fresh: string, stamp: string): void {
  for (let tries = 0; ; tries++) {
    const old = `${fresh}-old-${tries}`;
    try {
      if (existsSync(outDir)) renameSync(outDir, old);
      renameSync(fresh, outDir);
      break;
    } catch (cause) {
      if (readStamp() === stamp) break;
      if (tries === TRIES_MAX) throw new Error("the built web pages could not be put into place", { cause });
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }
  rmSync(fresh, { recursive: true, force: true });
}

/** Vite obeys a NODE_ENV that it finds: under a test runner it would bundle the slow development version of React. */
async function inProduction<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

function stampOfSources(): string {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const hash = createHash("sha256");
  for (const path of [...inFolders.sort(), ...FILES.map((file) => join(root, file))]) {
    const content = readFileSync(path);
    hash.update(`${path.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function readStamp(): string | null {
  try {
    return readFileSync(join(outDir, STAMP), "utf8");
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const { built, tookMs } = await buildWeb();
  console.log(built ? `built the web pages in ${tookMs} ms: ${outDir}` : `the web pages are up to date: ${outDir}`);
}
