import type { LiveEvent } from "#contract/live.ts";

/** After so long a silence the page says that it is disconnected: the server beats every five seconds. */
export const SILENCE_MS = 15_000;
/** A broken connection is shown at once, but not for the blink of an eye that a restart of the server takes. */
export const BROKEN_MS = 2_000;
/** Time between two attempts to connect. */
export const RETRY_MS = 3_000;
const TICK_MS = 500;

/** `asOf` is the server's time of the newest thing heard, null before the first. */
export type LiveStatus = { state: "connecting" | "live" | "lost"; asOf: number | null };

/** What a stream tells; an `EventSource` behind an adapter in the browser. */
export type LiveHandlers = { opened: () => void; heard: (data: string) => void; broken: () => void };
export type LiveSource = { close: () => void };

export type LiveOptions = {
  open: (handlers: LiveHandlers) => LiveSource;
  /** Milliseconds that only grow (`performance.now`). */
  now: () => number;
  onEvent: (event: LiveEvent) => void;
  /** On every connection: whatever was missed before has to be loaded. */
  onConnected: () => void;
  /** The stream ended or was refused; perhaps the session is over. */
  onBroken: () => void;
};

export type LiveConnection = {
  status: () => LiveStatus;
  subscribe: (tell: () => void) => () => void;
  stop: () => void;
};

/** Keeps a stream of live events open for ever, and knows whether what the page shows is still true. */
export function startLive(options: LiveOptions): LiveConnection {
  const { now } = options;
  const listeners = new Set<() => void>();
  let status: LiveStatus = { state: "connecting", asOf: null };
  let source: LiveSource | null = null;
  let heardAt = now();
  let brokenAt: number | null = null;
  let openedAt = now();

  const setStatus = (next: LiveStatus): void => {
    if (next.state === status.state && next.asOf === status.asOf) return;
    status = next;
    for (const tell of listeners) tell();
  };

  const connect = (): void => {
    source?.close();
    openedAt = now();
    let isCurrent = true;
    const opened = options.open({
      opened: () => {
        if (!isCurrent) return;
        heardAt = now();
        brokenAt = null;
        options.onConnected();
      },
      heard: (data) => {
        if (!isCurrent) return;
        heardAt = now();
        brokenAt = null;
        const event: LiveEvent = JSON.parse(data);
        const asOf = "asOf" in event ? Math.max(event.asOf, status.asOf ?? 0) : status.asOf;
        setStatus({ state: "live", asOf });
        options.onEvent(event);
      },
      broken: () => {
        if (!isCurrent) return;
        source?.close(); // the browser's own retry would be invisible to the watchdog
        source = null;
        brokenAt ??= now();
        options.onBroken();
      },
    });
    source = {
      close: () => {
        isCurrent = false;
        opened.close();
      },
    };
  };

  const tick = (): void => {
    const silent = now() - heardAt >= SILENCE_MS;
    if (silent || (brokenAt !== null && now() - brokenAt >= BROKEN_MS)) setStatus({ ...status, state: "lost" });
    const hung = source !== null && silent && now() - openedAt >= SILENCE_MS;
    const due = source === null && now() - openedAt >= RETRY_MS;
    if (hung || due) connect();
  };

  connect();
  const timer = setInterval(tick, TICK_MS);
  return {
    status: () => status,
    subscribe: (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    stop: () => {
      clearInterval(timer);
      source?.close();
      source = null;
    },
  };
}
