import { assert } from "#base/errors.ts";
import type { Bytes } from "./bytes.ts";

/**
 * Texts of addresses that were read before, by a hash of their bytes. The same few thousand meters speak again and again,
 * and a text is a third of what a short frame costs to take apart; what does not match is simply made. A power of two,
 * so that the hash is cut by a shift.
 */
const KEPT = 4096;
const KEPT_SHIFT = 20;
const keptLow = new Int32Array(KEPT);
const keptHigh = new Int32Array(KEPT);
const keptText: string[] = new Array(KEPT).fill("");

/** The address in `length` bytes (6 or 7), low byte first, as printed: upper-case digits, A for a wildcard. */
export function addressAt(bytes: Bytes, at: number, length: 6 | 7): string {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  const seventh = length === 7 ? bytes[at + 6]! : 0;
  // The length is part of the key: six bytes are never taken for seven. It also keeps a key from being 0.
  const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (seventh << 16) | (length << 24);
  const place = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> KEPT_SHIFT;
  if (keptLow[place] === low && keptHigh[place] === high) return keptText[place]!;
  const text = made(bytes, at, length);
  keptLow[place] = low;
  keptHigh[place] = high;
  keptText[place] = text;
  return text;
}

/** Writes a printed address low byte first; returns the sum of its bytes, which every checksum here wants. */
export function putAddress(wire: Bytes, at: number, address: string, length: number): number {
  assert(address.length === 2 * length, `an address has ${2 * length} digits`);
  let sum = 0;
  for (let digit = 2 * length - 2, i = at; digit >= 0; digit -= 2, i++) {
    const byte = (nibble(address.charCodeAt(digit)) << 4) | nibble(address.charCodeAt(digit + 1));
    assert(byte <= 0xff, "an address is digits or A");
    wire[i] = byte;
    sum += byte;
  }
  return sum;
}

/** One call with all character codes is faster than joining pairs. */
function made(bytes: Bytes, at: number, length: 6 | 7): string {
  const a0 = bytes[at]!;
  const a1 = bytes[at + 1]!;
  const a2 = bytes[at + 2]!;
  const a3 = bytes[at + 3]!;
  const a4 = bytes[at + 4]!;
  const a5 = bytes[at + 5]!;
  const six = String.fromCharCode(
    digit(a5 >> 4),
    digit(a5),
    digit(a4 >> 4),
    digit(a4),
    digit(a3 >> 4),
    digit(a3),
    digit(a2 >> 4),
    digit(a2),
    digit(a1 >> 4),
    digit(a1),
    digit(a0 >> 4),
    digit(a0),
  );
  return length === 6 ? six : String.fromCharCode(digit(bytes[at + 6]! >> 4), digit(bytes[at + 6]!)) + six;
}

/** The character code of the lower four bits in upper-case hex. */
function digit(byte: number): number {
  const value = byte & 0x0f;
  return value < 10 ? 48 + value : 55 + value;
}

function nibble(charCode: number): number {
  if (charCode >= 48 && charCode <= 57) return charCode - 48;
  if (charCode >= 65 && charCode <= 70) return charCode - 55;
  return 0x100;
}
