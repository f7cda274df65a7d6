import type { Bytes } from "#protocol/bytes.ts";
import type { Input } from "./mutate.ts";

/** One decoder with all that hangs on it. Throws, in words, when anything about an input is not as it must be. */
export type Target = { name: string; accepts(input: Input): boolean };

/** Throws when an input is not as it must be; the words are made only then. */
export function must(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof what === "string" ? what : what());
}

/** Whether the bytes are the same. */
export function same(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
