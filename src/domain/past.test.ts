import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { CLOCK_UNREAD, clockRead, isTimeDoubtful, judgePast, midnightsAfter, pastRetryMs } from "./past.ts";

const NOON = instant(Date.parse("2026-08-02T12:00:00+08:00"));
const MIDNIGHT = instant(Date.parse("2026-08-02T00:00:00+08:00"));
const MAX_W = 6_000;

describe("an index that a meter kept", () => {
  const before = { indexWh: 10_000, at: later(MIDNIGHT, -2 * HOUR_MS) };
  const after = { indexWh: 20_000, at: later(MIDNIGHT, 3 * HOUR_MS) };
  const judge = (indexWh: number, around: object = {}) =>
    judgePast({ before, after, suspect: null, ...around, next: { indexWh, at: MIDNIGHT } }, MAX_W);

  test("is good between its neighbours, also without one or both of them", () => {
    expect(judge(14_000)).toBe("ok");
    expect(judge(14_000, { before: null })).toBe("ok");
    expect(judge(14_000, { after: null })).toBe("ok");
    expect(judge(5_000_000, { before: null, after: null })).toBe("ok");
  });

  test("is not believed below the one before, above the one after, or where too much would have been drawn", () => {
    expect(judge(9_990)).toBe("backwards");
    expect(judge(20_010)).toBe("jump");
    expect(judge(90_000, { after: null })).toBe("jump");
    expect(judge(10_000, { after: { ...after, indexWh: 90_000 } })).toBe("backwards");
  });

  test("is not believed when it goes on from a reading that is not, but it is when it was kept before that one", () => {
    const suspect = { indexWh: 900_000, at: later(MIDNIGHT, -HOUR_MS) };
    const long = { indexWh: 10_000, at: later(MIDNIGHT, -30 * DAY_MS) };
    expect(judge(900_010, { before: long, after: null, suspect })).toBe("jump");
    expect(judge(900_010, { before: long, after: null, suspect: { ...suspect, at: NOON } })).toBe("ok");
  });

  test("may have begun again after the last number", () => {
    const last = { indexWh: 999_999_000, at: before.at };
    expect(judge(1_000, { before: last })).toBe("rollover");
  });
});

describe("a clock", () => {
  const read = (known: typeof CLOCK_UNREAD, minutes: number | null, at: Instant) =>
    clockRead(known, { offsetMs: minutes === null ? null : minutes * MINUTE_MS, at });

  test("turns wrong once and right once, and what was kept in between is doubtful", () => {
    const good = read(CLOCK_UNREAD, 1, later(NOON, -3 * DAY_MS));
    expect(good.turned).toBeNull();
    const wrong = read(good.known, -20, later(NOON, -DAY_MS));
    expect(wrong.turned).toBe("wrong");
    const still = read(wrong.known, -20, NOON);
    expect(still.turned).toBeNull();
    expect(isTimeDoubtful(still.known, MIDNIGHT)).toBe(true);
    expect(isTimeDoubtful(still.known, later(MIDNIGHT, -2 * DAY_MS)), "after it was last right").toBe(true);
    expect(isTimeDoubtful(still.known, later(MIDNIGHT, -3 * DAY_MS))).toBe(false);
    const right = read(still.known, 0, later(NOON, HOUR_MS));
    expect(right.turned).toBe("right");
    expect(isTimeDoubtful(right.known, MIDNIGHT)).toBe(true);
    expect(isTimeDoubtful(right.known, later(MIDNIGHT, DAY_MS))).toBe(false);
  });

  test("that shows no time is neither right nor wrong, and one that nobody has read is not doubted", () => {
    const { known, turned } = read(CLOCK_UNREAD, null, NOON);
    expect([known.readAt, known.offsetMs, turned]).toEqual([NOON, null, null]);
    expect(isTimeDoubtful(known, MIDNIGHT)).toBe(false);
  });

  test("of 1970 or 2036 is wrong, five minutes are not", () => {
    expect(read(CLOCK_UNREAD, -56 * 365 * 1440, NOON).turned).toBe("wrong");
    expect(read(CLOCK_UNREAD, 10 * 365 * 1440, NOON).turned).toBe("wrong");
    expect(read(CLOCK_UNREAD, 5, NOON).turned).toBeNull();
  });
});

test("midnights after a time, up to another, ends included", () => {
  expect(midnightsAfter(later(MIDNIGHT, -DAY_MS), MIDNIGHT)).toEqual([MIDNIGHT]);
  expect(midnightsAfter(MIDNIGHT, later(MIDNIGHT, DAY_MS - 1))).toEqual([]);
  expect(midnightsAfter(NOON, later(MIDNIGHT, 2 * DAY_MS))).toHaveLength(2);
});

test("a meter that does not tell is left alone for longer and longer, six hours at most", () => {
  expect([1, 2, 3, 50].map(pastRetryMs)).toEqual([5 * MINUTE_MS, 10 * MINUTE_MS, 20 * MINUTE_MS, 6 * HOUR_MS]);
});
