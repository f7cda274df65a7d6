import { argon2, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(argon2);

/** OWASP's floor for argon2id (2024): 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const HASH_BYTES = 32;
const SALT_BYTES = 16;

/** Hashes a password with argon2id; the text says how (PHC string format), so that parameters may grow later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await argon2id(password, { salt, memory: MEMORY_KIB, passes: PASSES, lanes: LANES, bytes: HASH_BYTES });
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${base64(salt)}$${base64(hash)}`;
}

/** Whether the password belongs to the hash; false for a hash that cannot be read. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored);
  if (!match) return false;
  const [, memory, passes, lanes, salt = "", hash = ""] = match;
  const expected = Buffer.from(hash, "base64");
  const made = await argon2id(password, {
    salt: Buffer.from(salt, "base64"),
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    bytes: expected.length,
  });
  return timingSafeEqual(made, expected);
}

type Parameters = { salt: Uint8Array; memory: number; passes: number; lanes: number; bytes: number };

async function argon2id(password: string, p: Parameters): Promise<Buffer> {
  return derive("argon2id", {
    message: password.normalize("NFKC"),
    nonce: p.salt,
    parallelism: p.lanes,
    tagLength: p.bytes,
    memory: p.memory,
    passes: p.passes,
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

/** Without what people take for each other: 0 O, 1 l I. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz";
const CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS = "23456789";
const GROUPS = 4;
const GROUP_CHARS = 4;

/** A password that is told once and then changed: groups that can be read out, with capitals, letters and digits; about 90 bits. */
export function makePassword(): string {
  const all = LETTERS + CAPITALS + DIGITS;
  const pick = (from: string): string => from[randomInt(from.length)] ?? "";
  const group = (): string => Array.from({ length: GROUP_CHARS }, () => pick(all)).join("");
  for (;;) {
    const made = Array.from({ length: GROUPS }, group).join("-");
    if (/[a-z]/.test(made) && /[A-Z]/.test(made) && /[0-9]/.test(made)) return made;
  }
}
