import { describe, expect, test } from "vitest";
import { moveChoice } from "../../search-keys.ts";
import { nextTile } from "./tile-keys.ts";

// Two areas: 0 1 2 / 3 4, then 5 6 7 / 8.
const places = [
  [0, 0],
  [100, 0],
  [200, 0],
  [0, 60],
  [100, 60],
  [0, 180],
  [100, 180],
  [200, 180],
  [0, 240],
].map(([left, top]) => ({ left: left!, top: top! }));

describe("arrow keys among tiles", () => {
  test.each([
    ["ArrowRight", 0, 1],
    ["ArrowRight", 2, 3],
    ["ArrowRight", 8, 8],
    ["ArrowLeft", 5, 4],
    ["ArrowLeft", 0, 0],
    ["ArrowDown", 0, 3],
    ["ArrowDown", 2, 4],
    ["ArrowDown", 4, 6],
    ["ArrowDown", 7, 8],
    ["ArrowDown", 8, 8],
    ["ArrowUp", 8, 5],
    ["ArrowUp", 7, 4],
    ["ArrowUp", 1, 1],
    ["Home", 6, 0],
    ["End", 1, 8],
  ])("%s from %i leads to %i", (key, from, to) => {
    expect(nextTile(key, from, places)).toBe(to);
  });

  test("other keys are not taken", () => {
    expect(nextTile("a", 0, places)).toBeNull();
    expect(nextTile("Enter", 0, places)).toBeNull();
  });

  test("an empty board has nowhere to go", () => {
    expect(nextTile("ArrowDown", 0, [])).toBeNull();
  });
});

describe("arrow keys in search results", () => {
  test("stop at both ends", () => {
    expect([moveChoice("ArrowDown", 0, 3), moveChoice("ArrowDown", 2, 3), moveChoice("ArrowUp", 0, 3)]).toEqual([
      1, 2, 0,
    ]);
    expect(moveChoice("PageDown", 0, 5)).toBe(4);
  });

  test("do nothing without results, and leave typing alone", () => {
    expect(moveChoice("ArrowDown", 0, 0)).toBeNull();
    expect(moveChoice("Enter", 0, 3)).toBeNull();
  });
});
