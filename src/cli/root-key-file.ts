import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { builtInModule, rootKeyCheck } from "#system/security-module.ts";
import type { Answerer } from "#system/security-server.ts";

const KEY_BYTES = 16;
const OTHERS = 0o077;

const contents = z.object({ rootKeys: z.record(z.string().regex(/^\d{1,3}$/), z.string().regex(/^[0-9a-f]{32}$/)) });

/** A security module whose root keys lie in a file that only its owner can read: what `jichao hsm` answers with. */
export function fileModule(
  file: string,
): Answerer & { versions(): number[]; importRootKey(version: number, key: Uint8Array): string } {
  const rootKeys = load(file);
  const inner = builtInModule(async (version) => rootKeys.get(version) ?? null);

  function add(version: number, key: Uint8Array): string {
    const there = rootKeys.get(version);
    if (there) return rootKeyCheck(there);
    save(file, new Map([...rootKeys, [version, key]]));
    rootKeys.set(version, key);
    return rootKeyCheck(key);
  }

  return {
    ...inner,
    makeRootKey: async (version) => add(version, rootKeys.get(version) ?? randomBytes(KEY_BYTES)),
    importRootKey: add,
    versions: () => [...rootKeys.keys()].sort((a, b) => a - b),
  };
}

function load(file: string): Map<number, Uint8Array> {
  if (!existsSync(file)) return new Map();
  if ((statSync(file).mode & OTHERS) !== 0) throw new Error(`${file} can be read by others: chmod 600 ${file}`);
  const read = contents.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`${file} is not a file of root keys`);
  return new Map(
    Object.entries(read.data.rootKeys).map(([version, hex]) => [Number(version), Buffer.from(hex, "hex")]),
  );
}

/** On the disk in one step, before anybody is told that there is such a key. */
function save(file: string, rootKeys: ReadonlyMap<number, Uint8Array>): void {
  const text = { rootKeys: Object.fromEntries([...rootKeys].map(([v, key]) => [v, Buffer.from(key).toString("hex")])) };
  writeFileSync(`${file}.new`, JSON.stringify(text), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
