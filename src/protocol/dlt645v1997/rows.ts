import { type Bytes, toHexReversed } from "../bytes.ts";
import type { Quantity } from "../register.ts";
import { type Field97, NUMBER_97, type Reads97, type Row97 } from "./item.ts";

/** How a number is written. */
export type Shape97 = { as: "number" } & Quantity;

/** Hex digits, high byte first, put into the places of a pattern: `%` takes one byte. Null when a nibble is no digit. */
export function clockText(pattern: string): (bytes: Bytes) => string | null {
  return (bytes) => {
    const pairs = toHexReversed(bytes).match(/../g) ?? [];
    return pairs.some((pair) => /[a-f]/.test(pair))
      ? null
      : pairs.reduce((text, pair) => text.replace("%", pair), pattern);
  };
}

/** A value that is shown, never calculated with. */
export function text(name: string, zh: string, bytes: number, read: (bytes: Bytes) => string | null): Field97 {
  return { as: "text", name, zh, bytes, read };
}

/** Bytes that have no other meaning, as hex. */
export function byteText(bytes: Bytes): string {
  return `0x${toHexReversed(bytes)}`;
}

/** A row with one value. */
export function one(
  di: string,
  name: string,
  zh: string,
  clause: string,
  shape: Shape97,
  reads: Reads97 = null,
): Row97 {
  return { di, name, zh, clause, fields: [{ name: "value", zh, ...shape }], block: false, masked: false, reads };
}

/** A row of the parameters (A.5) whose value is shown as it is written. */
export function written(di: string, name: string, zh: string, field: Field97): Row97 {
  return { di, name, zh, clause: "A.5", fields: [field], block: false, masked: false, reads: null };
}

/** A whole number of so many bytes. */
export function whole(di: string, name: string, zh: string, clause: string, bytes: number, unit = ""): Row97 {
  return one(di, name, zh, clause, { ...NUMBER_97, bytes, decimals: 0, unit });
}
