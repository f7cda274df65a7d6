import { expect, test } from "vitest";
import { fitted, widthOf } from "./width.ts";

test.each([
  ["", 0],
  ["abc", 3],
  ["集中器", 6],
  ["A座-0101", 8],
])("%s takes %i columns", (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test.each([1, 2, 3, 5, 6, 7, 20])("whatever the text, it fills exactly %i columns", (columns) => {
  for (const text of ["", "集中器一号", "A座-0101 王先生", "plain text that is long"]) {
    expect(widthOf(fitted(text, columns))).toBe(columns);
  }
});
