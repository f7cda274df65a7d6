import { SECOND_MS } from "#base/time.ts";
import type { LiveEvent } from "#contract/live.ts";
import { maskerOf } from "#contract/masked.ts";
import { type Tile, tile } from "#contract/metering.ts";
import { type FieldMask, hiddenFrom } from "#domain/field-mask.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { peekActor } from "#flows/log-in.ts";
import { pause } from "#system/clock.ts";
import { scopeKey } from "../scope-key.ts";
import type { LiveConnection } from "./connection.ts";
import { createScopeWatch, type ScopeWatch } from "./scope-watch.ts";

/** Tells connected pages what changed in their scope. One per server process, however many pages listen. */
export type LiveHub = {
  /** Adds a page; it hears a beat at once, and what changed in the last seconds. False when there are too many. */
  join(listener: { connection: LiveConnection; actor: Actor; token: string }): boolean;
  /** Pages that listen now. */
  listeners(): number;
  /** Somebody wrote something: look now instead of at the next second. */
  nudge(): void;
  /** Ends every stream. */
  close(): Promise<void>;
};

export type HubOptions = {
  readonly ctx: FlowContext;
  /** Between two looks at the database. */
  readonly pollMs?: number;
};

const POLL_MS = SECOND_MS;
/** A burst of nudges makes one look, not one each. */
const GATHER_MS = 50;
const BEAT_MS = 5 * SECOND_MS;
/** A disabled user or an ended session hears nothing after this and one more look. */
const SESSION_CHECK_MS = 3 * SECOND_MS;
/** Streams that one server process keeps: a socket and a small buffer each. */
const LISTENERS_MAX = 2_000;
/** Streams of one user: a page for each of his screens. */
const LISTENERS_PER_USER_MAX = 20;

type Listener = { connection: LiveConnection; actor: Actor; token: string; greeted: boolean };

/** A hub that looks at the database only while somebody listens. */
export function createLiveHub({ ctx, pollMs = POLL_MS }: HubOptions): LiveHub {
  const listeners = new Set<Listener>();
  const watches = new Map<string, ScopeWatch>();
  const stopping = new AbortController();
  let wake = new AbortController();
  let running: Promise<void> | null = null;
  let sessionsCheckedAt = 0;
  let beatenAt = 0;
  let failing = false;

  async function run(): Promise<void> {
    while (listeners.size > 0 && !stopping.signal.aborted) {
      wake = new AbortController();
      await pause(Math.min(pollMs, GATHER_MS), stopping.signal);
      try {
        await turn();
        failing = false;
      } catch (error) {
        // No beat either: pages say by themselves that they are not current.
        if (!failing) ctx.log.warn({ err: error }, "live channel lost the database");
        failing = true;
      }
      dropClosed();
      if (!stopping.signal.aborted) await pause(pollMs, wake.signal);
    }
    watches.clear();
    running = null;
  }

  async function turn(): Promise<void> {
    const now = ctx.clock();
    const time = performance.now();
    if (time - sessionsCheckedAt >= SESSION_CHECK_MS) {
      await cutEndedSessions();
      sessionsCheckedAt = time;
    }
    const groups = byScope(listeners);
    for (const key of watches.keys()) if (!groups.has(key)) watches.delete(key);
    for (const [key, members] of groups) {
      const watch = watches.get(key) ?? createScopeWatch(ctx, members[0].actor.scope);
      watches.set(key, watch);
      const news = await watch.look(now);
      for (const listener of members) {
        tell(listener, listener.greeted ? news.changed : news.recent);
        if (!listener.greeted) tell(listener, [{ type: "beat", asOf: now }]);
        listener.greeted = true;
      }
    }
    if (time - beatenAt >= BEAT_MS) {
      for (const listener of listeners) tell(listener, [{ type: "beat", asOf: now }]);
      beatenAt = time;
    }
  }

  /** Who may no longer listen, or to something else than before, is cut: his page connects again and finds out. */
  async function cutEndedSessions(): Promise<void> {
    const callers = new Map<string, Actor | null>();
    for (const listener of [...listeners]) {
      const known = callers.get(listener.token);
      const actor = known === undefined ? await peekActor(ctx, listener.token) : known;
      callers.set(listener.token, actor);
      if (actor === null || rightsOf(actor) !== rightsOf(listener.actor)) listener.connection.end();
    }
    dropClosed();
  }

  function dropClosed(): void {
    for (const listener of [...listeners]) if (listener.connection.closed()) listeners.delete(listener);
  }

  return {
    join({ connection, actor, token }) {
      dropClosed();
      const own = [...listeners].filter((each) => each.actor.userId === actor.userId).length;
      if (stopping.signal.aborted || listeners.size >= LISTENERS_MAX || own >= LISTENERS_PER_USER_MAX) return false;
      listeners.add({ connection, actor, token, greeted: false });
      wake.abort();
      running ??= run();
      return true;
    },
    listeners: () => listeners.size,
    nudge() {
      wake.abort();
    },
    async close() {
      stopping.abort();
      wake.abort();
      for (const { connection } of listeners) connection.end();
      await running;
    },
  };
}

function tell({ connection, actor }: Listener, events: readonly LiveEvent[]): void {
  const hidden = hiddenFrom(actor.permissions);
  for (const event of events)
    if (mayHear(actor, event)) connection.send(hidden.size === 0 ? event : masked(event, hidden));
}

const maskTile = maskerOf(tile);
/** By what is hidden: the same event goes to many pages. */
const maskedEvents = new Map<string, WeakMap<LiveEvent, LiveEvent>>();

/** An event without what somebody may not see; the same one for all who may not. */
function masked(event: LiveEvent, hidden: ReadonlySet<FieldMask>): LiveEvent {
  if (event.type !== "tiles" || maskTile === null) return event;
  const key = [...hidden].join(" ");
  const made = maskedEvents.get(key) ?? new WeakMap<LiveEvent, LiveEvent>();
  maskedEvents.set(key, made);
  const known = made.get(event);
  if (known !== undefined) return known;
  const now = { ...event, tiles: event.tiles.map((each) => maskTile(each, hidden) as Tile) };
  made.set(event, now);
  return now;
}

function mayHear({ permissions }: Actor, event: LiveEvent): boolean {
  switch (event.type) {
    case "tiles":
    case "gone":
      return permissions.has("board.view");
    case "order":
      return permissions.has("recharge.view");
    case "command":
      return permissions.has("meter.view");
    case "beat":
      return true;
  }
}

function byScope(listeners: Iterable<Listener>): Map<string, [Listener, ...Listener[]]> {
  const groups = new Map<string, [Listener, ...Listener[]]>();
  for (const listener of listeners) {
    const key = scopeKey(listener.actor.scope);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [listener]);
    else group.push(listener);
  }
  return groups;
}

function rightsOf(actor: Actor): string {
  return `${actor.userId} ${actor.previewedBy?.userId ?? ""} ${scopeKey(actor.scope)} ${[...actor.permissions].sort().join(",")}`;
}
