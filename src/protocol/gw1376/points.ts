import { assert } from "#base/errors.ts";

/**
 * The two halves of a data unit identifier (数据单元标识, Q/GDW 1376.1 §4.3.4.3): DA says for which information points
 * (信息点 Pn), DT which kinds of information (信息类 Fn). Each is two bytes, held as low byte + 256 × high byte: the low
 * byte picks among eight by bits, the high byte is the group of eight.
 */

/** p0: the terminal itself. */
export const DA_TERMINAL = 0x0000;
/** DA1 = DA2 = FFH: every measuring point that exists. */
export const DA_ALL = 0xffff;

/** The highest Pn that DA can name (255 groups of eight, group FFH with all bits stands for all). */
export const POINT_MAX = 255 * 8;
/** The highest Fn that DT can name. */
export const FUNCTION_MAX = 256 * 8;

/** The Pn that a DA names, `"all"` for every one, null when it names none: a group without a bit, or bits without a group. */
export function pointsOf(da: number): number[] | "all" | null {
  if (da === DA_TERMINAL) return [0];
  if (da === DA_ALL) return "all";
  const group = da >> 8;
  const points = bitsOf(da & 0xff).map((bit) => (group - 1) * 8 + bit + 1);
  return group === 0 || points.length === 0 ? null : points;
}

/** The Fn that a DT names; null when it names none. Groups begin with 0 here, with 1 in a DA. */
export function functionsOf(dt: number): number[] | null {
  const functions = bitsOf(dt & 0xff).map((bit) => (dt >> 8) * 8 + bit + 1);
  return functions.length === 0 ? null : functions;
}

/** The DA of a list of Pn as {@link pointsOf} gives it; null when no single DA names just these. */
export function daOfAll(points: readonly number[] | "all"): number | null {
  if (points === "all") return DA_ALL;
  const known = points.every((point) => Number.isInteger(point) && point >= 0 && point <= POINT_MAX);
  const da = known ? points.reduce((all, point) => all | daOf(point), 0) : 0;
  return known && sameNumbers(pointsOf(da), points) ? da : null;
}

/** The DT of a list of Fn as {@link functionsOf} gives it; null when no single DT names just these. */
export function dtOfAll(functions: readonly number[]): number | null {
  const known = functions.every((fn) => Number.isInteger(fn) && fn > 0 && fn <= FUNCTION_MAX);
  const dt = known ? functions.reduce((all, fn) => all | dtOf(fn), 0) : 0;
  return known && sameNumbers(functionsOf(dt), functions) ? dt : null;
}

function sameNumbers(a: readonly number[] | "all" | null, b: readonly number[]): boolean {
  return Array.isArray(a) && a.length === b.length && a.every((number, i) => number === b[i]);
}

/** The DA of one Pn. */
export function daOf(point: number): number {
  if (point === 0) return DA_TERMINAL;
  assert(Number.isInteger(point) && point > 0 && point <= POINT_MAX, `no such measuring point: ${point}`);
  return ((((point - 1) >> 3) + 1) << 8) | (1 << ((point - 1) & 7));
}

/** The DT of one Fn. */
export function dtOf(fn: number): number {
  assert(Number.isInteger(fn) && fn > 0 && fn <= FUNCTION_MAX, `no such Fn: ${fn}`);
  return (((fn - 1) >> 3) << 8) | (1 << ((fn - 1) & 7));
}

function bitsOf(byte: number): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1);
}
