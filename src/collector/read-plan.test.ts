import { describe, expect, test } from "vitest";
import { instant, MINUTE_MS } from "#base/time.ts";
import { USUAL_ITEMS } from "#domain/collection.ts";
import type { MeterToRead } from "#store/meters.ts";
import { createReadPlan, type ReadPlan, type Round } from "./read-plan.ts";

const INTERVAL_MS = 20_000;
const CLOCK_MS = 1_790_000_000_000;

function meter(meterId: number, change: Partial<MeterToRead> = {}): MeterToRead {
  const never = instant(0);
  return {
    meterId,
    installation: 1,
    address: String(meterId).padStart(12, "0"),
    bus: 1,
    via: null,
    profile: "jc1",
    kind: "electricity",
    creditAt: "meter",
    closesBy: "direct",
    switchKind: "relay",
    lastAnswerAt: never,
    silentRounds: 0,
    indexAt: never,
    remainingAt: never,
    relayAt: never,
    instantAt: never,
    intervalMs: null,
    items: USUAL_ITEMS,
    onSchedule: true,
    baud: null,
    watchesLoad: false,
    ...change,
  };
}

function planOf(meters: MeterToRead[], at = 0): ReadPlan {
  const plan = createReadPlan(INTERVAL_MS);
  plan.update(meters, { monotonicMs: at, clockMs: CLOCK_MS });
  return plan;
}

function round(plan: ReadPlan, at: number): Round {
  const next = plan.next(at);
  if (next.kind !== "round") throw new Error(`nothing to do at ${at} for ${next.waitMs} ms`);
  return next.round;
}

/** Plays a bus for a while: each question takes `exchangeMs`, a silent round three times as long. */
function play(
  plan: ReadPlan,
  options: { forMs: number; exchangeMs: number; dead?: ReadonlySet<number> },
): [number, number][] {
  const read: [at: number, meterId: number][] = [];
  let now = 0;
  while (now < options.forMs) {
    const next = plan.next(now);
    if (next.kind === "nothing") {
      now += next.waitMs;
      continue;
    }
    const { meter: each, items, probe } = next.round;
    const dead = options.dead?.has(each.meterId) === true;
    read.push([now, each.meterId]);
    now += options.exchangeMs * (dead ? (probe ? 3 : 9) : items.length);
    plan.done(each.meterId, dead ? "silent" : "answered", now);
  }
  return read;
}

describe("the plan of readings", () => {
  test("reads every meter that was never read at once", () => {
    const plan = planOf([meter(1), meter(2), meter(3)]);
    expect([round(plan, 0), round(plan, 0), round(plan, 0)].map((each) => each.meter.meterId)).toEqual([1, 2, 3]);
    expect(plan.next(0).kind).toBe("nothing");
  });

  test("leaves a meter alone whose reading is fresh", () => {
    const plan = planOf([meter(1, { indexAt: instant(CLOCK_MS - 5_000) })]);
    expect(plan.next(0)).toEqual({ kind: "nothing", waitMs: INTERVAL_MS });
  });

  test("asks the index and what changes with it, and now and then the rest", () => {
    const plan = planOf([meter(1)]);
    const seen: (readonly string[])[] = [];
    for (let now = 0; seen.length < 3; now += 2 * INTERVAL_MS) {
      seen.push(round(plan, now).items);
      plan.done(1, "answered", now);
    }
    expect(seen).toEqual([
      ["index", "remaining", "status"],
      ["index", "remaining", "status", "power", "voltage", "current", "count"],
      ["index", "remaining", "status"],
    ]);
  });

  test("does not ask a meter for credit that it does not hold", () => {
    const plan = planOf([meter(1, { creditAt: "server" })]);
    expect(round(plan, 0).items).toEqual(["index", "status"]);
    plan.done(1, "answered", 0);
    expect(round(plan, 2 * INTERVAL_MS).items).toEqual(["index", "status", "power", "voltage", "current"]);
  });

  test("reads each meter once in every interval, spread over it", () => {
    const ids = Array.from({ length: 10 }, (_, i) => i + 1);
    const read = play(planOf(ids.map((id) => meter(id))), { forMs: 5 * INTERVAL_MS, exchangeMs: 100 });
    for (const id of ids) expect(read.filter(([, meterId]) => meterId === id).length).toBeGreaterThanOrEqual(5);
    const lastInterval = read.filter(([at]) => at >= 3 * INTERVAL_MS && at < 4 * INTERVAL_MS).map(([at]) => at);
    expect(lastInterval).toHaveLength(10);
    const gaps = lastInterval.slice(1).map((at, i) => at - (lastInterval[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(INTERVAL_MS / 5);
  });

  test("goes round fairly when the bus is too slow for the interval", () => {
    const ids = Array.from({ length: 40 }, (_, i) => i + 1);
    const read = play(planOf(ids.map((id) => meter(id))), { forMs: 600_000, exchangeMs: 300 });
    const counts = ids.map((id) => read.filter(([, meterId]) => meterId === id).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    expect(Math.min(...counts)).toBeGreaterThan(5);
  });

  test("a line that breaks in mid-round again and again reaches every meter: who was read longest ago comes first", () => {
    const ids = Array.from({ length: 40 }, (_, i) => i + 1);
    const readAt = new Map<number, number>();
    const breakMs = 20 * INTERVAL_MS;
    for (let session = 0; session < 6; session++) {
      const clockMs = CLOCK_MS + session * breakMs;
      const plan = createReadPlan(INTERVAL_MS);
      const known = ids.map((id) => meter(id, { indexAt: instant(readAt.get(id) ?? 0) }));
      plan.update(known, { monotonicMs: 0, clockMs });
      for (let n = 0; n < 10; n++) {
        const { meterId } = round(plan, n).meter;
        plan.done(meterId, "answered", n);
        readAt.set(meterId, clockMs + n);
      }
    }
    expect(readAt.size).toBe(40);
    // Six sessions of ten: the first twenty once more, after all had their turn.
    const again = ids.filter((id) => (readAt.get(id) ?? 0) >= CLOCK_MS + 4 * breakMs);
    expect(again).toEqual(ids.slice(0, 20));
  });

  test("comes back to a silent meter with growing pauses, up to some minutes", () => {
    const read = play(planOf([meter(1)]), { forMs: 60 * MINUTE_MS, exchangeMs: 300, dead: new Set([1]) });
    const pauses = read.slice(1).map(([at], i) => at - (read[i]?.[0] ?? 0));
    expect(pauses[0]).toBeLessThan(1.5 * INTERVAL_MS);
    expect(pauses[2]).toBeGreaterThan(3 * INTERVAL_MS);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5 * MINUTE_MS + 3_000);
    expect(pauses.at(-1)).toBeGreaterThan(4 * MINUTE_MS);
  });

  test("silent meters do not starve the others on a bus without time to spare", () => {
    const ids = Array.from({ length: 40 }, (_, i) => i + 1);
    const dead = new Set(ids.slice(0, 20));
    const read = play(planOf(ids.map((id) => meter(id))), { forMs: 600_000, exchangeMs: 300, dead });
    const alive = read.filter(([at, id]) => at > 60_000 && !dead.has(id)).length;
    expect(alive / (540_000 / 1_200)).toBeGreaterThan(0.55);
    expect(read.some(([at, id]) => at > 300_000 && dead.has(id))).toBe(true);
  });

  test("a meter that answers again is read as before", () => {
    const plan = planOf([meter(1, { silentRounds: 6 })]);
    expect(round(plan, 0).probe).toBe(true);
    plan.done(1, "answered", 100);
    expect(round(plan, INTERVAL_MS + 100).probe).toBe(false);
  });

  test("what is known of a meter outlives a look at the archive, and a meter taken away is forgotten", () => {
    const plan = planOf([meter(1), meter(2)]);
    plan.done(round(plan, 0).meter.meterId, "answered", 50);
    plan.update([meter(1)], { monotonicMs: 60, clockMs: CLOCK_MS });
    expect(plan.size()).toBe(1);
    expect(plan.next(60).kind).toBe("nothing");
    plan.done(2, "answered", 70);
    expect(plan.size()).toBe(1);
  });
});
