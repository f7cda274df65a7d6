import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { meterProfile, relayValidUntil } from "./profiles.ts";

describe("meter profiles", () => {
  test("a relay command is valid for ten minutes of China's time, over the turn of a year", () => {
    const profile = meterProfile("jc1");
    if (!profile) throw new Error("jc1 is built in");
    const now = instant(Date.parse("2026-12-31T23:55:30+08:00"));
    expect(relayValidUntil(profile, now)).toEqual({ year: 2027, month: 1, day: 1, hour: 0, minute: 5, second: 30 });
  });

  test("a name that nobody made a profile for gives null", () => {
    expect(meterProfile("sf07")).toBeNull();
    expect(meterProfile("constructor")).toBeNull();
  });
});
