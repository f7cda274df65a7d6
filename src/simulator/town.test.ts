import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HOUR_MS, type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { fromHex } from "#protocol/bytes.ts";
import { decodeAnswer, encodeRead, encodeRelay } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { encodeTopUp } from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Sound } from "./bus.ts";
import type { FaultSettings } from "./faults.ts";
import { type MeterPlan, RELAY_PASSWORD, townPlan } from "./plan.ts";
import type { TownState } from "./state-file.ts";
import { createTown, type Town } from "./town.ts";

const START = instant(Date.parse("2026-08-03T09:00:00+08:00"));
const plan = townPlan({ seed: 9, concentrators: 1, metersPer: 12 });
const hero = plan.meters[0]!;
const other = plan.meters[1]!;

let folder: string;
let stateFile: string;
let clock: Instant;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jichao-town-"));
  stateFile = join(folder, "town.json");
  clock = START;
});
afterEach(() => rmSync(folder, { recursive: true }));

function town(change: { faults?: FaultSettings; speed?: number; stateFile?: string } = {}): Town {
  const bus = { baud: "instant" as const, replyDelayMs: 0 };
  return createTown({ plan, speed: 1, bus, now: () => clock, ...change });
}

function topUp(meter: MeterPlan, count: number, amount = 13_300): Frame645 {
  const command = { amount, count, customer: meter.customerNumber, operator: "01000000" };
  return encodeTopUp(nodeCiphers, fromHex(meter.rechargeKey)!, meter.address, command);
}

function send(to: Town, frame: Frame645): Sound[] {
  return to.hear("JC000001", 1, encodeFrame645(frame));
}

function answers(to: Town, frame: Frame645) {
  return send(to, frame).flatMap(({ bytes }) => framesIn645(bytes).map(decodeAnswer));
}

function onDisk(): TownState {
  return JSON.parse(readFileSync(stateFile, "utf8"));
}

const done = { kind: "done", function: "top_up" };

test("a lost answer has its effect in the meter; the same bytes again do not add", () => {
  const t = town({ faults: { everywhere: { loseAnswer: 1 } } });
  expect(send(t, topUp(hero, 1))).toEqual([]);
  expect(t.meter(hero.address)).toMatchObject({ creditWh: 133_000, purchaseCount: 1 });
  t.setFaults({ everywhere: {} });
  expect(answers(t, topUp(hero, 1))).toEqual([done]);
  expect(t.meter(hero.address)).toMatchObject({ creditWh: 133_000, topUps: [{ count: 1, amount: 13_300 }] });
});

test("a lost request has no effect", () => {
  const t = town({ faults: { meters: { [hero.address]: { loseRequest: 1 } } } });
  expect(send(t, topUp(hero, 1))).toEqual([]);
  expect(t.meter(hero.address)).toMatchObject({ creditWh: 0, purchaseCount: 0, topUps: [] });
  expect(answers(t, encodeRead(other.address, di.energyTotal))).toHaveLength(1);
});

test("a duplicated top-up is credited once and answered twice with success", () => {
  const t = town({ faults: { concentrators: { JC000001: { duplicate: 1 } } } });
  expect(answers(t, topUp(hero, 1))).toEqual([done, done]);
  expect(t.meter(hero.address)?.topUps).toEqual([{ count: 1, amount: 13_300 }]);
});

test("corrupted frames are never taken for good ones, and never credited wrongly", () => {
  const t = town({ faults: { everywhere: { corrupt: 1 } } });
  const understood = new Set<string>();
  for (let count = 1; count <= 200; count++) {
    const { purchaseCount } = t.meter(hero.address)!;
    for (const answer of answers(t, topUp(hero, purchaseCount + 1, 100))) understood.add(answer.kind);
  }
  const { creditWh, topUps } = t.meter(hero.address)!;
  expect(topUps.length).toBeGreaterThan(20); // corrupted answers still had their effect
  expect(creditWh).toBe(1000 * topUps.length);
  expect([...understood]).toEqual(["done"]); // a turned wake-up bit disturbs nobody
});

test("a late answer says how late, and an offline meter says nothing", () => {
  const t = town({ faults: { everywhere: { lateAnswer: 1, lateMs: 700 }, offlineMeters: [other.address] } });
  expect(send(t, encodeRead(hero.address, di.energyTotal))).toMatchObject([{ lateMs: 700 }]);
  expect(send(t, encodeRead(other.address, di.energyTotal))).toEqual([]);
  t.setMeterOffline(other.address, false);
  expect(send(t, encodeRead(other.address, di.energyTotal))).toHaveLength(1);
});

test("a meter is silent on a bus that it does not hang on, and several at once are not a frame", () => {
  const t = town();
  expect(t.hear("JC000001", 2, encodeFrame645(encodeRead(hero.address, di.energyTotal)))).toEqual([]);
  expect(t.hear("JC000002", 1, encodeFrame645(encodeRead(hero.address, di.energyTotal)))).toEqual([]);
  expect(t.hear("JC000001", 1, Uint8Array.of(1, 2, 3))).toEqual([]);
  expect(answers(t, encodeRead("AAAAAAAAAAAA", di.energyTotal))).toEqual([]);
});

test("when the answer appears the top-up is on the disk: a kill at that moment loses nothing", () => {
  const t = town({ stateFile });
  expect(send(t, topUp(hero, 1))).toHaveLength(1);
  expect(onDisk().meters[hero.address]).toMatchObject({ creditWh: 133_000, purchaseCount: 1 });
  const reborn = town({ stateFile }); // the first one is never closed: it was killed
  expect(answers(reborn, topUp(hero, 1))).toEqual([done]);
  expect(reborn.meter(hero.address)?.topUps).toEqual([{ count: 1, amount: 13_300 }]);
});

test("a relay change is on the disk before its answer, too", () => {
  const t = town({ stateFile });
  const validUntil = { year: 2026, month: 8, day: 3, hour: 9, minute: 5, second: 0 };
  const trip = { action: "trip" as const, password: RELAY_PASSWORD, operator: "01000000", validUntil };
  expect(answers(t, encodeRelay(other.address, trip))).toEqual([{ kind: "done", function: "relay" }]);
  expect(onDisk().meters[other.address]).toMatchObject({ relayOpen: true, tripCause: "command" });
});

test("after a kill no register shows less than it has told", () => {
  const t = town({ stateFile, speed: 3600 });
  clock = later(clock, 4_321); // nothing was saved since the start
  const told = t.snapshot().meters.map((m) => m.indexWh);
  const reborn = town({ stateFile, speed: 3600 });
  expect(reborn.snapshot().meters.map((m) => m.indexWh)).toEqual(told);
});

test("an orderly stop freezes the town; the time until the next start uses nothing", async () => {
  const t = town({ stateFile, speed: 60 });
  clock = later(clock, 10 * MINUTE_MS);
  await t.close();
  const before = onDisk();
  clock = later(clock, 100 * HOUR_MS);
  const reborn = town({ stateFile, speed: 1 });
  expect(reborn.snapshot().townMs).toBe(clock);
  for (const { address, indexWh } of reborn.snapshot().meters) expect(indexWh).toBe(before.meters[address]?.indexWh);
});

test("a state file of another town, or of nobody, is refused and left alone", () => {
  town({ stateFile });
  const foreign = townPlan({ seed: 10, concentrators: 1, metersPer: 12 });
  const bus = { baud: "instant" as const, replyDelayMs: 0 };
  expect(() => createTown({ plan: foreign, speed: 1, bus, stateFile })).toThrow(/remembers another town \(seed 9/);
  const larger = townPlan({ seed: 9, concentrators: 1, metersPer: 13 });
  expect(() => createTown({ plan: larger, speed: 1, bus, stateFile })).toThrow(/another state file/);
  writeFileSync(stateFile, "{ half a fi");
  expect(() => town({ stateFile })).toThrow(/not a simulator state file/);
  expect(readFileSync(stateFile, "utf8")).toBe("{ half a fi");
});

test("two runs with one seed give identical histories, whatever looks in between", () => {
  const run = (looks: number) => {
    clock = START;
    const t = town({ speed: 600, faults: { everywhere: { loseAnswer: 0.3, loseRequest: 0.2, corrupt: 0.2 } } });
    for (let count = 1; count <= 40; count++) {
      clock = later(clock, 30_000);
      for (let look = 0; look < looks; look++) t.snapshot();
      send(t, topUp(hero, t.meter(hero.address)!.purchaseCount + 1, 500));
    }
    return t.snapshot();
  };
  const first = run(0);
  expect(run(3)).toEqual(first);
  expect(first.meters[0]!.topUps.length).toBeGreaterThan(10);
  expect(first.meters.some((m) => m.tripCause === "credit" && m.address !== hero.address)).toBe(true);
});

test("speed hastens use, and only from the moment it is set", () => {
  const t = town();
  t.setLoad(other.address, 1000);
  const from = t.meter(other.address)!.indexWh;
  clock = later(clock, 36_000);
  expect(t.meter(other.address)!.indexWh - from).toBe(10);
  t.setSpeed(100);
  clock = later(clock, 36_000);
  expect(t.meter(other.address)!.indexWh - from).toBe(1010);
  expect(() => t.setSpeed(0)).toThrow("speed");
  expect(() => t.setSpeed(3601)).toThrow("speed");
});

test("a meter runs empty, is topped up, and stays off until it is closed", () => {
  const t = town();
  t.setCredit(other.address, 5);
  t.setLoad(other.address, 3600);
  clock = later(clock, 5_000);
  expect(t.meter(other.address)).toMatchObject({ creditWh: 0, relay: "open", tripCause: "credit", powerW: 0 });
  expect(answers(t, topUp(other, 1))).toEqual([done]);
  expect(t.meter(other.address)).toMatchObject({ creditWh: 133_000, relay: "open" });
  const validUntil = { year: 2026, month: 8, day: 3, hour: 9, minute: 5, second: 0 };
  const command = { action: "close" as const, password: RELAY_PASSWORD, operator: "01000000", validUntil };
  expect(answers(t, encodeRelay(other.address, command))).toEqual([{ kind: "done", function: "relay" }]);
  expect(t.meter(other.address)).toMatchObject({ relay: "closed", tripCause: null, powerW: 3600 });
});

test("what nobody has is answered with false or null", () => {
  const t = town();
  expect(t.meter("000000000000")).toBeNull();
  expect(t.pressButton("000000000000")).toBeNull();
  expect(t.setCredit("000000000000", 1)).toBe(false);
  expect(t.setMeterOffline("000000000000", true)).toBe(false);
  expect(t.setConcentratorOffline("JC999999", true)).toBe(false);
});
