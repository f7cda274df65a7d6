import { expect, test } from "vitest";
import { judgeCount, retryDelayMs } from "./command.ts";

test("after silence the meter's purchase count says what happened", () => {
  expect(judgeCount(5, 5)).toBe("happened");
  expect(judgeCount(4, 5)).toBe("did_not_happen");
  expect(judgeCount(6, 5)).toBe("contradiction");
  expect(judgeCount(3, 5)).toBe("contradiction");
  expect(judgeCount(0, 1)).toBe("did_not_happen");
});

test("a silent meter is asked less and less often, at least once a minute", () => {
  expect([0, 1, 2, 6, 100].map((each) => retryDelayMs(each))).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
});

test("a meter that was heard on a bad line is tried sooner, but not for ever", () => {
  expect([1, 3, 4, 7, 18, 100].map((each) => retryDelayMs(each, true))).toEqual([
    2_000, 2_000, 4_000, 8_000, 60_000, 60_000,
  ]);
});
