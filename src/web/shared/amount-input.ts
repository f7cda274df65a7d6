import { parseMoney } from "#base/units.ts";

/**
 * What stays of typed or pasted text in an amount field: digits and one point with at most two places. Full-width digits
 * and points of a Chinese keyboard are taken as meant, anything else is dropped.
 */
export function keepAmount(typed: string): string {
  const plain = typed
    .replace(/[\uff10-\uff19]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[\u3002\uff0e]/g, ".")
    .replace(/[^\d.]/g, "");
  const [whole = "", ...rest] = plain.split(".");
  const trimmed = whole.replace(/^0+(?=\d)/, "").slice(0, 9);
  return rest.length === 0 ? trimmed : `${trimmed || "0"}.${rest.join("").slice(0, 2)}`;
}

/** The amount as the server wants it (`"100"`, `"0.5"`), or null when it is empty, unfinished or zero. */
export function wireAmount(text: string): string | null {
  const finished = text.endsWith(".") ? text.slice(0, -1) : text;
  const value = parseMoney(finished);
  return value === null || value === 0 ? null : finished;
}

/** True when two amounts are the same money, however they are written (`100` and `100.00`). */
export function isSameAmount(a: string, b: string): boolean {
  const [left, right] = [parseMoney(a, 4), parseMoney(b, 4)];
  return left !== null && left === right;
}
