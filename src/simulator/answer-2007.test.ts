import { expect, test } from "vitest";
import { instant, later } from "#base/time.ts";
import { fromHex, toHex } from "#protocol/bytes.ts";
import { decodeAnswer, encodeRead, encodeRelay, type LocalTime, type RelayAction } from "#protocol/dlt645/commands.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { encodeTopUp, MODE_AMOUNT, SERR } from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { answer2007 as answer } from "./answer-2007.ts";
import { HOARD_LIMIT_WH } from "./credit.ts";
import { flipBit } from "./faults.ts";
import { LOCK_MS } from "./mac-lock.ts";
import { type Meter, newMeter, step } from "./meters.ts";
import { type MeterPlan, RELAY_PASSWORD, townPlan } from "./plan.ts";

const plan = townPlan({ seed: 3 });
const NOW = instant(Date.parse("2026-08-03T12:00:00+08:00"));
const SOON: LocalTime = { year: 2026, month: 8, day: 3, hour: 12, minute: 0, second: 1 };

function meterWith(change: Partial<MeterPlan> = {}): Meter {
  return newMeter({ ...plan.meters[1]!, ...change }, 3, NOW);
}

function said(meter: Meter, frame: Frame645, now = NOW) {
  const reply = answer(meter, frame, now);
  return reply && decodeAnswer(reply);
}

function relay(meter: Meter, action: RelayAction, change: { password?: string; validUntil?: LocalTime } = {}) {
  const command = { action, password: RELAY_PASSWORD, operator: "01000000", validUntil: SOON, ...change };
  return said(meter, encodeRelay(meter.plan.address, command));
}

function topUp(
  meter: Meter,
  change: { amount?: number; count?: number; customer?: string; key?: string } = {},
): Frame645 {
  const { amount = 13_300, count = 1, customer = meter.plan.customerNumber, key = meter.plan.rechargeKey } = change;
  const command = { amount, count, customer, operator: "01000000" };
  return encodeTopUp(nodeCiphers, fromHex(key)!, meter.plan.address, command);
}

const done = { kind: "done", function: "top_up" };
const refusedWith = (code: number) => expect.objectContaining({ kind: "refused", function: "top_up", code });
const relayDone = { kind: "done", function: "relay" };
const relayRefused = (code: number) => expect.objectContaining({ kind: "refused", function: "relay", code });

test("a meter tells index, credit and count as its registers show them", () => {
  const meter = meterWith({ initialIndexWh: 123_456_789, initialCreditWh: 55_555 });
  const read = (item: keyof typeof di) => said(meter, encodeRead(meter.plan.address, di[item]));
  expect(read("energyTotal")).toMatchObject({ reading: { item: "energyTotal", wh: 123_456_780 } });
  expect(read("energyRemaining")).toMatchObject({ reading: { wh: 55_550 } });
  expect(read("energyOverdraft")).toMatchObject({ reading: { wh: 0 } });
  expect(read("purchaseCount")).toMatchObject({ reading: { count: 0 } });
});

test("voltage, current and power belong together; missing phases are absent", () => {
  const meter = meterWith();
  meter.state.loadW = 2200;
  const read = (item: keyof typeof di) => said(meter, encodeRead(meter.plan.address, di[item]));
  expect(read("powerTotal")).toMatchObject({ reading: { w: [2200] } });
  expect(read("powerBlock")).toMatchObject({ reading: { w: [2200, 2200, null, null] } });
  expect(read("voltageBlock")).toMatchObject({ reading: { mv: [expect.any(Number), null, null] } });
  expect(read("currentBlock")).toMatchObject({ reading: { ma: [expect.closeTo(10_000, -3), null, null] } });
  expect(read("voltageA")).toMatchObject({ reading: { item: "voltage" } });
  expect(read("currentA")).toMatchObject({ reading: { item: "current" } });
});

test("status word 3 tells relay, command and alarm, alone and in the block", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  expect(said(meter, encodeRead(meter.plan.address, di.statusWord3))).toMatchObject({
    reading: { relayOpen: true, relayCommandedOpen: true, preTripAlarm: true, keepSupply: false, word: 0x01d0 },
  });
  const block = said(meter, encodeRead(meter.plan.address, di.statusWords));
  expect(block?.kind === "raw" && toHex(block.data)).toBe("00000000d0010000000000000000");
});

test("units are taken back and wiped under the same row of numbers; too much is refused and moves nothing", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  const order = (act: "deduct" | "clear", amount: number, count: number) =>
    encodeTopUp(nodeCiphers, fromHex(meter.plan.rechargeKey)!, meter.plan.address, {
      act,
      amount,
      count,
      customer: meter.plan.customerNumber,
      operator: "01000000",
    });
  const before = () => said(meter, encodeRead(meter.plan.address, di.energyBefore));
  expect(said(meter, topUp(meter))).toEqual(done);
  expect(said(meter, order("deduct", 13_301, 2))).toEqual(refusedWith(SERR.tooLittle));
  expect(meter.state).toMatchObject({ creditWh: 133_000, purchaseCount: 1 });
  expect(said(meter, order("deduct", 3_300, 3))).toEqual(refusedWith(SERR.purchaseCount));
  for (let i = 0; i < 3; i++) expect(said(meter, order("deduct", 3_300, 2))).toEqual(done); // a repeat takes nothing
  expect(meter.state).toMatchObject({ creditWh: 100_000, purchaseCount: 2 });
  expect(before()).toMatchObject({ reading: { item: "energyBefore", wh: 133_000 } });
  expect(said(meter, order("deduct", 3_301, 2))).toEqual(refusedWith(SERR.repeated));
  for (let i = 0; i < 3; i++) expect(said(meter, order("clear", 0, 3))).toEqual(done);
  expect(meter.state).toMatchObject({ creditWh: 0, purchaseCount: 3, relayOpen: true, tripCause: "credit" });
  expect(before()).toMatchObject({ reading: { wh: 100_000 } });
  expect(meter.state.topUps).toEqual([
    { count: 1, amount: 13_300 },
    { count: 2, amount: -3_300 },
    { count: 3, amount: -10_000 },
  ]);
  // An overdraft stays as it is.
  meter.state.creditWh = -5_000;
  expect(said(meter, order("clear", 0, 4))).toEqual(done);
  expect(meter.state.creditWh).toBe(-5_000);
});

test("a meter told only to count runs on below zero, and trips when it is told to trip again", () => {
  const meter = meterWith({ initialCreditWh: 1_000, customerNumber: "000000000000" });
  const order = (amount: number, count: number, customer = "100000010001") =>
    encodeTopUp(nodeCiphers, fromHex(meter.plan.rechargeKey)!, meter.plan.address, {
      ...{ act: "set_mode", amount, count, customer, operator: "01000000" },
    } as const);
  const word = () => said(meter, encodeRead(meter.plan.address, di.statusWord3));
  expect(said(meter, order(2, 1))).toEqual(refusedWith(SERR.other));
  for (let i = 0; i < 3; i++) expect(said(meter, order(MODE_AMOUNT.counts, 1))).toEqual(done);
  // One from the shelf belongs to whoever it is first sold to.
  expect(said(meter, order(MODE_AMOUNT.trips, 2, "100000019999"))).toEqual(refusedWith(SERR.customer));
  meter.state.creditWh = -3_000;
  step(meter, 3_600_000);
  expect(meter.state).toMatchObject({ relayOpen: false, purchaseCount: 1 });
  expect(meter.state.creditWh).toBeLessThan(-3_000);
  const shown = word();
  expect(shown?.kind === "reading" && shown.reading.item === "status3" && shown.reading.word & 0x0300).toBe(0);
  expect(said(meter, order(MODE_AMOUNT.trips, 2))).toEqual(done);
  expect(meter.state).toMatchObject({ relayOpen: true, tripCause: "credit", counts: false });
});

test("an unknown item is refused, an unknown function too", () => {
  const meter = meterWith();
  expect(said(meter, encodeRead(meter.plan.address, "0203FFFE"))).toMatchObject({
    kind: "refused",
    function: "read",
    code: 2,
  });
  const write = { address: meter.plan.address, control: 0x14, data: new Uint8Array(12) };
  expect(answer(meter, write, NOW)).toMatchObject({ control: 0xd4 });
});

test("a foreign address, a broadcast and another meter's answer get silence", () => {
  const meter = meterWith();
  expect(said(meter, encodeRead("202600000000", di.energyTotal))).toBeNull();
  expect(said(meter, encodeRead("999999999999", di.energyTotal))).toBeNull();
  expect(said(meter, { address: meter.plan.address, control: 0x91, data: new Uint8Array(8) })).toBeNull();
});

test("a wildcard may read, and hears the real address; it may not command", () => {
  const meter = meterWith();
  const { address } = meter.plan;
  expect(answer(meter, encodeRead("AAAAAAAAAAAA", di.energyTotal), NOW)).toMatchObject({ address, control: 0x91 });
  expect(answer(meter, encodeRead(`AAAAAAAA${address.slice(8)}`, di.energyTotal), NOW)).toMatchObject({ address });
  const asked = answer(meter, { address: "AAAAAAAAAAAA", control: 0x13, data: new Uint8Array() }, NOW);
  expect(asked && toHex(asked.data.toReversed())).toBe(address);
  const trip = { action: "trip" as const, password: RELAY_PASSWORD, operator: "01000000", validUntil: SOON };
  expect(said(meter, { ...encodeRelay(address, trip), address: "AAAAAAAAAAAA" })).toBeNull();
  expect(meter.state.relayOpen).toBe(false);
});

test("a trip opens the relay and a close closes it", () => {
  const meter = meterWith();
  expect(relay(meter, "trip")).toEqual(relayDone);
  expect(meter.state).toMatchObject({ relayOpen: true, tripCause: "command" });
  expect(relay(meter, "close")).toEqual(relayDone);
  expect(meter.state).toMatchObject({ relayOpen: false, commandedOpen: false, tripCause: null });
});

test("a wrong password, a time that is over and a supply guard refuse a trip", () => {
  const meter = meterWith();
  expect(relay(meter, "trip", { password: "02000001" })).toEqual(relayRefused(4));
  expect(relay(meter, "trip", { validUntil: { ...SOON, second: 0 } })).toEqual(relayRefused(1));
  meter.state.keepSupply = true;
  expect(relay(meter, "trip")).toEqual(relayRefused(1));
  expect(meter.state).toMatchObject({ relayOpen: false, revision: 0 });
});

test("a meter without credit refuses to stay closed; one with its credit on the server does not care", () => {
  const empty = meterWith({ initialCreditWh: 0 });
  expect(relay(empty, "close")).toEqual(relayRefused(1));
  expect(relay(empty, "permit_close")).toEqual(relayRefused(1));
  expect(empty.state.relayOpen).toBe(true);
  const served = meterWith({ creditAt: "server" });
  expect(relay(served, "trip")).toEqual(relayDone);
  expect(relay(served, "close")).toEqual(relayDone);
});

test("a meter with a button cannot be closed from afar, only permitted", () => {
  const meter = meterWith({ closesBy: "button" });
  relay(meter, "trip");
  expect(relay(meter, "close")).toEqual(relayRefused(1));
  expect(relay(meter, "permit_close")).toEqual(relayDone);
  expect(meter.state).toMatchObject({ relayOpen: true, commandedOpen: false });
});

test("a top-up adds its amount and raises the count, together", () => {
  const meter = meterWith({ initialCreditWh: 1000 });
  expect(said(meter, topUp(meter))).toEqual(done);
  expect(meter.state).toMatchObject({ creditWh: 134_000, purchaseCount: 1, topUps: [{ count: 1, amount: 13_300 }] });
});

test("the same bytes again are answered with success and add nothing", () => {
  const meter = meterWith({ initialCreditWh: 1000 });
  const bytes = topUp(meter);
  said(meter, bytes);
  const revision = meter.state.revision;
  expect(said(meter, bytes)).toEqual(done);
  expect(said(meter, bytes)).toEqual(done);
  expect(meter.state).toMatchObject({ creditWh: 134_000, purchaseCount: 1, revision });
});

test("another top-up with the last number is a repeat, an older or later number is a count error", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  for (const count of [1, 2, 3]) expect(said(meter, topUp(meter, { count, amount: 100 }))).toEqual(done);
  expect(said(meter, topUp(meter, { count: 3, amount: 200 }))).toEqual(refusedWith(SERR.repeated));
  for (const count of [0, 1, 2, 5]) {
    expect(said(meter, topUp(meter, { count, amount: 100 }))).toEqual(refusedWith(SERR.purchaseCount));
  }
  expect(meter.state).toMatchObject({ creditWh: 3000, purchaseCount: 3 });
  expect(meter.state.topUps).toHaveLength(3);
});

test("a foreign customer, a foreign key and another meter's bytes are refused", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  const other = plan.meters[2]!;
  expect(said(meter, topUp(meter, { customer: other.customerNumber }))).toEqual(refusedWith(SERR.customer));
  expect(said(meter, topUp(meter, { key: other.rechargeKey }))).toEqual(refusedWith(SERR.authentication));
  const stolen = topUp(meterWith({ ...other, customerNumber: meter.plan.customerNumber }));
  expect(said(meter, { ...stolen, address: meter.plan.address })).toEqual(refusedWith(SERR.authentication));
  expect(meter.state).toMatchObject({ creditWh: 0, purchaseCount: 0, topUps: [] });
});

test("no single turned bit of a top-up is ever credited", () => {
  const fresh = meterWith({ initialCreditWh: 0 });
  const good = topUp(fresh);
  for (let bit = 0; bit < good.data.length * 8; bit++) {
    const meter = meterWith({ initialCreditWh: 0 });
    const bad = { ...good, data: flipBit(good.data, bit / (good.data.length * 8)) };
    expect(said(meter, bad), `bit ${bit}`).toMatchObject({ kind: "refused" });
    expect(meter.state).toMatchObject({ creditWh: 0, purchaseCount: 0, topUps: [] });
  }
});

test("five wrong MACs lock top-ups for ten minutes; the last one taken is still confirmed", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  const first = topUp(meter, { amount: 100 });
  said(meter, first);
  const wrong = topUp(meter, { count: 2, key: "00".repeat(16) });
  for (let i = 0; i < 4; i++) expect(said(meter, wrong)).toEqual(refusedWith(SERR.authentication));
  expect(said(meter, wrong)).toEqual(refusedWith(SERR.authentication | SERR.locked));
  const good = topUp(meter, { count: 2, amount: 100 });
  expect(said(meter, good, later(NOW, LOCK_MS - 1))).toEqual(refusedWith(SERR.authentication | SERR.locked));
  expect(said(meter, first)).toEqual(done);
  expect(said(meter, good, later(NOW, LOCK_MS))).toEqual(done);
  expect(meter.state).toMatchObject({ creditWh: 2000, purchaseCount: 2 });
});

test("a good top-up in between starts the tally of wrong MACs again", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  for (let count = 1; count <= 3; count++) {
    for (let i = 0; i < 4; i++) said(meter, topUp(meter, { count, key: "00".repeat(16) }));
    expect(said(meter, topUp(meter, { count, amount: 1 }))).toEqual(done);
  }
});

test("more than the hoard limit is refused and does not use up the number", () => {
  const meter = meterWith({ initialCreditWh: 0 });
  expect(said(meter, topUp(meter, { amount: HOARD_LIMIT_WH / 10 + 1 }))).toEqual(refusedWith(SERR.overLimit));
  expect(said(meter, topUp(meter, { amount: HOARD_LIMIT_WH / 10 }))).toEqual(done);
  expect(meter.state.creditWh).toBe(HOARD_LIMIT_WH);
});

test("a meter that keeps no credit takes no top-up", () => {
  const meter = meterWith({ creditAt: "server" });
  expect(said(meter, topUp(meter))).toEqual(refusedWith(SERR.other));
});
