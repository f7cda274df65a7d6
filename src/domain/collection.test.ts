import { expect, test } from "vitest";
import { cycleOf, itemsOfRound, parseItems, USUAL_ITEMS } from "./collection.ts";

test("every third round is a full one, and the first is not", () => {
  const full = Array.from({ length: 7 }, (_, round) => itemsOfRound(USUAL_ITEMS, round).length);
  expect(full).toEqual([0, 4, 0, 0, 4, 0, 0]);
});

test("an item of every round is in every round", () => {
  const plan = [{ item: "power", every: 1 }] as const;
  expect([0, 1, 2].map((round) => itemsOfRound(plan, round))).toEqual([["power"], ["power"], ["power"]]);
});

test.each([
  [{ channel: 5, concentrator: 10, project: 15 }, 5],
  [{ channel: null, concentrator: 10, project: 15 }, 10],
  [{ channel: null, concentrator: null, project: 15 }, 15],
  [{ channel: null, concentrator: null, project: null }, null],
])("the nearest cycle holds: %j", (levels, cycle) => {
  expect(cycleOf(levels)).toBe(cycle);
});

test("an item that this version does not know is left out", () => {
  expect(parseItems('[{"item":"power","every":2},{"item":"mood","every":1}]')).toEqual([{ item: "power", every: 2 }]);
});
