import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { profiles, safeTopUp } from "#protocol/profiles.ts";
import { relayValidUntil } from "./dlt645-2007.ts";
import { driverNamed, driverOf } from "./drivers.ts";

describe("drivers", () => {
  test("there is one for every profile, and none for a name that nobody made a profile for", () => {
    for (const name of profiles.keys()) expect(driverNamed(name)?.profile.name).toBe(name);
    expect(driverNamed("dh6200")).toBeNull();
    expect(driverNamed("constructor")).toBeNull();
  });

  test("units are sold by exactly those whose profile says that it is safe", () => {
    for (const profile of profiles.values()) {
      expect(driverOf({ profile: profile.name }).topUp === null, profile.name).toBe(safeTopUp(profile) === null);
    }
  });

  test("a switch is proved by exactly those whose profile names the proof", () => {
    for (const { name, switch: wanted } of profiles.values()) {
      const { switching } = driverOf({ profile: name });
      expect(switching === null, name).toBe(wanted === null);
      expect(switching?.proves ?? false, name).toBe((wanted?.proof ?? null) !== null);
    }
  });

  test("a relay command is valid for ten minutes of China's time, over the turn of a year", () => {
    const now = instant(Date.parse("2026-12-31T23:55:30+08:00"));
    expect(relayValidUntil(now)).toEqual({ year: 2027, month: 1, day: 1, hour: 0, minute: 5, second: 30 });
  });
});
