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
/** What only time changes, or what an overlap missed, is found by comparing everything. */
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
  let knownOrders = new Map<string, string>();
  let knownCommands = new Map<string, string>();
  let comparedAt = Number.NEGATIVE_INFINITY;

  function unknownTiles(tiles: readonly Tile[]): Tile[] {
    return tiles.filter((tile) => {
      const text = JSON.stringify(tile);
      if (knownTiles.get(tile.meterId) === text) return false;
      knownTiles.set(tile.meterId, text);
      return true;
    });
  }

  return {
    async look(now) {
      const since = now - OVERLAP_MS;
      const time = performance.now();
      const full = time - comparedAt >= FULL_COMPARISON_MS;
      const first = comparedAt < 0;
      const tilesNow = full ? await tileFacts(db.read, scope) : await changedTiles(db.read, scope, since);
      const orders = await changedRecharges(db.read, scope, since);
      const commands = await changedCommands(db.read, scope, since);

      const tiles = unknownTiles(tilesNow);
      const orderTexts = new Map(orders.map((order) => [order.orderNo, JSON.stringify(order)]));
      const commandTexts = new Map(commands.map((command) => [command.id, JSON.stringify(command)]));
      const changed = [
        ...tileEvents(tiles, now),
        ...orders.filter((order) => orderTexts.get(order.orderNo) !== knownOrders.get(order.orderNo)).map(orderEvent),
        ...commands.filter((each) => commandTexts.get(each.id) !== knownCommands.get(each.id)).map(commandEvent),
      ];
      // What left the window comes back only by changing again, so it need not be remembered.
      knownOrders = orderTexts;
      knownCommands = commandTexts;

      const recentTiles = tilesNow.filter((tile) => tile.changedAt >= since);
      const recent = [...tileEvents(recentTiles, now), ...orders.map(orderEvent), ...commands.map(commandEvent)];
      if (full) comparedAt = time;
      return { changed: first ? recent : changed, recent };
    },
  };
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
