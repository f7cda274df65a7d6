import { performance } from "node:perf_hooks";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { createTown, type Town } from "#simulator/town.ts";
import { driverOf } from "./drivers/drivers.ts";
import type { Question } from "./exchange.ts";
import { createPatience, type Limits, type Patience } from "./patience.ts";
import { openSite, type Site } from "./test-site.ts";

const FULL: Limits = { timeoutMs: 1_300, requestMs: 90, msPerByte: 11_000 / 2_400 };
const BYTES = 24;
const LEAST_MS = Math.ceil(FULL.requestMs + BYTES * FULL.msPerByte + 100);

function read(meterId: number, over: Partial<Question> = {}): Question {
  const driver = driverOf({ profile: "jc1" });
  const bytes = new Uint8Array(20);
  return { meterId, bus: 1, via: null, driver, bytes, commandId: null, effect: "none", place: "00010000", ...over };
}

/** So long from the first byte of the question to the last of the answer. */
function hear(patience: Patience, question: Question, delayMs: number): void {
  const elapsedMs = FULL.requestMs + delayMs + BYTES * FULL.msPerByte;
  patience.answered(question, { startedAt: performance.now(), elapsedMs, bytes: BYTES }, FULL);
}

function miss(patience: Patience, question: Question, isStray = false): void {
  const waitedMs = patience.timeoutMs(question, FULL);
  patience.missed(question, { startedAt: performance.now(), waitedMs, isStray }, FULL);
}

/** A bus whose meters have all answered in 30 ms for a while. */
function quickBus(): Patience {
  const patience = createPatience();
  for (let i = 0; i < 100; i++) hear(patience, read(i % 10), 30);
  return patience;
}

describe("waiting for an answer", () => {
  test("begins with the whole allowance, and shrinks to what the bus needs, never below the least", () => {
    expect(createPatience().timeoutMs(read(1), FULL)).toBe(FULL.timeoutMs);
    expect(quickBus().timeoutMs(read(1), FULL)).toBe(LEAST_MS);
    // Of another kind of question nothing is known.
    expect(quickBus().timeoutMs(read(1, { place: "02010000" }), FULL)).toBe(FULL.timeoutMs);
    expect(quickBus().timeoutMs(read(1, { via: "000000000001" }), FULL)).toBe(FULL.timeoutMs);
  });

  test("is the whole allowance for a command, for what has an effect, and where nothing is to be learnt", () => {
    const patience = quickBus();
    expect(patience.timeoutMs(read(1, { commandId: "c" }), FULL)).toBe(FULL.timeoutMs);
    expect(patience.timeoutMs(read(1, { effect: "once" }), FULL)).toBe(FULL.timeoutMs);
    const { place: _, ...nameless } = read(1);
    expect(patience.timeoutMs(nameless, FULL)).toBe(FULL.timeoutMs);
  });

  test("doubles for a meter that missed one, is whole when it missed two, and stays for its neighbours", () => {
    const patience = quickBus();
    miss(patience, read(1));
    expect(patience.timeoutMs(read(1), FULL)).toBe(FULL.requestMs + 2 * (LEAST_MS - FULL.requestMs));
    miss(patience, read(1));
    expect(patience.timeoutMs(read(1), FULL)).toBe(FULL.timeoutMs);
    expect(patience.timeoutMs(read(2), FULL)).toBe(LEAST_MS);
    hear(patience, read(1), 30);
    expect(patience.timeoutMs(read(1), FULL)).toBe(LEAST_MS);
  });

  test("learns that one meter is slow and leaves the others quick", () => {
    const patience = quickBus();
    for (let round = 0; round < 10; round++) {
      if (patience.timeoutMs(read(1), FULL) < FULL.requestMs + 400 + BYTES * FULL.msPerByte) miss(patience, read(1));
      hear(patience, read(1), 400);
      for (let other = 2; other < 50; other++) hear(patience, read(other), 30);
    }
    expect(patience.timeoutMs(read(1), FULL)).toBeGreaterThan(FULL.requestMs + 400 + BYTES * FULL.msPerByte);
    expect(patience.timeoutMs(read(2), FULL)).toBeLessThan(FULL.requestMs + 300 + BYTES * FULL.msPerByte);
  });

  test("is not shortened by an answer that may belong to the question before", () => {
    const patience = createPatience();
    for (let i = 0; i < 50; i++) hear(patience, read(1), 400);
    const before = patience.timeoutMs(read(2), FULL);
    for (let i = 0; i < 50; i++) {
      miss(patience, read(1));
      hear(patience, read(1), 5);
    }
    expect(patience.timeoutMs(read(2), FULL)).toBeGreaterThanOrEqual(before);
  });

  test("property: whatever happens it stays between the least and the whole, and after two misses it is the whole", () => {
    const delay = fc.integer({ min: 20, max: 500 });
    const step = fc.record({ meter: fc.integer({ min: 1, max: 5 }), delay, isLost: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const patience = createPatience();
        for (const { meter, delay, isLost } of steps) {
          const question = read(meter);
          const givenMs = patience.timeoutMs(question, FULL);
          expect(givenMs).toBeLessThanOrEqual(FULL.timeoutMs);
          expect(givenMs).toBeGreaterThanOrEqual(LEAST_MS);
          const isCut = FULL.requestMs + delay + BYTES * FULL.msPerByte > givenMs;
          if (!isLost && !isCut) {
            hear(patience, question, delay);
            continue;
          }
          miss(patience, question);
          expect(patience.timeoutMs(question, FULL)).toBeGreaterThanOrEqual(givenMs);
          miss(patience, question);
          expect(patience.timeoutMs(question, FULL)).toBe(FULL.timeoutMs);
          if (!isLost) hear(patience, question, delay);
        }
        expect(patience.timeoutMs(read(1, { commandId: "c" }), FULL)).toBe(FULL.timeoutMs);
      }),
    );
  });

  test("property: after some answers with the same delay, that delay is waited for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 4, max: 50 }), (delayMs, times) => {
        const patience = createPatience();
        for (let i = 0; i < times; i++) hear(patience, read(i), delayMs);
        const neededMs = Math.min(FULL.requestMs + delayMs + BYTES * FULL.msPerByte, FULL.timeoutMs);
        expect(patience.timeoutMs(read(99), FULL)).toBeGreaterThanOrEqual(neededMs);
      }),
    );
  });
});

describe("late answers", () => {
  test("a command waits until no answer to a question that was cut short can come any more; reads go on", async () => {
    const patience = quickBus();
    const full = { ...FULL, timeoutMs: 400 };
    const startedAt = performance.now();
    patience.missed(read(1), { startedAt, waitedMs: 300, isStray: false }, full);
    await patience.ready(read(2));
    const readAt = performance.now();
    await patience.ready(read(2, { commandId: "c" }));
    const commandAt = performance.now();
    expect(readAt - startedAt).toBeLessThan(commandAt - startedAt);
    expect(commandAt).toBeGreaterThanOrEqual(startedAt + full.timeoutMs);
  });

  test("a command waits also for the second answer of a meter that was asked again and gave the first one late", async () => {
    const patience = quickBus();
    const full = { ...FULL, timeoutMs: 400 };
    const firstAt = performance.now() - 350;
    patience.missed(read(1), { startedAt: firstAt, waitedMs: 300, isStray: false }, full);
    const againAt = performance.now();
    patience.answered(read(1), { startedAt: againAt, elapsedMs: FULL.requestMs + 10, bytes: BYTES }, full);
    await patience.ready(read(1, { commandId: "c" }));
    expect(performance.now()).toBeGreaterThanOrEqual(againAt + full.timeoutMs);
  });

  test("once somebody else's answer is heard, everything waits until the bus is surely silent", async () => {
    const patience = quickBus();
    const full = { ...FULL, timeoutMs: 200 };
    const startedAt = performance.now();
    patience.missed(read(1), { startedAt, waitedMs: 200, isStray: true }, full);
    await patience.ready(read(2));
    expect(performance.now()).toBeGreaterThanOrEqual(startedAt + full.timeoutMs);
  });

  test("a question that had its whole time keeps nobody waiting", async () => {
    const patience = quickBus();
    const startedAt = performance.now();
    patience.missed(read(1), { startedAt, waitedMs: 60_000, isStray: false }, { ...FULL, timeoutMs: 60_000 });
    await patience.ready(read(2, { commandId: "c" }));
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });
});

let site: Site | undefined;
let town: Town | undefined;

afterEach(async () => {
  await town?.close();
  await site?.close();
  town = undefined;
  site = undefined;
});

test("on a bus where answers come late and get lost, no meter is ever shown what another one said", async () => {
  const opened = await openSite({ metersPer: 6 });
  site = opened;
  const collector = await opened.collector({ JICHAO_READ_INTERVAL_SECONDS: "1", JICHAO_EXCHANGE_TIMEOUT_MS: "600" });
  const faults = { everywhere: { lateAnswer: 0.15, lateMs: 350, loseAnswer: 0.05, corrupt: 0.02 } };
  const played = createTown({ plan: opened.plan, speed: 1, bus: { baud: 9600, replyDelayMs: 20 }, faults, seed: 3 });
  town = played;
  played.dial({ host: "127.0.0.1", port: collector.linkPort });
  const counts = () => collector.state().exchanges;
  await expect.poll(() => counts().answered, { interval: 100 }).toBeGreaterThan(150);
  const { mismatch, foreign, timeout } = counts();
  expect(mismatch + foreign + timeout).toBeGreaterThan(0);
  const rows = await opened.db.read
    .selectFrom("reading")
    .innerJoin("meter", "meter.id", "reading.meter_id")
    .where("reading.register", "=", 1)
    .select(["meter.number", "reading.value", "reading.verdict"])
    .execute();
  expect(rows.length).toBeGreaterThan(20);
  for (const { number, value } of rows) {
    const planned = opened.plan.meters.find((each) => each.number === number);
    const shown = played.meter(number);
    expect(value).toBeGreaterThanOrEqual(planned?.initialIndexWh ?? Number.NaN);
    expect(value).toBeLessThanOrEqual(shown?.indexWh ?? Number.NaN);
  }
});
