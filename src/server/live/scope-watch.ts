import { type Instant, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { LiveEvent } from "#contract/live.ts";
import type { Tile } from "#contract/metering.ts";
import type { Scope } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { areaMoves } from "#store/area-moves.ts";
import { changedElsewhere, changedTiles, tileFacts } from "#store/board.ts";
import { changedCommands } from "#store/commands.ts";
import { changedRecharges } from "#store/orders.ts";

/**
 * Every look asks for what changed in this last while, not since the look before: a row carries the time at which its
 * transaction began, and may be committed seconds later.
 */
const OVERLAP_MS = 15 * SECOND_MS;
/** What an overlap missed is found by comparing every tile, and the orders and commands of twice that time. */
const FULL_COMPARISON_MS = MINUTE_MS;
/** Tiles in one event: about 100 KiB. */
const TILES_PER_EVENT_MAX = 250;

/** What one look found. `changed` is what nobody was told yet, `recent` all of the last seconds, for a page that just came. */
export type News = { readonly changed: readonly LiveEvent[]; readonly recent: readonly LiveEvent[] };

/** Knows what the pages of one scope have been told, so that repeats cost nothing. */
export type ScopeWatch = { look(now: Instant): Promise<News> };

/** Watches one scope. The first look only learns how things are: pages load the board themselves. */
export function createScopeWatch({ db }: FlowContext, scope: Scope): ScopeWatch {
  const knownTiles = new Map<number, string>();
  const knownOrders = new Map<string, string>();
  const knownCommands = new Map<string, string>();
  /** When meters went that had been told of: a page that comes later may have loaded its board before. */
  const goneAt = new Map<number, Instant>();
  let comparedAt = Number.NEGATIVE_INFINITY;
  let knownMoves = 0;

  /** Meters that were told of and have no tile any more. */
  async function lookForGone(tilesNow: readonly Tile[], all: boolean, now: Instant): Promise<number[]> {
    const here = new Set(tilesNow.map(({ meterId }) => meterId));
    const elsewhere = all ? [...knownTiles.keys()] : await changedElsewhere(db.read, scope, now - OVERLAP_MS);
    const gone = elsewhere.filter((meterId) => knownTiles.has(meterId) && !here.has(meterId));
    for (const meterId of gone) knownTiles.delete(meterId);
    for (const meterId of gone) goneAt.set(meterId, now);
    for (const [meterId, at] of goneAt) if (here.has(meterId) || at < now - OVERLAP_MS) goneAt.delete(meterId);
    return gone;
  }

  return {
    async look(now) {
      const time = performance.now();
      const moves = await areaMoves(db.read); // before the tiles: what is moved meanwhile is found by the next look
      const full = time - comparedAt >= FULL_COMPARISON_MS;
      const allTiles = full || moves !== knownMoves;
      const first = comparedAt < 0;
      const since = now - OVERLAP_MS;
      const happenedSince = full && !first ? now - 2 * FULL_COMPARISON_MS : since;
      const tilesNow = allTiles ? await tileFacts(db.read, scope) : await changedTiles(db.read, scope, since);
      const gone = await lookForGone(tilesNow, allTiles, now);
      const orders = await changedRecharges(db.read, scope, happenedSince);
      const commands = await changedCommands(db.read, scope, happenedSince);
      if (full) comparedAt = time;
      knownMoves = moves;

      const recentTiles = tilesNow.filter((tile) => tile.changedAt >= since);
      const recent = [
        ...goneEvents([...goneAt.keys()], now),
        ...tileEvents(recentTiles, now),
        ...orders.map(orderEvent),
        ...commands.map(commandEvent),
      ];
      const changed = [
        ...goneEvents(gone, now),
        ...tileEvents(
          learn(knownTiles, tilesNow, (tile) => tile.meterId, allTiles),
          now,
        ),
        ...learn(knownOrders, orders, (order) => order.orderNo, full).map(orderEvent),
        ...learn(knownCommands, commands, (command) => command.id, full).map(commandEvent),
      ];
      return { changed: first ? recent : changed, recent };
    },
  };
}

/** Those that are not known just so; knows them from now on. `all`: what is not in the list may be forgotten. */
function learn<K, T>(known: Map<K, string>, list: readonly T[], key: (each: T) => K, all: boolean): T[] {
  const texts = list.map((each) => JSON.stringify(each));
  const news = list.filter((each, i) => known.get(key(each)) !== texts[i]);
  if (all) known.clear();
  list.forEach((each, i) => {
    known.set(key(each), texts[i] ?? "");
  });
  return news;
}

function goneEvents(meterIds: readonly number[], asOf: Instant): LiveEvent[] {
  return meterIds.length === 0 ? [] : [{ type: "gone", asOf, meterIds: [...meterIds] }];
}

function tileEvents(tiles: readonly Tile[], asOf: Instant): LiveEvent[] {
  const events: LiveEvent[] = [];
  for (let from = 0; from < tiles.length; from += TILES_PER_EVENT_MAX) {
    events.push({ type: "tiles", asOf, tiles: tiles.slice(from, from + TILES_PER_EVENT_MAX) });
  }
  return events;
}

function orderEvent(order: Extract<LiveEvent, { type: "order" }>["order"]): LiveEvent {
  return { type: "order", order };
}

function commandEvent(command: Extract<LiveEvent, { type: "command" }>["command"]): LiveEvent {
  return { type: "command", command };
}
