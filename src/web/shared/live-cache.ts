import type { InfiniteData, Query, QueryClient, QueryKey } from "@tanstack/react-query";
import type { LiveEvent } from "#contract/live.ts";
import type { Board, Command, MeterDetail, Tile, TileState } from "#contract/metering.ts";
import type { Recharge } from "#contract/money.ts";
import type { RechargePage } from "./api.ts";
import { refundKeys } from "./api-refunds.ts";

/** Keys of everything that the pages keep from the server; the one list, so that events and pages agree. */
export const keys = {
  session: ["session"] as const,
  board: ["board"] as const,
  meter: (meterId: number) => ["meter", meterId] as const,
  events: (meterId: number) => ["events", meterId] as const,
  frames: (meterId: number) => ["frames", meterId] as const,
  lastDay: (meterId: number) => ["last-day", meterId] as const,
  /** What was asked of a meter and has not ended. */
  waiting: (meterId: number) => ["meter", meterId, "waiting"] as const,
  command: (id: string) => ["command", id] as const,
  /** The newest recharge command that was heard of for a meter: it knows when it was sent. */
  topUp: (meterId: number) => ["top-up", meterId] as const,
  order: (orderNo: string) => ["order", orderNo] as const,
  orders: ["orders"] as const,
  /** The last few recharges of a meter, beside the desk. */
  recent: (meterId: number) => ["orders", "recent", meterId] as const,
  /** The records, page by page, of what a filter holds. */
  records: (filter: string) => ["orders", "records", filter] as const,
  preview: ["preview"] as const,
};

const commandEnds: ReadonlySet<Command["state"]> = new Set(["confirmed", "refused", "stopped", "expired", "cancelled"]);

/** True when a command can change no more. */
export function isCommandDone(command: Command): boolean {
  return commandEnds.has(command.state);
}

/** True when an order, and the switch that it may close, can change no more. */
export function isOrderDone(order: Recharge): boolean {
  if (order.state === "confirmed") return order.reconnection !== "under_way" && order.reconnection !== "press_button";
  return order.state === "refused" || order.state === "stopped" || order.state === "withdrawn";
}

type TilesEvent = Extract<LiveEvent, { type: "tiles" | "gone" }>;

/** A board on its way is at most this old when it comes. */
const HEARD_MS = 30_000;
const heardTiles = new WeakMap<QueryClient, TilesEvent[]>();

/** Somebody else may be listening from now on: what was heard before is not his. */
export function forgetHeard(client: QueryClient): void {
  heardTiles.delete(client);
}

/**
 * A board that was just loaded, with what was heard while it was on its way: the server reads it for many pages at once, and told us of
 * later changes already.
 */
export function caughtUp(client: QueryClient, loaded: Board): Board {
  return (heardTiles.get(client) ?? []).reduce(patchBoard, loaded);
}

function remember(client: QueryClient, event: TilesEvent): void {
  const heard = (heardTiles.get(client) ?? []).filter(({ asOf }) => asOf > event.asOf - HEARD_MS);
  heardTiles.set(client, [...heard, event]);
}

/** Puts what was heard into the cache. Whole objects, so hearing one twice does no harm. */
export function applyLiveEvent(client: QueryClient, event: LiveEvent): void {
  if (event.type === "tiles") {
    remember(client, event);
    client.setQueryData<Board>(keys.board, (board) => board && patchBoard(board, event));
    for (const tile of event.tiles) refreshMeter(client, tile.meterId);
  } else if (event.type === "gone") {
    remember(client, event);
    client.setQueryData<Board>(keys.board, (board) => board && patchBoard(board, event));
    // Nothing is kept of what one may not see any more; what is on screen finds that out.
    for (const meterId of event.meterIds)
      for (const queryKey of keysOfMeter(meterId)) void client.resetQueries({ queryKey });
  } else if (event.type === "command") {
    applyCommand(client, event.command);
  } else if (event.type === "order") {
    client.setQueryData<Recharge>(keys.order(event.order.orderNo), event.order);
    applyOrder(client, event.order);
    refreshMeter(client, event.order.meterId);
  }
}

type Change = { asOf: number; tiles: readonly Tile[] } | { asOf: number; meterIds: readonly number[] };

/** The board with the changed tiles in place of the old ones, or without those that went. Order and untouched tiles stay the very same objects. */
export function patchBoard(board: Board, change: Change): Board {
  if (change.asOf < board.asOf) return board; // a fresh load has overtaken this event
  if ("meterIds" in change) {
    const gone = new Set(change.meterIds);
    const staying = board.tiles.filter(({ meterId }) => !gone.has(meterId));
    return { asOf: change.asOf, counts: countTiles(staying), tiles: staying };
  }
  const changed = new Map(change.tiles.map((tile) => [tile.meterId, tile]));
  const tiles = board.tiles.map((tile) => {
    const next = changed.get(tile.meterId);
    changed.delete(tile.meterId);
    return next ?? tile;
  });
  tiles.push(...changed.values());
  const ordered = changed.size > 0 ? sortTiles(tiles) : tiles;
  return { asOf: change.asOf, counts: countTiles(ordered), tiles: ordered };
}

/** How many tiles are in each state. */
export function countTiles(tiles: readonly Tile[]): Board["counts"] {
  const counts: Record<TileState, number> = { fault: 0, off: 0, alarm: 0, normal: 0 };
  for (const tile of tiles) counts[tile.state]++;
  return { ...counts, total: tiles.length };
}

const natural = new Intl.Collator("zh-CN", { numeric: true });

/** By area, then by room, as people count: A-2 before A-10. */
export function sortTiles(tiles: readonly Tile[]): Tile[] {
  return tiles.toSorted(
    (a, b) =>
      // Neighbours are mostly of one area, and comparing as people count is slow.
      (a.areaId === b.areaId ? 0 : natural.compare(a.areaName, b.areaName)) ||
      a.areaId - b.areaId ||
      natural.compare(a.label, b.label) ||
      a.meterId - b.meterId,
  );
}

type OrderList = RechargePage | InfiniteData<RechargePage>;

/** In place in every list that has the order. A list that it is too new for is loaded again. */
function applyOrder(client: QueryClient, order: Recharge): void {
  for (const [queryKey, list] of client.getQueriesData<OrderList>({ queryKey: keys.orders })) {
    if (list === undefined) continue;
    const [, , meterId] = queryKey;
    if (typeof meterId === "number" && meterId !== order.meterId) continue;
    const newest = ("pages" in list ? list.pages[0] : list)?.items[0]?.orderNo ?? "";
    if (order.orderNo > newest) {
      loadAgain(client, queryKey);
    } else {
      const next: OrderList =
        "pages" in list ? { ...list, pages: list.pages.map((page) => patchPage(page, order)) } : patchPage(list, order);
      client.setQueryData(queryKey, next);
    }
  }
}

function patchPage(page: RechargePage, order: Recharge): RechargePage {
  return { ...page, items: page.items.map((each) => (each.orderNo === order.orderNo ? order : each)) };
}

function applyCommand(client: QueryClient, command: Command): void {
  client.setQueryData<Command>(keys.command(command.id), command);
  if (command.kind === "top_up") {
    client.setQueryData<Command>(keys.topUp(command.meterId), (known) =>
      known && known.createdAt > command.createdAt ? known : command,
    );
  }
  if (command.kind === "deduct" || command.kind === "clear") loadAgain(client, refundKeys.all);
  refreshMeter(client, command.meterId);
}

/** Only what is on screen is loaded again; a meter that nobody looks at is only marked. */
function refreshMeter(client: QueryClient, meterId: number): void {
  if (client.getQueryState<MeterDetail>(keys.meter(meterId)) === undefined) return;
  for (const queryKey of keysOfMeter(meterId)) loadAgain(client, queryKey);
}

const onTheirWay = new WeakSet<Query>();

/**
 * Loads again what is kept under a key. What is on its way for the first time may have been read before the change that we heard of, and the library
 * leaves it at that: it is loaded once more when it is here.
 */
function loadAgain(client: QueryClient, queryKey: QueryKey): void {
  for (const query of client.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" })) {
    if (query.state.data !== undefined || onTheirWay.has(query)) continue;
    onTheirWay.add(query);
    const isHere = (): void => {
      onTheirWay.delete(query);
      void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    };
    query.fetch().then(isHere, isHere);
  }
  void client.invalidateQueries({ queryKey });
}

function keysOfMeter(meterId: number) {
  return [keys.meter(meterId), keys.events(meterId), keys.frames(meterId), keys.lastDay(meterId)];
}
