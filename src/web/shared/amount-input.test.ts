import { expect, test } from "vitest";
import { isSameAmount, keepAmount, wireAmount } from "./amount-input.ts";

test.each([
  ["100", "100"],
  ["100.", "100."],
  ["100.5", "100.5"],
  ["100.567", "100.56"],
  ["1.2.3", "1.23"],
  ["007", "7"],
  ["0.5", "0.5"],
  [".5", "0.5"],
  ["-50", "50"],
  ["1e3", "13"],
  ["1,000", "1000"],
  ["100。5", "100.5"],
  ["\uff15\uff10", "50"],
  [" 50 元", "50"],
  ["abc", ""],
  ["1234567890123", "123456789"],
])("typing %j leaves %j", (typed, kept) => {
  expect(keepAmount(typed)).toBe(kept);
});

test.each([
  ["100", "100"],
  ["100.", "100"],
  ["0.5", "0.5"],
  ["0", null],
  ["0.00", null],
  ["", null],
])("%j is sent as %j", (text, sent) => {
  expect(wireAmount(text)).toBe(sent);
});

test("the same money is recognised in both spellings, other money is not", () => {
  expect(isSameAmount("100", "100.00")).toBe(true);
  expect(isSameAmount("100", "100.01")).toBe(false);
  expect(isSameAmount("", "")).toBe(false);
});
