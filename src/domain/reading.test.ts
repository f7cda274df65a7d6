import { describe, expect, test } from "vitest";
import { HOUR_MS, instant } from "#base/time.ts";
import { judgeReading } from "./reading.ts";
import { REGISTER_SPAN_WH } from "./settlement.ts";

const previous = { indexWh: 500_000, at: instant(0) };
const POWER_MAX_W = 10_000;

describe("a reading is judged against the last good one", () => {
  test.each([
    ["the first one is taken as it is", null, 1, 0, "ok"],
    ["a plausible usage is good", previous, 510_000, HOUR_MS, "ok"],
    ["no usage is good", previous, 500_000, HOUR_MS, "ok"],
    ["a little over the rating is margin, not a jump", previous, 512_900, HOUR_MS, "ok"],
    ["more than the meter can draw is a jump", previous, 513_100, HOUR_MS, "jump"],
    ["less than before is backwards", previous, 499_999, HOUR_MS, "backwards"],
    ["older than before is stale", { indexWh: 500_000, at: instant(10) }, 500_001, 5, "stale"],
    [
      "the end of the register is a rollover",
      { indexWh: REGISTER_SPAN_WH - 100, at: instant(0) },
      200,
      HOUR_MS,
      "rollover",
    ],
    [
      "a rollover may not be a jump either",
      { indexWh: REGISTER_SPAN_WH - 100, at: instant(0) },
      90_000_000,
      HOUR_MS,
      "jump",
    ],
  ] as const)("%s", (_name, before, indexWh, at, verdict) => {
    expect(judgeReading(before, { indexWh, at: instant(at) }, POWER_MAX_W)).toBe(verdict);
  });
});
