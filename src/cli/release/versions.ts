import { createHash } from "node:crypto";
import {
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { SUMS_FILE } from "#system/release.ts";
import { type Place, syncFolder } from "./site.ts";
import { Refused } from "./steps.ts";

/** Names, at most so many, of what is wrong with a release: whoever reads wants to know where, not all of it. */
const NAMED_MAX = 5;

/** What in a folder is not as its list of hashes says: changed, missing, or too many. Empty when the release is whole. */
export async function faultsOf(folder: string): Promise<string[]> {
  const list = join(folder, SUMS_FILE);
  if (!existsSync(list)) return [SUMS_FILE];
  const faults: string[] = [];
  const listed = new Set<string>();
  for (const line of readFileSync(list, "utf8").split("\n")) {
    const [, hash, path = ""] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (hash === undefined) continue;
    listed.add(path);
    if ((await hashOf(join(folder, path))) !== hash) faults.push(path);
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name));
    if (!entry.isDirectory() && path !== SUMS_FILE && !listed.has(path)) faults.push(path);
  }
  return faults;
}

/** Refuses a release that is not whole. */
export async function mustBeWhole(folder: string): Promise<void> {
  const faults = await faultsOf(folder);
  if (faults.length === 0) return;
  const named = faults.slice(0, NAMED_MAX).join(" ");
  throw new Refused(
    `${folder} 中有 ${faults.length} 个文件与校验和不符,未作改动:${named}`,
    `${faults.length} files in ${folder} are not as their checksums say; nothing was changed: ${named}`,
  );
}

/**
 * Copies a release to `versions/<version>`, checks the copy and only then gives it its name; one that is there and whole stays. What a killed try has left
 * is cleared away. Answers the folder.
 */
export async function placeVersion(place: Place, from: string, version: string): Promise<string> {
  const target = join(place.versions, version);
  mkdirSync(place.versions, { recursive: true });
  for (const name of readdirSync(place.versions))
    if (name.startsWith(".placing-")) rmSync(join(place.versions, name), { recursive: true, force: true });
  if (from === target || (existsSync(target) && (await faultsOf(target)).length === 0)) return target;
  const placing = join(place.versions, `.placing-${version}`);
  cpSync(from, placing, { recursive: true });
  await mustBeWhole(placing);
  // One of this name that is not whole serves nobody.
  if (existsSync(target)) renameSync(target, join(place.versions, `.placing-damaged-${version}`));
  renameSync(placing, target);
  syncFolder(place.versions);
  rmSync(join(place.versions, `.placing-damaged-${version}`), { recursive: true, force: true });
  return target;
}

/** Has `current` lead to another version, in one moment. */
export function switchTo(place: Place, version: string): void {
  const turning = `${place.current}.turning`;
  rmSync(turning, { force: true });
  symlinkSync(join("versions", version), turning);
  renameSync(turning, place.current);
  syncFolder(dirname(place.current));
}

/** Whether a version is older than another: 0.9.0 before 0.10.0, 1.0.0-rc.1 before 1.0.0. */
export function isOlder(one: string, other: string): boolean {
  const [a, b] = [parts(one), parts(other)];
  const at = a.numbers.findIndex((number, i) => number !== b.numbers[i]);
  if (at >= 0) return (a.numbers[at] ?? 0) < (b.numbers[at] ?? 0);
  if (a.rest === b.rest) return false;
  return a.rest !== "" && (b.rest === "" || a.rest < b.rest);
}

function parts(version: string): { numbers: number[]; rest: string } {
  const [numbers = "", rest = ""] = version.split(/-(.*)/);
  return { numbers: numbers.split(".").map(Number), rest };
}

async function hashOf(file: string): Promise<string> {
  if (!existsSync(file)) return "";
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
