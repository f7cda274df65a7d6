import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSealer, loadMasterKey, loadOldMasterKey, replaceMasterKeyFile, retireOldMasterKeyFile } from "./seal.ts";

const [A, B, C] = ["aa", "bb", "cc"].map((byte) => byte.repeat(32)) as [string, string, string];
const secret = Uint8Array.of(1, 2, 3, 4);
const folder = () => mkdtempSync(join(tmpdir(), "jichao-seal-"));

test("what is sealed opens for its purpose and with its key only, and not when a byte was changed", () => {
  const sealed = createSealer(A).seal(secret, "one");
  expect([...createSealer(A).unseal(sealed, "one")]).toEqual([...secret]);
  expect(() => createSealer(A).unseal(sealed, "two")).toThrow("cannot unseal two");
  expect(() => createSealer(B).unseal(sealed, "one")).toThrow("JICHAO_MASTER_KEY");
  const bent = `${sealed.slice(0, -6)}${sealed.at(-6) === "A" ? "B" : "A"}${sealed.slice(-5)}`;
  expect(() => createSealer(A).unseal(bent, "one")).toThrow();
  expect(() => createSealer(A).unseal("v9:what", "one")).toThrow("cannot unseal v9");
});

test("while a key is replaced both open, the new one seals, and what is old is told from what is not", () => {
  const old = createSealer(A).seal(secret, "one");
  const both = createSealer(B, A);
  expect([...both.unseal(old, "one")]).toEqual([...secret]);
  expect(both.isCurrent(old)).toBe(false);
  const again = both.seal(both.unseal(old, "one"), "one");
  expect(both.isCurrent(again)).toBe(true);
  expect([...createSealer(B).unseal(again, "one")]).toEqual([...secret]);
  expect(() => createSealer(C, A).unseal(again, "one")).toThrow("JICHAO_MASTER_KEY");
});

test("a text of the first version, which names no key, still opens", () => {
  const v1 = "v1:AAECAwQFBgcICQoLWnEC+oUwpfS64w14uItfywSxCaw=";
  expect([...createSealer("5e".repeat(32)).unseal(v1, "one")]).toEqual([...secret]);
  expect([...createSealer(B, "5e".repeat(32)).unseal(v1, "one")]).toEqual([...secret]);
  expect(createSealer("5e".repeat(32)).isCurrent(v1)).toBe(false);
});

test("the file of the master key is replaced in steps that may stop anywhere, and no key is ever lost", () => {
  const dir = folder();
  const first = loadMasterKey(undefined, dir);
  expect(loadOldMasterKey(undefined, dir)).toBeNull();
  replaceMasterKeyFile(dir);
  const second = loadMasterKey(undefined, dir);
  expect(second).not.toBe(first);
  expect(loadOldMasterKey(undefined, dir)).toBe(first);
  replaceMasterKeyFile(dir);
  expect(loadMasterKey(undefined, dir), "a change under way is gone on with").toBe(second);
  expect(retireOldMasterKeyFile(dir, 7)).toBe(join(dir, "master.key.retired-7"));
  expect(readFileSync(join(dir, "master.key.retired-7"), "utf8")).toBe(first);
  expect(existsSync(join(dir, "master.key.old"))).toBe(false);
  expect(retireOldMasterKeyFile(dir, 8)).toBeNull();
});

test("a change that stopped between keeping the old key and making the new one is begun again", () => {
  const dir = folder();
  const first = loadMasterKey(undefined, dir);
  writeFileSync(join(dir, "master.key.old"), first);
  replaceMasterKeyFile(dir);
  expect(loadMasterKey(undefined, dir)).not.toBe(first);
  expect(loadOldMasterKey(undefined, dir)).toBe(first);
  expect(readdirSync(dir).sort()).toEqual(["master.key", "master.key.old"]);
});
