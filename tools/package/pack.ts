import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Release } from "#system/release.ts";
import { type Ingredients, layOut, sha256 } from "./tree.ts";

/** A packed release: one file, and beside it its SHA-256 for `sha256sum -c`. */
export type Packed = { file: string; bytes: number; sha256: string; release: Release; tookMs: number };

/**
 * Packs a release into `out`. The same sources, packages, Node and pages make the same bytes: names are sorted, owners and times left out. `at` is the
 * time of all its files in seconds. `change` makes the tree another version before it is packed; only rehearsals do.
 */
export async function pack(
  out: string,
  ingredients: Ingredients & { at: number; change?: (tree: string) => Release },
): Promise<Packed> {
  const began = performance.now();
  mkdirSync(out, { recursive: true });
  const place = mkdtempSync(join(out, ".packing-"));
  try {
    const laid = join(place, "tree");
    const plain = await layOut(laid, ingredients);
    const release = ingredients.change?.(laid) ?? plain;
    const name = `jichao-${release.version}-${release.platform}`;
    const tree = join(place, name);
    renameSync(laid, tree);
    const packing = join(place, `${name}.tar.gz`);
    const tar = `tar --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mtime=@"$AT" -C "$PLACE" -cf - "$NAME" | gzip -n -6 > "$FILE"`;
    const env = { PATH: process.env.PATH, LC_ALL: "C", AT: String(ingredients.at), PLACE: place, NAME: name };
    execFileSync("sh", ["-euc", tar], { env: { ...env, FILE: packing } });
    const file = join(out, basename(packing));
    const sum = sha256(packing);
    renameSync(packing, file);
    writeFileSync(`${file}.sha256`, `${sum}  ${basename(file)}\n`);
    const tookMs = Math.round(performance.now() - began);
    return { file, bytes: statSync(file).size, sha256: sum, release, tookMs };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The commit of a checkout and its time in seconds; what is not committed is told by `+`. */
export function commitOf(root: string): { source: string; at: number } {
  const git = (...args: string[]) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
  const dirty = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+";
  return { source: `${git("rev-parse", "HEAD")}${dirty}`, at: Number(git("log", "-1", "--format=%ct")) };
}

/** The Node that runs this, which is the one that goes into the release. */
export const nodeHere = process.execPath;

/** Where releases are put. */
export function releaseFolder(root: string): string {
  return join(root, "dist", "release");
}
