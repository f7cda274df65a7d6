import { expect, test } from "vitest";
import { OFF_LIMITS, offPerDay, whyNoMoreOff } from "./off-guard.ts";

test("a day's budget is a part of the project, and never less than a window's", () => {
  expect([0, 1, 200, 201, 5_000].map((switchable) => offPerDay(OFF_LIMITS, switchable))).toEqual([20, 20, 20, 21, 500]);
});

test("the window is asked before the day", () => {
  const why = (inWindow: number, inDay: number, switchable = 5_000) =>
    whyNoMoreOff(OFF_LIMITS, { inWindow, inDay, switchable });
  expect(why(19, 499)).toBeNull();
  expect(why(20, 20)).toBe("window");
  expect(why(0, 500)).toBe("day");
  expect(why(0, 20, 100)).toBe("day");
});
