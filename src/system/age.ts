import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import { type ByteReader, byteReader, CutShort } from "./byte-reader.ts";

/** What stands against opening an encrypted file: another passphrase, or bytes that are not as they were written. */
export class AgeFailure extends Error {
  readonly why: "wrong_key" | "damaged";
  constructor(why: "wrong_key" | "damaged", message: string) {
    super(message);
    this.why = why;
  }
}

/** The first line of every file in the format of age (age-encryption.org/v1). */
export const AGE_MAGIC = "age-encryption.org/v1";

const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const FILE_KEY_BYTES = 16;
const SALT_BYTES = 16;
const NONCE_BYTES = 16;
/** 2^17 × 8 × 128 bytes = 128 MiB for each guess of a passphrase. */
const WORK_LOG2 = 17;
/** What a file may ask of us; more would only be an attempt to use up our memory. */
const WORK_LOG2_MAX = 20;
const LINE_BYTES_MAX = 200;

/**
 * Encrypts a stream under a passphrase in the format of age v1 (scrypt recipient, ChaCha20-Poly1305 in chunks): whoever has the
 * passphrase can also open it by `age -d`, without us. A file that was cut off anywhere does not open.
 */
export async function* ageEncrypt(source: AsyncIterable<Buffer>, passphrase: string): AsyncGenerator<Buffer> {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  const salt = randomBytes(SALT_BYTES);
  const wrapped = seal(await wrapKey(passphrase, salt, WORK_LOG2), Buffer.alloc(12), fileKey);
  const header = `${AGE_MAGIC}\n-> scrypt ${unpadded(salt)} ${WORK_LOG2}\n${unpadded(wrapped)}\n---`;
  yield Buffer.from(`${header} ${unpadded(headerMac(fileKey, header))}\n`);
  const nonce = randomBytes(NONCE_BYTES);
  yield nonce;
  const key = payloadKey(fileKey, nonce);
  const bytes = byteReader(source);
  let plain = await bytes.takeUpTo(CHUNK_BYTES);
  for (let at = 0; ; at++) {
    const next = await bytes.takeUpTo(CHUNK_BYTES);
    const isLast = next.length === 0;
    yield seal(key, chunkNonce(at, isLast), plain);
    if (isLast) return;
    plain = next;
  }
}

/** Opens what {@link ageEncrypt}, or age itself with a passphrase, has made. Throws {@link AgeFailure}; yields no byte that is not proved. */
export async function* ageDecrypt(source: AsyncIterable<Buffer>, passphrase: string): AsyncGenerator<Buffer> {
  const bytes = byteReader(source);
  const fileKey = await openHeader(bytes, passphrase).catch(told);
  const nonce = await bytes.take(NONCE_BYTES).catch(told);
  const key = payloadKey(fileKey, nonce);
  let sealed = await bytes.takeUpTo(CHUNK_BYTES + TAG_BYTES);
  for (let at = 0; ; at++) {
    const next = await bytes.takeUpTo(CHUNK_BYTES + TAG_BYTES);
    const isLast = next.length === 0;
    const plain = open(key, chunkNonce(at, isLast), sealed);
    if (plain === null) throw new AgeFailure("damaged", `chunk ${at + 1} is not as it was written`);
    yield plain;
    if (isLast) return;
    sealed = next;
  }
}

async function openHeader(bytes: ByteReader, passphrase: string): Promise<Buffer> {
  const magic = await bytes.line(LINE_BYTES_MAX);
  const stanza = await bytes.line(LINE_BYTES_MAX);
  const wrapped = await bytes.line(LINE_BYTES_MAX);
  const end = await bytes.line(LINE_BYTES_MAX);
  const asked = /^-> scrypt ([A-Za-z0-9+/]{22}) (\d{1,2})$/.exec(stanza);
  const mac = /^--- ([A-Za-z0-9+/]{43})$/.exec(end);
  if (magic !== AGE_MAGIC || asked === null || mac === null) {
    throw new AgeFailure("damaged", "its header is not that of a file under a passphrase");
  }
  const log2 = Number(asked[2]);
  if (log2 < 1 || log2 > WORK_LOG2_MAX) throw new AgeFailure("damaged", `its header asks for 2^${log2} of work`);
  const wrap = await wrapKey(passphrase, Buffer.from(asked[1] ?? "", "base64"), log2);
  const fileKey = open(wrap, Buffer.alloc(12), Buffer.from(wrapped, "base64"));
  if (fileKey?.length !== FILE_KEY_BYTES) throw new AgeFailure("wrong_key", "the passphrase does not open it");
  const expected = headerMac(fileKey, [magic, stanza, wrapped, "---"].join("\n"));
  const given = Buffer.from(mac[1] ?? "", "base64");
  if (!timingSafeEqual(expected, given)) throw new AgeFailure("damaged", "its header was changed");
  return fileKey;
}

function told(error: unknown): never {
  if (error instanceof CutShort) throw new AgeFailure("damaged", "it ends within its header");
  throw error;
}

function wrapKey(passphrase: string, salt: Buffer, log2: number): Promise<Buffer> {
  const options = { N: 2 ** log2, r: 8, p: 1, maxmem: 2 ** log2 * 8 * 128 + 1024 * 1024 };
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(passphrase, Buffer.concat([Buffer.from(`${AGE_MAGIC}/scrypt`), salt]), 32, options, (error, key) =>
    error ? reject(error) : resolve(key),
  );
  return promise;
}

function headerMac(fileKey: Buffer, header: string): Buffer {
  return createHmac("sha256", derived(fileKey, Buffer.alloc(0), "header"))
    .update(header)
    .digest();
}

function payloadKey(fileKey: Buffer, nonce: Buffer): Buffer {
  return derived(fileKey, nonce, "payload");
}

function derived(fileKey: Buffer, salt: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", fileKey, salt, info, 32));
}

/** Eleven bytes of counter, and one that says whether it is the last: a file that ends too early does not verify. */
function chunkNonce(at: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(at, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

const CIPHER = "chacha20-poly1305";

function seal(key: Buffer, nonce: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
