import { expect, test } from "vitest";
import { shownJson, shownText } from "../shown-text.ts";
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

const EVIL = [
  "\u001b]0;pwned\u0007",
  "\u001b[2J",
  "\u009b31m",
  "\u0090q\u009c",
  "a\r\nb",
  "\u007f",
  "\u202etxet",
  "\u2066x",
];

test.each(EVIL)("nothing in %j is obeyed by a terminal", (name) => {
  const obeyed = /[\p{Cc}\u202e\u2066]/u;
  for (const text of [shownText(name), fitted(name, 20), fitted(name, 3), shownJson({ name })]) {
    expect(text).not.toMatch(obeyed);
  }
  expect(JSON.parse(shownJson({ name }))).toEqual({ name });
  expect(widthOf(fitted(name, 20))).toBe(20);
});
