import { describe, expect, test } from "vitest";
import { HOUR_MS, instant, MINUTE_MS } from "#base/time.ts";
import { photoTypeOf } from "./alarm.ts";
import { REGISTER_SPAN_WH } from "./settlement.ts";
import {
  afterVisit,
  hasMoved,
  judgeStill,
  STATIC_RULE,
  type StillFacts,
  type StillLine,
  VACANCY_QUIET_MS,
} from "./static-rule.ts";

const START = 1_700_000_000_000;
const at = (hours: number) => instant(START + hours * HOUR_MS);
/** Indexes read every six hours from the start. */
const line = (indexes: readonly number[], breaks: StillLine["breaks"] = []): StillLine => ({
  points: indexes.map((indexWh, i) => ({ at: at(i * 6), indexWh, frozen: false })),
  breaks,
});
const still = (hours: number, indexWh = 5_000): number[] => Array<number>(hours / 6 + 1).fill(indexWh);
const home: StillFacts = {
  occupied: true,
  own: true,
  off: false,
  silent: false,
  doubted: false,
  notBefore: instant(0),
  foundEmptyAt: null,
};
const judged = (of: StillLine, facts: Partial<StillFacts> = {}, rule = STATIC_RULE) =>
  judgeStill({ ...home, ...facts }, rule, of, of.points.at(-1)?.at ?? at(0));

test("a register that stood still for the whole period is an alarm, with what that rests on", () => {
  expect(judged(line(still(72)))).toEqual({
    still: true,
    evidence: {
      ...{ sinceAt: at(0), untilAt: at(72), fromWh: 5_000, toWh: 5_000, usedWh: 0, readings: 13 },
      ...{ periodHours: 72, floorWh: 0 },
    },
  });
});

test("before the period is over there is none, and it is known when there could be one", () => {
  expect(judged(line(still(66)))).toEqual({ still: false, why: "short", againAt: at(72) });
  // It moved at 60 h, by the smallest step that a meter shows.
  expect(judged(line([...still(54), ...still(12, 5_010)]))).toEqual({
    still: false,
    why: "short",
    againAt: at(60 + 72),
  });
});

test("the reading that would prove it is waited for, not guessed", () => {
  const of = line(still(66));
  expect(judgeStill(home, STATIC_RULE, of, at(75))).toEqual({
    still: false,
    why: "short",
    againAt: instant(at(75) + MINUTE_MS),
  });
});

test("a usage up to the floor is none; one watt-hour more is", () => {
  const rule = { ...STATIC_RULE, floorWh: 100 };
  expect(judged(line([...still(36), ...still(36, 5_100)]), {}, rule)).toMatchObject({
    still: true,
    evidence: { usedWh: 100, floorWh: 100 },
  });
  expect(judged(line([...still(30), ...still(36, 5_101)]), {}, rule)).toMatchObject({ still: false, why: "short" });
});

test("two readings three days apart prove too little", () => {
  const { points } = line(still(72));
  const two = { points: points.filter((_, i) => i === 0 || i === 12), breaks: [] };
  expect(judged(two)).toMatchObject({ still: false, why: "few" });
  const frozen = points.map((point, i) => ({ ...point, frozen: i > 1 }));
  expect(judged({ points: frozen, breaks: [] })).toMatchObject({ still: false, why: "few" });
});

test.each([
  ["vacant", { occupied: false }],
  ["vacant", { own: false }],
  ["off", { off: true }],
  ["silent", { silent: true }],
  ["doubted", { doubted: true }],
] as const)("%s: no alarm", (why, facts) => {
  expect(judged(line(still(96)), facts)).toMatchObject({ still: false, why });
});

test("a rule that is switched off asks nothing", () => {
  expect(judged(line(still(96)), {}, { ...STATIC_RULE, enabled: false })).toMatchObject({ why: "off_rule" });
  expect(judgeStill(home, STATIC_RULE, { points: [], breaks: [] }, at(1))).toMatchObject({ why: "unread" });
});

test("standing still counts from when supply came back, a tenant moved in or a visit ended the last alarm", () => {
  expect(judged(line(still(96)), { notBefore: at(30) })).toEqual({ still: false, why: "short", againAt: at(102) });
  expect(judged(line(still(102)), { notBefore: at(30) })).toMatchObject({ still: true, evidence: { sinceAt: at(30) } });
  expect(afterVisit("theft", at(30))).toEqual({ notBefore: at(30), foundEmptyAt: null });
});

test("a room found empty is left in peace while it stays still, but not for ever, and not once it has moved", () => {
  const facts = { ...home, ...afterVisit("normal_vacancy", at(80)) };
  const of = line(still(240));
  expect(judgeStill(facts, STATIC_RULE, of, at(240))).toMatchObject({ still: false, why: "explained" });
  expect(judgeStill(facts, STATIC_RULE, of, instant(at(80) + VACANCY_QUIET_MS))).toMatchObject({ still: true });
  const moved = line([...still(84), ...still(72, 5_010)]);
  expect(judgeStill(facts, STATIC_RULE, moved, at(162))).toMatchObject({ still: true, evidence: { sinceAt: at(90) } });
});

describe("what ends a line of indexes", () => {
  const exchange = (closeWh: number) => [{ at: instant(at(36) + 1), closeWh, openWh: 0 }];
  const exchanged = [...still(36), ...still(30, 0)];

  test("an exchange makes no alarm and hides none", () => {
    expect(judged(line([...exchanged, 0], exchange(5_000)))).toMatchObject({ still: true, evidence: { usedWh: 0 } });
    expect(judged(line([...exchanged, 0], exchange(5_020)))).toMatchObject({ still: false, why: "short" });
    expect(hasMoved(line(exchanged, exchange(5_000)), STATIC_RULE)).toBe(false);
    expect(hasMoved(line(exchanged, exchange(5_020)), STATIC_RULE)).toBe(true);
  });

  test("a register that starts again moved by what it moved", () => {
    const over = line([...still(36, REGISTER_SPAN_WH - 10), ...still(36, 0)]);
    expect(judged(over)).toMatchObject({ still: false });
    expect(judged(over, {}, { ...STATIC_RULE, floorWh: 10 })).toMatchObject({ still: true, evidence: { usedWh: 10 } });
    expect(hasMoved(over, STATIC_RULE)).toBe(true);
  });

  test("one that runs backwards did not stand still", () => {
    expect(judged(line([...still(36), ...still(36, 4_000)]))).toMatchObject({ still: false, why: "short" });
  });
});

test("a meter has moved when a reading shows it, not when readings are missing", () => {
  expect(hasMoved(line(still(90)), STATIC_RULE)).toBe(false);
  expect(hasMoved(line([...still(84), 5_010]), STATIC_RULE)).toBe(true);
  const gap = { points: line(still(96)).points.filter((_, i) => i > 10), breaks: [] };
  expect(hasMoved(gap, STATIC_RULE)).toBe(false);
  expect(hasMoved({ points: [], breaks: [] }, STATIC_RULE)).toBe(false);
});

test("whenever it is looked again as late as was said, nothing is missed (1000 random lines)", () => {
  let seed = 4_711;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let run = 0; run < 1_000; run++) {
    let index = 1_000;
    const indexes = Array.from({ length: 40 }, () => {
      index += random() < 0.12 ? 10 : 0;
      return index;
    });
    const firstAt = indexes.findIndex((_, i) => judged(line(indexes.slice(0, i + 1))).still);
    let [looked, found] = [0, -1];
    while (looked < indexes.length && found < 0) {
      const verdict = judged(line(indexes.slice(0, looked + 1)));
      if (verdict.still) found = looked;
      else looked = Math.max(looked + 1, Math.ceil((verdict.againAt - START) / (6 * HOUR_MS)));
    }

    if (firstAt >= 0) expect([run, found]).toEqual([run, firstAt]);
  }
});

test("a photo is known by how it begins, whatever it is called", () => {
  expect(photoTypeOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0))).toBe("image/jpeg");
  expect(photoTypeOf(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0))).toBe("image/png");
  for (const text of ["<svg onload=alert(1)>", "<html>", "GIF89a", "", "MZ"])
    expect(photoTypeOf(new TextEncoder().encode(text))).toBeNull();
  expect(photoTypeOf(Uint8Array.of(0xff, 0xd8, 0xff))).toBeNull();
});
