import { describe, expect, test } from "vitest";
import { HOUR_MS, instant } from "#base/time.ts";
import { judgeReading, registerPowerMaxW } from "./reading.ts";
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
    const next = { indexWh, at: instant(at) };
    expect(judgeReading({ previous: before, suspect: null, next }, POWER_MAX_W)).toBe(verdict);
  });
});

test("a register behind a transformer counts what comes through it, not what flows on the other side", () => {
  expect(registerPowerMaxW({ powerMaxW: 15_000, ratio: 1 })).toBe(15_000);
  expect(registerPowerMaxW({ powerMaxW: 1_000_000, ratio: 30 })).toBe(33_334);
});

describe("a reading that was not believed casts its doubt until readings follow the old line again", () => {
  const at = (hours: number) => instant(hours * HOUR_MS);
  const judge = (suspect: { indexWh: number; at: ReturnType<typeof instant> } | null, indexWh: number, hours: number) =>
    judgeReading({ previous, suspect, next: { indexWh, at: at(hours) } }, POWER_MAX_W);

  test("a jump does not become good by waiting until the meter could have drawn it", () => {
    expect(judge(null, 1_000_000, 1)).toBe("jump");
    const suspect = { indexWh: 1_000_000, at: at(1) };
    expect(judge(null, 1_000_100, 60)).toBe("ok"); // without the memory it would be
    expect(judge(suspect, 1_000_100, 60)).toBe("jump");
  });

  test("one wrong value between right ones is forgotten", () => {
    expect(judge({ indexWh: 1_000_000, at: at(1) }, 505_000, 2)).toBe("ok");
    expect(judge({ indexWh: 20_000, at: at(1) }, 505_000, 2)).toBe("ok");
  });

  test("one low misread ends with the next true reading, however near they are", () => {
    expect(judge(null, 499_990, 1)).toBe("backwards");
    expect(judge({ indexWh: 499_990, at: at(1) }, 500_050, 2)).toBe("ok");
  });
});
