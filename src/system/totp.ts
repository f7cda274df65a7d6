import { createHmac } from "node:crypto";
import type { Instant } from "#base/time.ts";

/** Length of a step: a code is shown for half a minute (RFC 6238, section 5.2). */
export const TOTP_STEP_MS = 30_000;
const DIGITS = 6;
/** Steps before and after that are taken as well: clocks of phones are off by seconds. */
const TOLERANCE = 1;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The code that an authenticator shows in a step (RFC 4226, section 5.3: HMAC-SHA-1, dynamic truncation, six digits). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const value = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(value % 10 ** DIGITS).padStart(DIGITS, "0");
}

/** The step that holds a moment. */
export function totpStep(at: Instant): number {
  return Math.floor(at / TOTP_STEP_MS);
}

/**
 * The newest step, of the present one and its neighbours, whose code this is; null when it is none of theirs. Steps up to `usedStep` have been used and
 * are left out: a code is good once.
 */
export function matchingStep(
  secret: Uint8Array,
  code: string,
  { at, usedStep }: { at: Instant; usedStep: number },
): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const now = totpStep(at);
  for (let step = now + TOLERANCE; step >= now - TOLERANCE; step--) {
    if (step > usedStep && totpCode(secret, step) === code) return step;
  }
  return null;
}

/** Bytes as base 32 (RFC 4648) without padding, as authenticators take secrets. */
export function base32(bytes: Uint8Array): string {
  let bits = 0;
  let held = 0;
  let text = "";
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/** The address that an authenticator reads from a picture, with issuer, account and secret. */
export function otpauthUri({ secret, login }: { secret: Uint8Array; login: string }): string {
  const label = `Jichao:${encodeURIComponent(login)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=Jichao&algorithm=SHA1&digits=${DIGITS}&period=${TOTP_STEP_MS / 1000}`;
}
