import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Day } from "#base/time.ts";
import { DAY_MS, type Instant, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { placeOfFreeze } from "./freeze-search.ts";

const LAST = startOfDay("2026-08-31" as Day);
const KEPT = 62;
const daysAgo = (days: number) => later(LAST, -days * DAY_MS);

/** Asks a meter that keeps these freezes, newest first, until the place is known. */
function search(kept: readonly Instant[], midnight: Instant, known = new Map<number, Instant | null>()) {
  let questions = 0;
  for (;;) {
    const place = placeOfFreeze(midnight, known, KEPT);
    if (place.kind !== "ask") return { place, questions, known };
    questions++;
    expect(known.has(place.n)).toBe(false);
    known.set(place.n, kept[place.n - 1] ?? null);
  }
}

describe("the place of a freeze", () => {
  const whole = Array.from({ length: KEPT }, (_, i) => daysAgo(i));

  test("of last midnight is the first, for one question", () => {
    expect(search(whole, LAST)).toMatchObject({ place: { kind: "at", n: 1 }, questions: 1 });
  });

  test("of any other day is found by counting, for two; then all days between follow for nothing", () => {
    const { place, questions, known } = search(whole, daysAgo(40));
    expect([place, questions]).toEqual([{ kind: "at", n: 41 }, 2]);
    expect(search(whole, daysAgo(13), known)).toMatchObject({ place: { kind: "at", n: 14 }, questions: 0 });
  });

  test("is nowhere when it was left out, when memory does not reach so far, or when there are none", () => {
    const gap = [daysAgo(0), daysAgo(1), daysAgo(4), daysAgo(5)];
    expect(search(gap, daysAgo(2)).place).toEqual({ kind: "none" });
    expect(search(gap, daysAgo(4)).place).toEqual({ kind: "at", n: 3 });
    expect(search(gap, daysAgo(9)).place).toEqual({ kind: "none" });
    expect(search([], LAST).place).toEqual({ kind: "none" });
    expect(search(whole, daysAgo(-1)).place).toEqual({ kind: "not_yet" });
  });

  test("of a meter that froze at another hour is nowhere: that is no midnight", () => {
    const late = whole.map((at) => later(at, 5 * MINUTE_MS));
    expect(search(late, daysAgo(7)).place).toEqual({ kind: "none" });
  });

  test("is right for any memory, and found by few questions", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(90), { maxLength: KEPT }), fc.nat(90), (days, wanted) => {
        const kept = days.toSorted((a, b) => a - b).map(daysAgo);
        const { place, questions } = search(kept, daysAgo(wanted));
        const n = kept.indexOf(daysAgo(wanted)) + 1;
        if (n > 0) expect(place).toEqual({ kind: "at", n });
        else expect(place.kind).toBe((kept[0] ?? instant(LAST + 1)) < daysAgo(wanted) ? "not_yet" : "none");
        expect(questions).toBeLessThanOrEqual(KEPT);
      }),
    );
  });
});
