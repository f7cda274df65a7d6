import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { maySetClock } from "./clock-setting.ts";

const at = (text: string) => instant(Date.parse(`2026-08-${text}+08:00`));

describe("a clock may be set", () => {
  test.each<[string, string, boolean]>([
    ["02T12:30:00", "02T12:33:00", true],
    ["02T12:30:00", "02T12:50:00", true],
    ["02T12:30:00", "02T13:05:00", false], // over a full hour, which it would come to twice
    ["02T13:05:00", "02T12:50:00", false], // over a full hour, which it would leave out
    ["02T12:00:30", "02T12:10:00", false],
    ["02T12:59:30", "02T12:40:00", false],
    ["02T12:30:00", "02T12:00:20", false],
    ["02T00:04:59", "02T00:30:00", false],
    ["01T23:55:01", "01T23:30:00", false],
    ["02T00:10:00", "01T23:50:00", false],
    ["02T12:30:00", "02T15:30:00", true],
    ["02T12:30:00", "03T01:30:00", false],
  ])("at %s, when it shows %s: %s", (now, shown, may) => {
    expect(maySetClock(at(now), at(shown))).toBe(may);
  });

  test("when it has lost its date, but not near midnight or the full hour of ours", () => {
    const lost = instant(Date.parse("2036-01-01T00:00:00+08:00"));
    expect(maySetClock(at("02T12:30:00"), lost)).toBe(true);
    expect(maySetClock(at("02T12:00:10"), lost)).toBe(false);
    expect(maySetClock(at("02T00:02:00"), lost)).toBe(false);
  });
});
