import { describe, expect, test } from "vitest";
import type { Tile } from "#contract/metering.ts";
import {
  addressOfView,
  concentratorsOf,
  groupTiles,
  inOrder,
  sumLeft,
  tilesInPlace,
  viewFromAddress,
} from "./filters.ts";

const tile = (meterId: number, areaId: number, label: string): Tile => ({
  meterId,
  number: `2026000000${meterId}`,
  label,
  areaId,
  areaName: `area ${areaId}`,
  concentratorId: 12 - areaId,
  concentratorName: `${12 - areaId} 号集中器`,
  kind: "electricity",
  mode: "prepaid",
  creditAt: "meter",
  state: "normal",
  second: null,
  reasons: [],
  remainingWh: 1,
  remainingYuan: null,
  remainingAt: 1,
  changedAt: 1,
});
const tiles = [tile(1, 1, "A-101"), tile(2, 1, "A-102"), tile(3, 2, "B-101")];

describe("the address of the board", () => {
  test("brings back filters and open drawer", () => {
    const view = {
      ...{ state: "fault", areaId: 3, concentratorId: 7, text: "A-2", shown: "yuan", meterId: 12 },
      ...{ kind: "water", below: 20, order: "remaining", size: "l", wall: true },
    } as const;
    expect(viewFromAddress(new URLSearchParams(addressOfView(view).toString()))).toEqual(view);
  });

  test("is empty when everything is as usual", () => {
    expect(addressOfView(viewFromAddress(new URLSearchParams())).toString()).toBe("");
  });

  test("that is nonsense shows everything", () => {
    expect(viewFromAddress(new URLSearchParams("state=purple&area=x&concentrator=-2&meter=-1&show=gold"))).toEqual({
      state: null,
      areaId: null,
      concentratorId: null,
      text: "",
      shown: "units",
      meterId: null,
      ...{ kind: null, below: null, order: "room", size: "m", wall: false },
    });
  });
});

const all = { areaId: null, concentratorId: null, text: "", kind: null, below: null, shown: "units" } as const;

describe("filters", () => {
  test("leave those who have enough, of whom nothing is known, and of another kind out", () => {
    const [a, b, c] = tiles as [Tile, Tile, Tile];
    const some: Tile[] = [
      { ...a, remainingWh: 19_999, remainingYuan: "30.00" },
      { ...b, remainingWh: 20_000, remainingYuan: "-0.01" },
      { ...c, remainingWh: null },
      { ...a, meterId: 4, kind: "water", remainingWh: -5 },
    ];
    const seen = (over: object) => tilesInPlace(some, { ...all, ...over }).map((each) => each.meterId);
    expect(seen({ below: 20 })).toEqual([1, 4]);
    expect(seen({ below: 20, kind: "electricity" })).toEqual([1]);
    expect(seen({ below: 0, shown: "yuan" })).toEqual([2]);
    expect(inOrder(some, { order: "remaining", shown: "units" }).map((each) => each.meterId)).toEqual([4, 1, 2, 3]);
    expect(inOrder(some, { order: "room", shown: "units" })).toBe(some);
    expect(sumLeft(some)).toEqual({ electricity: 39_999, water: -5 });
    expect(sumLeft([{ ...c, remainingWh: null }])).toEqual({ electricity: null, water: null });
  });

  test("find rooms in any case and meters by their number", () => {
    expect(tilesInPlace(tiles, { ...all, text: "a-1" }).map((each) => each.meterId)).toEqual([1, 2]);
    expect(tilesInPlace(tiles, { ...all, text: "00003" }).map((each) => each.meterId)).toEqual([3]);
    expect(tilesInPlace(tiles, { ...all, areaId: 2, text: "A-" })).toEqual([]);
  });

  test("find what hangs at a concentrator, and offer concentrators as people count", () => {
    expect(tilesInPlace(tiles, { ...all, concentratorId: 10 }).map((each) => each.meterId)).toEqual([3]);
    expect(tilesInPlace(tiles, { ...all, concentratorId: 10, areaId: 1 })).toEqual([]);
    const some = [...tiles, { ...tile(4, 1, "A-103"), concentratorId: 9, concentratorName: "9 号集中器" }];
    expect(concentratorsOf(some).map((each) => each.concentratorId)).toEqual([9, 10, 11]);
  });

  test("leave the list itself alone when there is nothing to filter", () => {
    expect(tilesInPlace(tiles, { ...all, text: "  " })).toBe(tiles);
  });
});

describe("groups", () => {
  test("follow the areas", () => {
    expect(groupTiles(tiles, []).map((group) => [group.areaName, group.tiles.length])).toEqual([
      ["area 1", 2],
      ["area 2", 1],
    ]);
  });

  test("in which nothing changed stay the same objects", () => {
    const before = groupTiles(tiles, []);
    const changed: Tile[] = tiles.map((each) => (each.meterId === 3 ? { ...each, state: "off" as const } : each));
    const after = groupTiles(changed, before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[1]?.tiles[0]?.state).toBe("off");
  });
});
