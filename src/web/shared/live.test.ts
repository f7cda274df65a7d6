import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LiveEvent } from "#contract/live.ts";
import { type LiveConnection, type LiveHandlers, type LiveSource, startLive } from "./live.ts";

type FakeSource = LiveHandlers & LiveSource & { closed: boolean };

let sources: FakeSource[];
let heard: LiveEvent[];
let connected: number;
let broken: number;
let live: LiveConnection;
const newest = (): FakeSource => sources.at(-1)!;
const beat = (asOf: number) => newest().heard(JSON.stringify({ type: "beat", asOf }));
const pass = (ms: number) => vi.advanceTimersByTime(ms);

beforeEach(() => {
  vi.useFakeTimers();
  [sources, heard, connected, broken] = [[], [], 0, 0];
  live = startLive({
    open: (handlers) => {
      const source: FakeSource = {
        ...handlers,
        closed: false,
        close() {
          this.closed = true;
        },
      };
      sources.push(source);
      return source;
    },
    now: () => Date.now(),
    onEvent: (event) => heard.push(event),
    onConnected: () => connected++,
    onBroken: () => broken++,
  });
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

describe("a live connection", () => {
  test("is not called live before something was heard", () => {
    newest().opened();
    expect(live.status()).toEqual({ state: "connecting", asOf: null });
    beat(1000);
    expect(live.status()).toEqual({ state: "live", asOf: 1000 });
    expect(heard).toEqual([{ type: "beat", asOf: 1000 }]);
  });

  test("is lost after fifteen seconds of silence, although nothing broke", () => {
    newest().opened();
    beat(1000);
    pass(14_400);
    expect(live.status().state).toBe("live");
    pass(700);
    expect(live.status()).toEqual({ state: "lost", asOf: 1000 });
    expect(sources.length).toBe(2);
    expect(sources[0]?.closed).toBe(true);
  });

  test("stays live as long as the server beats", () => {
    newest().opened();
    for (let at = 1; at <= 20; at++) {
      beat(at * 5000);
      pass(5000);
    }
    expect(live.status()).toEqual({ state: "live", asOf: 100_000 });
    expect(sources.length).toBe(1);
  });

  test("that breaks is said to be lost soon, tries again, and asks for everything anew", () => {
    newest().opened();
    beat(1000);
    newest().broken();
    expect(broken).toBe(1);
    expect(live.status().state).toBe("live");
    pass(2500);
    expect(live.status().state).toBe("lost");
    pass(1000);
    expect(sources.length).toBe(2);
    newest().opened();
    expect(connected).toBe(2);
    beat(9000);
    expect(live.status()).toEqual({ state: "live", asOf: 9000 });
  });

  test("keeps trying while the server refuses", () => {
    for (let attempt = 0; attempt < 4; attempt++) {
      newest().broken();
      pass(3500);
    }
    expect(sources.length).toBe(5);
    expect(live.status().state).toBe("lost");
  });

  test("does not believe a source that it has given up", () => {
    const old = newest();
    pass(16_000);
    old.heard(JSON.stringify({ type: "beat", asOf: 5 }));
    expect(live.status()).toEqual({ state: "lost", asOf: null });
  });

  test("never lets its clock go back", () => {
    beat(9000);
    beat(8000);
    expect(live.status().asOf).toBe(9000);
  });

  test("tells its listeners, and no longer when they have left", () => {
    let told = 0;
    const leave = live.subscribe(() => told++);
    beat(1);
    leave();
    beat(2);
    expect(told).toBe(1);
  });
});
