import { expect, test } from "vitest";
import { equalParts, hundredths, typed } from "./hundredths.ts";

test("reads what people type, with two places at most", () => {
  expect(["33.5", " 100 ", "0.01", "0"].map(hundredths)).toEqual([3_350, 10_000, 1, 0]);
  expect(["", "-1", "1.234", "1,5", "abc", "1e3", "12345678"].map(hundredths)).toEqual(Array(7).fill(null));
});

test("writes them back as they were typed", () => {
  expect([3_350, 10_000, 1, 0, 105].map(typed)).toEqual(["33.5", "100", "0.01", "0", "1.05"]);
});

test("equal parts are the whole together, whatever the count", () => {
  expect(equalParts(10_000, 3)).toEqual([3_334, 3_333, 3_333]);
  for (const count of [1, 7, 64, 200]) expect(equalParts(9_950, count).reduce((a, b) => a + b, 0)).toBe(9_950);
});
