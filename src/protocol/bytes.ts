import { assert } from "#base/errors.ts";

/** Bytes as they stand on the wire. */
export type Bytes = Uint8Array;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const HEX_UPPER = HEX.map((pair) => pair.toUpperCase());

const INT32_MAX = 0x7fff_ffff;

/** What two BCD digits are worth, by their byte; 255 where a nibble is no digit. */
const WORTH = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte > 0x99 || (byte & 0x0f) > 9 ? 0xff : (byte >> 4) * 10 + (byte & 0x0f);
});
/** The two digits of 0 … 99 as a byte. */
const DIGITS = Uint8Array.from({ length: 100 }, (_, pair) => (Math.floor(pair / 10) << 4) | (pair % 10));

/** Lower-case hex without blanks. */
export function toHex(bytes: Bytes): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]!];
  return text;
}

/** Lower-case hex of the bytes from the last to the first: a low-byte-first number as people read it. */
export function toHexReversed(bytes: Bytes): string {
  let text = "";
  for (let i = bytes.length - 1; i >= 0; i--) text += HEX[bytes[i]!];
  return text;
}

/** Upper-case hex of `length` bytes from the last to the first: an identifier or a number as it is printed. */
export function printedAt(bytes: Bytes, at: number, length: number): string {
  let text = "";
  for (let i = at + length - 1; i >= at; i--) text += HEX_UPPER[bytes[i]!];
  return text;
}

/** Reads hex as people paste it: blanks, line ends, commas and 0x between bytes are skipped. Null when it is not hex. */
export function fromHex(text: string): Bytes | null {
  const digits = text.replace(/(^|[\s,;])0x/gi, "$1").replace(/[\s,;]+/g, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Hex of exactly `length` bytes that our own code made; anything else is a mistake of ours. */
export function ownHex(text: string, length: number): Bytes {
  const bytes = fromHex(text);
  assert(bytes !== null && bytes.length === length, `${length} bytes of hex expected: ${text}`);
  return bytes;
}

/** The parts one after the other, in a new array. */
export function concat(...parts: Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Up to so many bytes a loop copies faster than the methods of arrays do. */
const SHORT = 64;

/** A copy of the bytes from `from` up to `to`, which must lie within them. */
export function copyOf(bytes: Bytes, from: number, to: number): Bytes {
  const length = to - from;
  if (length > SHORT) return bytes.slice(from, to);
  const part = new Uint8Array(length);
  for (let i = 0; i < length; i++) part[i] = bytes[from + i]!;
  return part;
}

/** Writes a part into a larger array from `at` on; returns where it ends. */
export function putBytes(whole: Bytes, at: number, part: Bytes): number {
  const length = part.length;
  if (length > SHORT) whole.set(part, at);
  else for (let i = 0; i < length; i++) whole[at + i] = part[i]!;
  return at + length;
}

/** The sum of a stretch modulo 256, as most checksums want it. Four at a time: the loop itself costs as much as adding. */
export function sumOf(bytes: Bytes, from: number, to: number): number {
  let sum = 0;
  let i = from;
  for (; i + 3 < to; i += 4) sum += bytes[i]! + bytes[i + 1]! + bytes[i + 2]! + bytes[i + 3]!;
  for (; i < to; i++) sum += bytes[i]!;
  return sum & 0xff;
}

/** Equality in a time that depends on the length only, so that a MAC cannot be guessed byte by byte. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** The number that BCD digits show, low byte first. Null when a nibble is no digit. At most 7 bytes (14 digits) are exact. */
export function bcdToNumber(bytes: Bytes): number | null {
  const value = bcdAt(bytes, 0, bytes.length, 0xff);
  return Number.isNaN(value) ? null : value;
}

/**
 * Like {@link bcdToNumber} inside a larger array and without allocating: NaN when a nibble is no digit.
 * `topMask` is laid over the highest byte (7FH strips a sign bit).
 */
export function bcdAt(bytes: Bytes, at: number, length: number, topMask: number): number {
  let value = 0;
  for (let i = at + length - 1, mask = topMask; i >= at; i--, mask = 0xff) {
    const pair = WORTH[bytes[i]! & mask]!;
    if (pair > 99) return Number.NaN;
    value = value * 100 + pair;
  }
  return value;
}

/** A non-negative integer as `length` bytes of BCD, low byte first. */
export function numberToBcd(value: number, length: number): Bytes {
  const bytes = new Uint8Array(length);
  putBcd(bytes, 0, length, value);
  return bytes;
}

/** Like {@link numberToBcd} into an existing array. */
export function putBcd(bytes: Bytes, at: number, length: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, "only whole numbers fit BCD digits");
  let rest = value;
  let i = at;
  const end = at + length;
  for (; i < end && rest > INT32_MAX; i++) {
    const higher = Math.floor(rest / 100);
    bytes[i] = DIGITS[rest - higher * 100]!;
    rest = higher;
  }
  // What fits 32 bits is divided without floating point.
  for (let small = rest | 0; i < end; i++) {
    const higher = (small / 100) | 0;
    bytes[i] = DIGITS[small - higher * 100]!;
    rest = small = higher;
  }
  assert(rest === 0, "the value does not fit its BCD digits");
}

/** Printable ASCII as bytes. */
export function asciiBytes(text: string): Bytes {
  assert(/^[\x20-\x7e]*$/.test(text), `not ASCII: ${text}`);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The text that printable ASCII bytes hold; null when one of them is not printable. */
export function asciiText(bytes: Bytes): string | null {
  const text = String.fromCharCode(...bytes);
  return /^[\x20-\x7e]*$/.test(text) ? text : null;
}
