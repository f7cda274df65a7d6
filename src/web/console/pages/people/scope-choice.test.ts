import { expect, test } from "vitest";
import { type Area, type Choice, markOf, metersOf, toggled, treeOf } from "./scope-choice.ts";

const area = (areaId: number, parentId: number | null, meters: number): Area => ({
  ...{ areaId, parentId, meters, name: `${areaId}`, inside: true },
});
/** 1 holds 2 and 3; 2 holds 4 and 5; 9 stands alone. */
const areas = [area(1, null, 10), area(2, 1, 6), area(3, 1, 4), area(4, 2, 1), area(5, 2, 5), area(9, 77, 2)];
const tree = treeOf(areas);
const single = (meterId: number, areaId: number) => ({ meterId, areaId, label: "", number: "", areaName: "" });
const none: Choice = { areaIds: [], singles: [] };
const marks = (choice: Choice) => areas.map(({ areaId }) => markOf(tree, choice, areaId)).join(" ");

test("an area whose parent is not shown is a root", () => {
  expect(tree.roots.map(({ areaId }) => areaId)).toEqual([1, 9]);
});

test("a ticked area holds all below it and half-ticks those above", () => {
  const choice = toggled(tree, none, 2);
  expect(choice.areaIds).toEqual([2]);
  expect(marks(choice)).toBe("half on off on on off");
  expect(metersOf(tree, areas, choice)).toBe(6);
});

test("ticking what holds a ticked area or meter leaves nothing counted twice", () => {
  const choice = toggled(tree, { areaIds: [4], singles: [single(50, 5), single(90, 9)] }, 1);
  expect(choice).toEqual({ areaIds: [1], singles: [single(90, 9)] });
  expect(metersOf(tree, areas, choice)).toBe(11);
});

test("unticking a part of a ticked area leaves the rest of it", () => {
  const choice = toggled(tree, { areaIds: [1, 9], singles: [] }, 4);
  expect(choice.areaIds.toSorted()).toEqual([3, 5, 9]);
  expect(marks(choice)).toBe("half half on off on on");
  expect(metersOf(tree, areas, choice)).toBe(11);
});

test("ticking twice is as before, and a single meter only half-ticks its areas", () => {
  expect(toggled(tree, toggled(tree, none, 2), 2)).toEqual(none);
  expect(marks({ areaIds: [], singles: [single(50, 5)] })).toBe("half half off off half off");
  expect(metersOf(tree, areas, { areaIds: [2], singles: [single(50, 5), single(30, 3)] })).toBe(7);
});

test("areas that go round in a ring do not hang the page", () => {
  const ring = treeOf([area(1, 2, 1), area(2, 1, 1)]);
  expect(markOf(ring, none, 1)).toBe("off");
});
