import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { importsOf } from "../layers.ts";
import { parse } from "../source-files.ts";

/** Where everything that runs begins. */
const ENTRY = "src/cli/jichao.ts";

/** What a program consists of: files of the sources, and packages by their names. */
export type Runtime = { files: readonly string[]; packages: readonly string[] };

/** The sources that the command reaches, and the packages that these name. What lies under `tools/` is only for those who have the sources. */
export function runtimeOf(root: string): Runtime {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    const imports = importsOf(parse({ path, text: readFileSync(join(root, path), "utf8") }));
    for (const { specifier, typeOnly } of imports) {
      // Types are no part of the program, but a reader of the sources follows them.
      if (specifier.startsWith("#")) visit(`src/${specifier.slice(1)}`);
      else if (specifier.startsWith(".")) {
        const to = join(dirname(path), specifier);
        if (to.startsWith("src/")) visit(to);
      } else if (!typeOnly && !specifier.startsWith("node:")) packages.add(packageName(specifier));
    }
  };
  visit(ENTRY);
  return { files: [...files].sort(), packages: [...packages].sort() };
}

type Locked = {
  version?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

/** The folders `node_modules/…` that these packages need, after the lock file; throws when one is not installed as locked. */
export function lockedFolders(root: string, packages: readonly string[]): string[] {
  const lock: { packages: Record<string, Locked> } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    const folder = resolved(lock.packages, name, from);
    if (folder === null) throw new Error(`${name}, needed by ${from || "the sources"}, is not in package-lock.json`);
    if (found.has(folder)) return;
    found.add(folder);
    const manifest = join(root, folder, "package.json");
    const locked = lock.packages[folder];
    const there = existsSync(manifest) ? (JSON.parse(readFileSync(manifest, "utf8")) as { version?: string }) : null;
    if (there?.version !== locked?.version)
      throw new Error(`${folder} is ${there?.version ?? "not installed"}, not ${locked?.version}: run npm ci`);
    for (const each of Object.keys(locked?.dependencies ?? {})) visit(each, folder);
    for (const each of Object.keys(locked?.optionalDependencies ?? {})) {
      const optional = resolved(lock.packages, each, folder);
      if (optional !== null && existsSync(join(root, optional))) visit(each, folder);
    }
  };
  for (const name of packages) visit(name, "");
  return [...found].sort();
}

/** Where Node finds a package from inside another: the nearest `node_modules` above. */
function resolved(packages: Readonly<Record<string, Locked>>, name: string, from: string): string | null {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf("/node_modules/"), 0))) {
    const folder = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[folder] !== undefined) return folder;
    if (at === "") return null;
  }
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
