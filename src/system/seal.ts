import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "#base/errors.ts";

/** Seals secrets that rest in the database (keys of meters and concentrators) by the installation's master key. */
export type Sealer = {
  /** AES-256-GCM, bound to `purpose`: what was sealed for one thing does not open for another. */
  seal(plain: Uint8Array, purpose: string): string;
  /** Throws when the text was changed, belongs to another purpose, or was sealed by a master key that is not known here. */
  unseal(sealed: string, purpose: string): Uint8Array;
  /** Whether it was sealed by the present master key; what was not is sealed again when the master key is changed. */
  isCurrent(sealed: string): boolean;
};

/** Names the master key in front of what it sealed, so that nobody has to try. `v1` texts carry no name. */
const VERSION = "v2";
const VERSION_UNNAMED = "v1";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MASTER_KEY_BYTES = 32;
const NAME_BYTES = 4;

/** A sealer for a master key of 64 hex digits. While it is being changed, the old one opens what is not sealed again yet. */
export function createSealer(masterKeyHex: string, ...oldKeysHex: readonly string[]): Sealer {
  const present = keyOf(masterKeyHex);
  const all = [present, ...oldKeysHex.map(keyOf)];
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", present.key, nonce);
      cipher.setAAD(Buffer.from(purpose));
      const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}:${present.name}:${body.toString("base64")}`;
    },
    unseal(sealed, purpose) {
      const [version, ...rest] = sealed.split(":");
      const name = version === VERSION ? rest.shift() : null;
      if (version !== VERSION && version !== VERSION_UNNAMED) throw new Error(`cannot unseal ${version} (${purpose})`);
      const body = Buffer.from(rest[0] ?? "", "base64");
      let cause: unknown;
      for (const each of all.filter((one) => name === null || one.name === name)) {
        try {
          return open(each.key, body, purpose);
        } catch (error) {
          cause = error;
        }
      }
      throw new Error(`cannot unseal ${purpose}: was it sealed by another JICHAO_MASTER_KEY?`, { cause });
    },
    isCurrent: (sealed) => sealed.startsWith(`${VERSION}:${present.name}:`),
  };
}

function keyOf(hex: string): { key: Buffer; name: string } {
  if (!/^[0-9a-f]{64}$/i.test(hex)) {
    throw new Error("the master key (JICHAO_MASTER_KEY) must be 64 hexadecimal digits");
  }
  const master = Buffer.from(hex, "hex");
  const derive = (info: string, bytes: number) => Buffer.from(hkdfSync("sha256", master, "", info, bytes));
  return { key: derive("jichao seal v1", 32), name: derive("jichao seal name", NAME_BYTES).toString("hex") };
}

function open(key: Buffer, body: Buffer, purpose: string): Uint8Array {
  const decipher = createDecipheriv("aes-256-gcm", key, body.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

/**
 * The installation's master key: the given text, else the file `master.key` in the data folder, which is made on the
 * first start (readable by its owner only). Programs on several hosts must be given the same one.
 */
export function loadMasterKey(given: string | undefined, dataDir: string): string {
  if (given) return given;
  const file = masterKeyFile(dataDir);
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    try {
      writeFileSync(file, newMasterKey(), { flag: "wx", mode: 0o400 });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  return readFileSync(file, "utf8").trim();
}

/** The master key that is on its way out: the given text, else `master.key.old` of the data folder while a change is under way. */
export function loadOldMasterKey(given: string | undefined, dataDir: string): string | null {
  if (given) return given;
  const file = oldFile(dataDir);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : null;
}

/**
 * Puts a new key into `master.key` and keeps the present one as `master.key.old`. Stopped anywhere it can be called again: a change
 * that has begun is gone on with, and no key is overwritten that may have sealed something.
 */
export function replaceMasterKeyFile(dataDir: string): void {
  const [file, old] = [masterKeyFile(dataDir), oldFile(dataDir)];
  const present = readFileSync(file, "utf8").trim();
  if (!existsSync(old)) putFile(old, present);
  if (readFileSync(old, "utf8").trim() === present) putFile(file, newMasterKey());
}

/** Ends a change of the file: `master.key.old` becomes `master.key.retired-…`, which only older backups still need. */
export function retireOldMasterKeyFile(dataDir: string, at: number): string | null {
  const old = oldFile(dataDir);
  if (!existsSync(old)) return null;
  const retired = join(dataDir, `master.key.retired-${at}`);
  assert(!existsSync(retired), "a retired master key is never overwritten");
  renameSync(old, retired);
  return retired;
}

function putFile(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode: 0o400, flush: true });
  renameSync(temporary, path);
}

function newMasterKey(): string {
  return randomBytes(MASTER_KEY_BYTES).toString("hex");
}

/** Where the master key lies when it is not in the environment. */
export function masterKeyFile(dataDir: string): string {
  return join(dataDir, "master.key");
}

function oldFile(dataDir: string): string {
  return join(dataDir, "master.key.old");
}
