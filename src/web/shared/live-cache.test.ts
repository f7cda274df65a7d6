import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, test } from "vitest";
import type { Board, Command, Tile } from "#contract/metering.ts";
import {
  applyLiveEvent,
  caughtUp,
  countTiles,
  forgetHeard,
  isCommandDone,
  isOrderDone,
  keys,
  patchBoard,
  sortTiles,
} from "./live-cache.ts";
import { order } from "./test-order.ts";

const tile = (meterId: number, more: Partial<Tile> = {}): Tile => ({
  meterId,
  number: `00000000000${meterId}`,
  label: `A-${meterId}`,
  areaId: 1,
  areaName: "A",
  concentratorId: 1,
  concentratorName: "C",
  kind: "electricity",
  mode: "prepaid",
  creditAt: "meter",
  state: "normal",
  second: null,
  reasons: [],
  remainingWh: 10_000,
  remainingYuan: "8.00",
  remainingAt: 1,
  changedAt: 1,
  ...more,
});
const boardOf = (...tiles: Tile[]): Board => ({ asOf: 100, counts: countTiles(tiles), tiles });

const command = (more: Partial<Command> = {}): Command => ({
  id: "C1",
  meterId: 1,
  kind: "trip",
  cause: "operator",
  state: "waiting",
  stateReason: "",
  createdAt: 1,
  sentAt: null,
  doneAt: null,
  attempts: 0,
  reachable: true,
  ...more,
});

describe("a board that hears of changed tiles", () => {
  test("replaces them in place, counts anew, and leaves the others the same objects", () => {
    const board = boardOf(tile(1), tile(2), tile(3));
    const next = patchBoard(board, { asOf: 200, tiles: [tile(2, { state: "off" })] });
    expect(next.asOf).toBe(200);
    expect(next.counts).toEqual({ fault: 0, off: 1, alarm: 0, normal: 2, total: 3 });
    expect(next.tiles.map((each) => each.state)).toEqual(["normal", "off", "normal"]);
    expect(next.tiles[0]).toBe(board.tiles[0]);
    expect(next.tiles[2]).toBe(board.tiles[2]);
  });

  test("takes in a meter that it did not know, at its place", () => {
    const next = patchBoard(boardOf(tile(1), tile(10)), { asOf: 200, tiles: [tile(2, { state: "fault" })] });
    expect(next.tiles.map((each) => each.label)).toEqual(["A-1", "A-2", "A-10"]);
    expect(next.counts.total).toBe(3);
  });

  test("loses those that went, and counts anew; what is on its way loses them too, and forgets what was known of them", () => {
    const client = new QueryClient();
    const board = boardOf(tile(1), tile(2, { state: "off" }), tile(3));
    client.setQueryData(keys.board, board);
    client.setQueryData(keys.meter(2), { tile: tile(2) });
    applyLiveEvent(client, { type: "gone", asOf: 200, meterIds: [2, 99] });
    const next = client.getQueryData<Board>(keys.board);
    expect(next?.counts).toEqual({ fault: 0, off: 0, alarm: 0, normal: 2, total: 2 });
    expect(patchBoard(board, { asOf: 200, meterIds: [2] }).tiles[1]).toBe(board.tiles[2]);
    expect(client.getQueryData(keys.meter(2))).toBeUndefined();
    expect(caughtUp(client, { ...board, asOf: 150 }).tiles.map(({ meterId }) => meterId)).toEqual([1, 3]);
    expect(caughtUp(client, { ...board, asOf: 250 }).tiles).toHaveLength(3); // loaded later: it has come back
    applyLiveEvent(client, { type: "tiles", asOf: 300, tiles: [tile(2)] });
    expect(client.getQueryData<Board>(keys.board)?.tiles.map(({ meterId }) => meterId)).toEqual([1, 2, 3]);
  });

  test("that was on its way while something changed does not lose it", () => {
    const client = new QueryClient();
    applyLiveEvent(client, { type: "tiles", asOf: 90, tiles: [tile(1, { state: "off" })] });
    applyLiveEvent(client, { type: "tiles", asOf: 110, tiles: [tile(2, { state: "fault" })] });
    const states = caughtUp(client, boardOf(tile(1), tile(2))).tiles.map(({ state }) => state);
    expect(states).toEqual(["normal", "fault"]);
    forgetHeard(client);
    expect(caughtUp(client, boardOf(tile(2))).counts.fault).toBe(0);
  });

  test("is not thrown back by an event older than itself", () => {
    const board = boardOf(tile(1));
    expect(patchBoard(board, { asOf: 99, tiles: [tile(1, { state: "fault" })] })).toBe(board);
  });

  test("is the same after hearing an event twice", () => {
    const change = { asOf: 200, tiles: [tile(1, { state: "alarm" })] };
    const once = patchBoard(boardOf(tile(1), tile(2)), change);
    expect(patchBoard(once, change)).toEqual(once);
  });
});

test("tiles are ordered by area and room as people count", () => {
  const tiles = [
    tile(1, { label: "A-10" }),
    tile(2, { label: "A-9" }),
    tile(3, { areaId: 2, areaName: "10号楼" }),
    tile(4, { areaId: 3, areaName: "2号楼" }),
  ];
  expect(sortTiles(tiles).map((each) => each.meterId)).toEqual([4, 3, 2, 1]);
});

describe("the cache", () => {
  test("shows an order that was heard of, alone and in lists and pages", () => {
    const client = new QueryClient();
    const page = { items: [order({ orderNo: "R2" }), order()], more: false };
    client.setQueryData(keys.recent(1), page);
    client.setQueryData(keys.records(""), { pages: [page], pageParams: [null] });
    applyLiveEvent(client, { type: "order", order: order({ state: "confirmed" }) });
    expect(client.getQueryData(keys.order("R1"))).toMatchObject({ state: "confirmed" });
    const items = [
      { orderNo: "R2", state: "booked" },
      { orderNo: "R1", state: "confirmed" },
    ];
    expect(client.getQueryData(keys.recent(1))).toMatchObject({ items });
    expect(client.getQueryData(keys.records(""))).toMatchObject({ pages: [{ items }] });
  });

  test("loads lists again when an order is newer than all of theirs, but not those of other meters", () => {
    const client = new QueryClient();
    const lists = [keys.recent(1), keys.records(""), keys.recent(2)];
    client.setQueryData(keys.recent(1), { items: [order()], more: false });
    client.setQueryData(keys.records(""), { pages: [{ items: [order()], more: false }], pageParams: [null] });
    client.setQueryData(keys.recent(2), { items: [], more: false });
    applyLiveEvent(client, { type: "order", order: order({ orderNo: "R2" }) });
    expect(lists.map((key) => client.getQueryState(key)?.isInvalidated)).toEqual([true, true, false]);
  });

  test("keeps the newest recharge command of a meter", () => {
    const client = new QueryClient();
    applyLiveEvent(client, {
      type: "command",
      command: command({ id: "C2", kind: "top_up", createdAt: 20, sentAt: 21 }),
    });
    applyLiveEvent(client, { type: "command", command: command({ id: "C1", kind: "top_up", createdAt: 10 }) });
    expect(client.getQueryData(keys.topUp(1))).toMatchObject({ id: "C2", sentAt: 21 });
    expect(client.getQueryData(keys.command("C1"))).toMatchObject({ id: "C1" });
  });

  test("makes no board out of an event before one was loaded", () => {
    const client = new QueryClient();
    applyLiveEvent(client, { type: "tiles", asOf: 1, tiles: [tile(1)] });
    expect(client.getQueryData(keys.board)).toBeUndefined();
  });

  test("marks what is known of a meter as old when its tile changes, and of no other", () => {
    const client = new QueryClient();
    client.setQueryData(keys.meter(1), {});
    client.setQueryData(keys.meter(2), {});
    applyLiveEvent(client, { type: "tiles", asOf: 1, tiles: [tile(1)] });
    expect(client.getQueryState(keys.meter(1))?.isInvalidated).toBe(true);
    expect(client.getQueryState(keys.meter(2))?.isInvalidated).toBe(false);
  });
});

describe("what is on its way for the first time when something is heard", () => {
  const refunds = ["refunds", "R1"] as const;
  test.each([
    ["a meter, by its tile", keys.meter(1), { type: "tiles", asOf: 1, tiles: [tile(1)] }],
    ["the events of a meter, by a command", keys.events(1), { type: "command", command: command() }],
    ["a refund, by its command", refunds, { type: "command", command: command({ kind: "deduct" }) }],
  ] as const)("is loaded once more, however often it is heard: %s", async (_, queryKey, event) => {
    const client = new QueryClient();
    const answers: ((read: string) => void)[] = [];
    const queryFn = () => new Promise<string>((resolve) => answers.push(resolve));
    const all = [queryKey, ...(queryKey === refunds ? [] : [keys.meter(1)])];
    const stops = all.map((each) => new QueryObserver(client, { queryKey: each, queryFn }).subscribe(() => {}));
    const firsts = answers.length;
    applyLiveEvent(client, event);
    applyLiveEvent(client, event);
    expect(answers).toHaveLength(firsts);
    for (const answer of answers) answer("read before it happened");
    await expect.poll(() => answers.length).toBe(2 * firsts);
    for (const answer of answers) answer("read after it happened");
    await expect.poll(() => client.getQueryData(queryKey)).toBe("read after it happened");
    expect(answers).toHaveLength(2 * firsts);
    for (const stop of stops) stop();
    client.clear();
  });
});

describe("nothing is called done too early", () => {
  test.each([
    [order(), false],
    [order({ state: "unknown" }), false],
    [order({ state: "confirmed" }), true],
    [order({ state: "confirmed", reconnection: "under_way" }), false],
    [order({ state: "confirmed", reconnection: "press_button" }), false],
    [order({ state: "confirmed", reconnection: "failed" }), true],
    [order({ state: "withdrawn" }), true],
    [order({ state: "refused" }), true],
  ])("order %#", (each, done) => {
    expect(isOrderDone(each)).toBe(done);
  });

  test.each([
    ["waiting", false],
    ["sent", false],
    ["unknown", false],
    ["confirmed", true],
    ["refused", true],
    ["expired", true],
  ] as const)("command %s", (state, done) => {
    expect(isCommandDone(command({ state }))).toBe(done);
  });
});
