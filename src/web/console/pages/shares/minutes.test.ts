import { expect, test } from "vitest";
import { minutesOf, pasted } from "./minutes.ts";

test("what nobody entered is nothing, never 0", () => {
  expect(minutesOf(undefined)).toBeNull();
  expect(minutesOf({ low: "", middle: " ", high: "" })).toBeNull();
  expect(minutesOf({ low: "", middle: "60", high: "" })).toEqual({ low: 0, middle: 60, high: 0 });
  expect(minutesOf({ low: "1", middle: "x", high: "2" })).toBeUndefined();
  expect(minutesOf({ low: "-1", middle: "", high: "" })).toBeUndefined();
});

test("pasted lines fill the table, whatever parts the columns", () => {
  expect(pasted("A1 10 20 30\nA2\t0\t5\t60\r\nA3,1,2,3\nhalf 1\n\nA4 1 2 3 4")).toEqual({
    A1: { low: "10", middle: "20", high: "30" },
    A2: { low: "0", middle: "5", high: "60" },
    A3: { low: "1", middle: "2", high: "3" },
  });
});
