import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import {
  type Call188,
  decodeAnswer188,
  encodePurchase188,
  encodeRead188,
  encodeReadAddress188,
  encodeValve188,
} from "#protocol/cjt188/commands.ts";
import { encodeFrame188, type Frame188, framesIn188 } from "#protocol/cjt188/frame.ts";
import { encodeRead } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { decodeAnswer97, encodeRead97, encodeReadAgain97, encodeWrite97 } from "#protocol/dlt645v1997/commands.ts";
import { encodePurchase97, encodeRelay97, sf97Items } from "#protocol/dlt645v1997/sf97.ts";
import { answer, heardIn, holdsFrame, isCalled } from "./answer.ts";
import { type Meter, newMeter } from "./meters.ts";
import { type MeterPlan, townPlan } from "./plan.ts";

const NOW = instant(Date.parse("2026-08-03T12:00:00+08:00"));
const town = townPlan({ seed: 3 });
const PASSWORD = "00111111";

function meterOf(profile: string, change: Partial<MeterPlan> = {}): Meter {
  const plan = town.meters.find((each) => each.profile === profile);
  if (!plan) throw new Error(`no ${profile} in the town`);
  return newMeter({ ...plan, creditAt: "meter", initialCreditWh: 10_000, ...change }, 3, NOW);
}

/** Everything that the meter says to bytes on its bus. */
function said(meter: Meter, request: Bytes): Bytes {
  const replies = heardIn(request).map((heard) => (isCalled(meter, heard) ? answer(meter, heard, NOW) : null));
  return concat(...replies.filter((reply) => reply !== null));
}

describe("a meter of DL/T 645-1997", () => {
  const told = (meter: Meter, frame: Frame645) => {
    const [reply] = framesIn645(said(meter, encodeFrame645(frame)));
    return reply ? decodeAnswer97(reply, sf97Items) : null;
  };
  const buy = (meter: Meter, count: number, amount: number) =>
    told(meter, encodePurchase97(meter.plan.address, { count, amount }, PASSWORD));

  test("tells index, counters and relay", () => {
    const meter = meterOf("jc97", { initialIndexWh: 123_456 });
    const { address } = meter.plan;
    expect(told(meter, encodeRead97(address, "9010"))).toMatchObject({ reading: { wh: 123_450 } });
    expect(told(meter, encodeRead97(address, "E50F"))).toMatchObject({ reading: { remainingWh: 10_000, count: 0 } });
    expect(told(meter, encodeRead97(address, "C020"))).toMatchObject({ reading: { word: 0 } });
    expect(told(meter, encodeRead97(address, "0000"))).toMatchObject({ kind: "refused", code: 2 });
  });

  test("takes the next purchase, repeats the last one unchanged, and refuses every other number", () => {
    const meter = meterOf("jc97");
    expect(buy(meter, 1, 500)).toMatchObject({ kind: "done" });
    expect(buy(meter, 1, 500)).toMatchObject({ kind: "done" });
    expect(buy(meter, 1, 600)).toMatchObject({ kind: "refused", code: 1 });
    expect(buy(meter, 3, 500)).toMatchObject({ kind: "refused", code: 1 });
    expect(buy(meter, 0, 500)).toMatchObject({ kind: "refused", code: 1 });
    expect(meter.state).toMatchObject({ creditWh: 15_000, purchaseCount: 1, topUps: [{ count: 1, amount: 500 }] });
  });

  test("switches only with the password, and not on without credit", () => {
    const meter = meterOf("jc97");
    const { address } = meter.plan;
    const relay = (action: "trip" | "close", password = PASSWORD, loop: 1 | 2 = 1) =>
      told(meter, encodeRelay97(address, { loop, action }, password));
    expect(relay("trip", "00000000")).toMatchObject({ kind: "refused", code: 4 });
    expect(relay("trip", PASSWORD, 2)).toMatchObject({ kind: "refused", code: 2 });
    expect(relay("trip")).toMatchObject({ kind: "done" });
    expect(told(meter, encodeRead97(address, "C020"))).toMatchObject({ reading: { word: 8 } });
    meter.state.creditWh = 0;
    expect(relay("close")).toMatchObject({ kind: "refused", code: 1 });
    expect(meter.state.relayOpen).toBe(true);
  });

  test("without the prepaid items knows neither relay nor purchase", () => {
    const meter = meterOf("jc97", { profile: "gb1997", creditAt: "server" });
    const write = { di: "C027", password: "00000000", data: Uint8Array.of(0x55, 0x33) };
    expect(told(meter, encodeWrite97(meter.plan.address, write))).toMatchObject({ kind: "refused", code: 2 });
    expect(told(meter, encodeRead97(meter.plan.address, "E502"))).toMatchObject({ kind: "refused", code: 2 });
    expect(told(meter, encodeReadAgain97(meter.plan.address))).toBeNull();
  });
});

describe.each([
  { profile: "jc188", order: "low-first" as const },
  { profile: "cjt188-2004-water", order: "high-first" as const },
])("a water meter of profile $profile", ({ profile, order }) => {
  const call = (meter: Meter, change: Partial<Call188> = {}): Call188 => ({
    meterType: 0x10,
    address: meter.plan.address,
    ser: 5,
    order,
    ...change,
  });
  const told = (meter: Meter, frame: Frame188) => {
    const [reply] = framesIn188(said(meter, encodeFrame188(frame)));
    return reply ? decodeAnswer188(reply, order) : null;
  };

  test("tells its volume and the state of its valve, and echoes the serial number", () => {
    const meter = meterOf(profile, { initialIndexWh: 123_456 });
    const status = { valve: "open", batteryLow: false };
    expect(told(meter, encodeRead188(call(meter), "901F"))).toMatchObject({
      ser: 5,
      order,
      reading: { litres: 123_450, clock: { year: 2026, hour: 12 }, status },
    });
    expect(told(meter, encodeRead188(call(meter), "8102"))).toMatchObject({ kind: "refused", ser: 5 });
  });

  test("is deaf to the other order of identifiers, and to another kind of meter", () => {
    const meter = meterOf(profile);
    const other = order === "low-first" ? "high-first" : "low-first";
    expect(told(meter, encodeRead188(call(meter, { order: other }), "901F"))).toBeNull();
    expect(told(meter, encodeRead188(call(meter, { meterType: 0x30 }), "901F"))).toBeNull();
  });

  test("a wildcard may read and ask for the address, never command", () => {
    const meter = meterOf(profile);
    const any = call(meter, { meterType: 0xaa, address: "AAAAAAAAAAAAAA" });
    const { address } = meter.plan;
    expect(told(meter, encodeReadAddress188(any))).toMatchObject({ reading: { item: "address", address } });
    expect(told(meter, encodeRead188(any, "901F"))).toMatchObject({ kind: "reading" });
    expect(told(meter, encodeValve188(any, "close"))).toBeNull();
    expect(meter.state.relayOpen).toBe(false);
  });

  test("shuts and opens its valve; a stuck one takes the command, stays, and says that it is abnormal", () => {
    const meter = meterOf(profile);
    expect(told(meter, encodeValve188(call(meter), "close"))).toMatchObject({ status: { valve: "closed" } });
    expect(told(meter, encodeValve188(call(meter), "open"))).toMatchObject({ status: { valve: "open" } });
    meter.state.valveFault = true;
    expect(told(meter, encodeValve188(call(meter), "close"))).toMatchObject({ status: { valve: "abnormal" } });
    expect(meter.state.relayOpen).toBe(false);
  });

  test("takes the next purchase, repeats the last one unchanged, and refuses every other number", () => {
    const meter = meterOf(profile);
    const buy = (seq: number, amount: number) => told(meter, encodePurchase188(call(meter), { seq, amount }));
    expect(buy(1, 500)).toMatchObject({ kind: "done" });
    expect(buy(1, 500)).toMatchObject({ kind: "done" });
    expect(buy(1, 600)).toMatchObject({ kind: "refused" });
    expect(buy(3, 500)).toMatchObject({ kind: "refused" });
    expect(meter.state).toMatchObject({ creditWh: 15_000, purchaseCount: 1, topUps: [{ count: 1, amount: 500 }] });
    expect(told(meter, encodeRead188(call(meter), "8105"))).toMatchObject({
      reading: { seq: 1, purchased: 500, cumulative: 500, remaining: 1_500 },
    });
    const served = meterOf(profile, { creditAt: "server" });
    expect(told(served, encodePurchase188(call(served), { seq: 1, amount: 500 }))).toMatchObject({ kind: "refused" });
  });
});

describe("meters of different protocols", () => {
  test("with one address do not answer for each other", () => {
    const [newer, older] = [meterOf("jc1"), meterOf("jc97")];
    older.plan = { ...older.plan, address: newer.plan.address };
    const asks = {
      2007: encodeFrame645(encodeRead(newer.plan.address, di.energyTotal)),
      1997: encodeFrame645(encodeRead97(newer.plan.address, "9010")),
    };
    expect(said(newer, asks[1997])).toHaveLength(0);
    expect(said(older, asks[2007])).toHaveLength(0);
    expect(said(newer, asks[2007]).length).toBeGreaterThan(0);
    expect(said(older, asks[1997]).length).toBeGreaterThan(0);
  });

  test("end an answer each with its own whole frame", () => {
    const water = meterOf("jc188");
    const call: Call188 = { meterType: 0x10, address: water.plan.address, ser: 1, order: "low-first" };
    const reply = said(water, encodeFrame188(encodeRead188(call, "901F")));
    expect(holdsFrame(reply.subarray(0, reply.length - 1))).toBe(false);
    expect(holdsFrame(reply)).toBe(true);
    expect(holdsFrame(encodeFrame645(encodeRead("000000000001", di.energyTotal)))).toBe(true);
  });
});
