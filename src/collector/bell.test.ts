import { describe, expect, test } from "vitest";
import { createBell } from "./bell.ts";

const LONG_MS = 60_000;

describe("a bell", () => {
  test("wakes everybody who waits", async () => {
    const bell = createBell();
    const waits = Promise.all([bell.wait(LONG_MS), bell.wait(LONG_MS)]);
    bell.ring();
    await waits;
  });

  test("keeps a ring that nobody heard for the next, once", async () => {
    const bell = createBell();
    bell.ring();
    bell.ring();
    await bell.wait(LONG_MS);
    let woken = false;
    const second = bell.wait(LONG_MS).then(() => {
      woken = true;
    });
    await Promise.resolve();
    expect(woken).toBe(false);
    bell.ring();
    await second;
  });

  test("gives up after the time, and when the signal aborts", async () => {
    const bell = createBell();
    await bell.wait(1);
    const end = new AbortController();
    const wait = bell.wait(LONG_MS, end.signal);
    end.abort();
    await wait;
    await bell.wait(LONG_MS, end.signal);
  });
});
