import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Seals secrets that rest in the database (keys of meters and concentrators) by the installation's master key. */
export type Sealer = {
  /** AES-256-GCM, bound to `purpose`: what was sealed for one thing does not open for another. */
  seal(plain: Uint8Array, purpose: string): string;
  /** Throws when the text was changed, belongs to another purpose, or was sealed by another master key. */
  unseal(sealed: string, purpose: string): Uint8Array;
};

const VERSION = "v1";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MASTER_KEY_BYTES = 32;

/** A sealer for a master key of 64 hex digits. */
export function createSealer(masterKeyHex: string): Sealer {
  if (!/^[0-9a-f]{64}$/i.test(masterKeyHex)) {
    throw new Error("the master key (JICHAO_MASTER_KEY) must be 64 hexadecimal digits");
  }
  const key = Buffer.from(hkdfSync("sha256", Buffer.from(masterKeyHex, "hex"), "", "jichao seal v1", 32));
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      cipher.setAAD(Buffer.from(purpose));
      const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}:${body.toString("base64")}`;
    },
    unseal(sealed, purpose) {
      const [version, text = ""] = sealed.split(":");
      if (version !== VERSION) throw new Error(`cannot unseal version ${version} (${purpose})`);
      const body = Buffer.from(text, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, body.subarray(0, NONCE_BYTES));
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch (cause) {
        throw new Error(`cannot unseal ${purpose}: was it sealed by another JICHAO_MASTER_KEY?`, { cause });
      }
    },
  };
}

/**
 * The installation's master key: the given text, else the file `master.key` in the data folder, which is made on the
 * first start (readable by its owner only). Programs on several hosts must be given the same one.
 */
export function loadMasterKey(given: string | undefined, dataDir: string): string {
  if (given) return given;
  const file = join(dataDir, "master.key");
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    try {
      writeFileSync(file, randomBytes(MASTER_KEY_BYTES).toString("hex"), { flag: "wx", mode: 0o400 });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  return readFileSync(file, "utf8").trim();
}
