import { type Instant, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { LiveEvent } from "#contract/live.ts";
import type { Tile } from "#contract/metering.ts";
import type { Scope } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { changedTiles, tileFacts } from "#store/board.ts";
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
  let comparedAt = Number.NEGATIVE_INFINITY;

  return {
    async look(now) {
      const time = performance.now();
      const full = time - comparedAt >= FULL_COMPARISON_MS;
      const first = comparedAt < 0;
      const since = now - OVERLAP_MS;
      const happenedSince = full && !first ? now - 2 * FULL_COMPARISON_MS : since;
      const tilesNow = full ? await tileFacts(db.read, scope) : await changedTiles(db.read, scope, since);
      const orders = await changedRecharges(db.read, scope, happenedSince);
      const commands = await changedCommands(db.read, scope, happenedSince);
      if (full) comparedAt = time;

      const recentTiles = tilesNow.filter((tile) => tile.changedAt >= since);
      const recent = [...tileEvents(recentTiles, now), ...orders.map(orderEvent), ...commands.map(commandEvent)];
      const changed = [
        ...tileEvents(
          learn(knownTiles, tilesNow, (tile) => tile.meterId, full),
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
