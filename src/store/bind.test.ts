import { expect, test } from "vitest";
import { bindable } from "./bind.ts";

test("text, null, whole numbers and booleans go to the database", () => {
  expect(bindable(["表", null, -1, 2n ** 60n, true, false], "?")).toEqual(["表", null, -1, 2n ** 60n, 1, 0]);
});

test.each([
  ["undefined", undefined],
  ["a Date", new Date(0)],
  ["an array", [1]],
  ["an object", { a: 1 }],
  ["a symbol", Symbol("a")],
  ["a function", () => 1],
  ["a fraction", 0.5],
  ["not a number", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["more than a number can hold", 2 ** 53],
])("%s is refused", (_, value) => {
  expect(() => bindable([1, value], "insert")).toThrow("parameter 2 is");
});
