import { expect, test } from "vitest";
import { pastedNames } from "./pasted-names.ts";

test("names come from lines, cells and lists, each once", () => {
  expect(pastedNames("  000000000011\r\n000000000012\t000000000013,E1;E2、E3，E1 \n")).toEqual([
    "000000000011",
    "000000000012",
    "000000000013",
    "E1",
    "E2",
    "E3",
  ]);
  expect(pastedNames(" \n,, ")).toEqual([]);
});
