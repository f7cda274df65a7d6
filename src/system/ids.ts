import { randomBytes } from "node:crypto";
import type { Instant } from "#base/time.ts";

/** Makes ids for rows that any process may insert. Passed to flows, so that tests can repeat a run. */
export type NewId = (now: Instant) => string;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base 32: no i, l, o, u

/**
 * 20 characters that sort by time of making: 48 bits of milliseconds, then 52 random bits.
 * Made by the application because auto-increment is neither dense nor ordered on a cluster.
 */
export const newId: NewId = (now) => {
  let time = now as number;
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = ALPHABET[time % 32] + text;
    time = Math.floor(time / 32);
  }
  for (const byte of randomBytes(10)) text += ALPHABET[byte % 32];
  return text;
};
