import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import type { Ciphers } from "#protocol/ciphers.ts";

/** SM3 and SM4 as OpenSSL has them, lent to the pure protocol layer (GB/T 32905, GB/T 32907). */
export const nodeCiphers: Ciphers = {
  hmacSm3(key, data) {
    return createHmac("sm3", key).update(data).digest();
  },
  sm4EcbEncrypt(key, block) {
    const cipher = createCipheriv("sm4-ecb", key, null);
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  },
  sm4EcbDecrypt(key, block) {
    const cipher = createDecipheriv("sm4-ecb", key, null);
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  },
};

/** SHA-256 as lower-case hex: fingerprints of requests and of session tokens. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** `bytes` of randomness as URL-safe text. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString("base64url");
}

/** `length` random bytes. */
export function randomBytesOf(length: number): Uint8Array {
  return randomBytes(length);
}
