import { assert } from "#base/errors.ts";

/** What may stand for a `?`: every column is an integer, text, or bytes that nobody searches. */
export type Bindable = string | number | bigint | Uint8Array | null;

/**
 * The parameters of one statement as both engines understand them: booleans become 0/1, everything else must be text,
 * bytes, null or a whole number. Undefined, objects, dates and fractions are our own mistakes: one engine would refuse them, the
 * other would write something else (mysql2 turns an object into `name = value` lists).
 */
export function bindable(parameters: readonly unknown[], sql: string): Bindable[] {
  return parameters.map((value, at) => {
    if (typeof value === "string" || value === null || typeof value === "bigint") return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    // mysql2 writes only its own kind of bytes as bytes.
    if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    assert(typeof value === "number", `parameter ${at + 1} is ${kindOfValue(value)}: ${sql.slice(0, SHOWN_CHARS)}`);
    assert(Number.isSafeInteger(value), `parameter ${at + 1} is ${value}: ${sql.slice(0, SHOWN_CHARS)}`);
    return value;
  });
}

const SHOWN_CHARS = 200;

function kindOfValue(value: unknown): string {
  if (value === undefined) return "undefined";
  return value instanceof Date ? "a Date" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
