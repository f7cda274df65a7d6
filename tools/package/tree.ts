import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { RELEASE_FILE, type Release, SUMS_FILE } from "#system/release.ts";
import { lockedFolders, runtimeOf } from "./runtime-files.ts";

/** Whole folders and single files that go into a release as they are. */
const AS_THEY_ARE = ["bin", "docs", "ops", "LICENSE", "README.md", "README.zh-CN.md", "CHANGELOG.md", ".env.example"];
/** What of package.json a program needs to run. */
const MANIFEST_FIELDS = ["name", "version", "description", "license", "private", "type", "imports"] as const;

/** Of what a release is made: the sources under `root`, the built pages, a Node; `source` is their commit. */
export type Ingredients = { root: string; web: string; node: string; source: string };

/**
 * Lays out a release in an empty folder: Node, the sources that run, the built pages, the packages that these need, units, manuals, installer; at last
 * what it is (`release.json`) and the SHA-256 of each file. Modes are the same whoever makes it.
 */
export async function layOut(folder: string, { root, web, node, source }: Ingredients): Promise<Release> {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  const { files, packages } = runtimeOf(root);
  for (const path of files) put(join(root, path), join(folder, path));
  for (const path of lockedFolders(root, packages)) copyPackage(join(root, path), join(folder, path));
  for (const path of AS_THEY_ARE) cpSync(join(root, path), join(folder, path), { recursive: true });
  cpSync(web, join(folder, "dist/web"), { recursive: true });
  put(node, join(folder, "node/bin/node"));
  const licence = join(dirname(dirname(node)), "LICENSE");
  if (existsSync(licence)) put(licence, join(folder, "node/LICENSE"));
  put(join(import.meta.dirname, "install.sh"), join(folder, "install.sh"));

  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  const kept = Object.fromEntries(MANIFEST_FIELDS.map((field) => [field, manifest[field]]));
  writeFileSync(join(folder, "package.json"), json(kept));
  const release: Release = {
    product: "jichao",
    version: String(manifest.version),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    source,
    migrations: await migrationsIn(root),
  };
  writeFileSync(join(folder, RELEASE_FILE), json(release));
  settle(folder);
  return release;
}

/** Every file below a folder, by its path from there, sorted by bytes. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Sets all modes and writes the list of hashes, again if something was changed by purpose. */
export function settle(folder: string): void {
  const isProgram = /^(bin\/|node\/bin\/)|^install\.sh$/;
  const lines: string[] = [];
  for (const path of filesIn(folder)) {
    if (path === SUMS_FILE) continue;
    chmodSync(join(folder, path), isProgram.test(path) ? 0o755 : 0o644);
    lines.push(`${sha256(join(folder, path))}  ${path}\n`);
  }
  writeFileSync(join(folder, SUMS_FILE), lines.join(""));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
}

/** The SHA-256 of a file in hexadecimal. */
export function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Of a package: other packages inside (they are listed by themselves), types, maps, tests. */
const NOT_OF_A_PACKAGE =
  /^node_modules(\/|$)|\.(d\.[mc]?ts|map)$|\.test\.\w+$|(^|\/)(tests?|__tests__|benchmarks?)(\/|$)/;

function copyPackage(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !NOT_OF_A_PACKAGE.test(relative(from, path)) });
}

function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

type Known = {
  migrations?: readonly { name: string; olderCanRun?: true }[];
  migrationNames: readonly string[];
};

/** Versions of before there were marks only tell the names. */
async function migrationsIn(root: string): Promise<Release["migrations"]> {
  const known = (await import(pathToFileURL(join(root, "src/store/migrate.ts")).href)) as Known;
  return (known.migrations ?? known.migrationNames.map((name) => ({ name }))).map((each) => ({
    name: each.name,
    olderCanRun: "olderCanRun" in each && each.olderCanRun === true,
  }));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
