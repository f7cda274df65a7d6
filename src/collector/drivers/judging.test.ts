import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import {
  encodeError188,
  encodeReadReply188,
  encodeShortError188,
  encodeWriteReply188,
} from "#protocol/cjt188/commands.ts";
import { decodeFrame188, encodeFrame188, type Frame188 } from "#protocol/cjt188/frame.ts";
import { type Reading188, status188 } from "#protocol/cjt188/readings.ts";
import { encodeReadError, encodeReadReply, encodeRelayReply } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { encodeTopUpRefusal, encodeTopUpReply, SERR } from "#protocol/dlt645/prepay.ts";
import { encodeDone97, encodeError97, encodeReadReply97, FUNCTION_97 } from "#protocol/dlt645v1997/commands.ts";
import { sf97Items } from "#protocol/dlt645v1997/sf97.ts";
import type { Driver, MeterAnswer } from "./driver.ts";
import { driverOf } from "./drivers.ts";

const NOW = instant(1_790_000_000_000);
const MAC = new Uint8Array(8).fill(7);
const SER = 9;
const CUSTOMER = "100000010001";

/** One model with everything that could be heard after its questions. */
type Model = {
  profile: string;
  address: string;
  other: string;
  /** The good answer to reading the index. */
  index(address: string, serial: number): Bytes;
  /** A good answer to reading something else. */
  otherItem: Bytes;
  done: { switching: Bytes; topUp: Bytes };
  refusals: { read: Bytes; switching: Bytes; topUp: Bytes };
};

const wire645 = (frame: Frame645) => encodeFrame645(frame);
const wire188 = (frame: Frame188) => encodeFrame188(frame);

function models645(): Model[] {
  const address = "202600100142";
  const reply97 = (at: string, item: string, wh: number) =>
    wire645(encodeReadReply97(at, item, { item: item === "9010" ? "energyTotal" : "energyRemaining", wh }, sf97Items));
  return [
    {
      profile: "jc1",
      address,
      other: "202600100242",
      index: (at) => wire645(encodeReadReply(at, { item: "energyTotal", wh: 123_450 }, di.energyTotal)),
      otherItem: wire645(encodeReadReply(address, { item: "energyRemaining", wh: 770 }, di.energyRemaining)),
      done: { switching: wire645(encodeRelayReply(address, true)), topUp: wire645(encodeTopUpReply(address)) },
      refusals: {
        read: wire645(encodeReadError(address, 2)),
        switching: wire645(encodeRelayReply(address, false)),
        topUp: wire645(encodeTopUpRefusal(address, SERR.purchaseCount)),
      },
    },
    {
      profile: "jc97",
      address,
      other: "202600100242",
      index: (at) => reply97(at, "9010", 123_450),
      otherItem: reply97(address, "E502", 770),
      done: {
        switching: wire645(encodeDone97(address, FUNCTION_97.write)),
        topUp: wire645(encodeDone97(address, FUNCTION_97.write)),
      },
      refusals: {
        read: wire645(encodeError97(address, FUNCTION_97.read, 2)),
        switching: wire645(encodeError97(address, FUNCTION_97.write, 4)),
        topUp: wire645(encodeError97(address, FUNCTION_97.write, 1)),
      },
    },
  ];
}

function model188(profile: string): Model {
  const address = "20260010010042";
  const order = driverOf({ profile }).profile.quirks.diOrder ?? "high-first";
  const call = (at: string, ser: number) => ({ meterType: 0x10, address: at, ser, order });
  const volume: Reading188 = {
    item: "volume",
    litres: 123_450,
    settlementLitres: 0,
    clock: null,
    status: status188(0),
  };
  const state: Reading188 = {
    item: "purchaseState",
    seq: 3,
    purchased: 100,
    cumulative: 300,
    remaining: 77,
    status: status188(1),
  };
  return {
    profile,
    address,
    other: "20260010020042",
    index: (at, ser) => wire188(encodeReadReply188(call(at, ser), "901F", volume)),
    otherItem: wire188(encodeReadReply188(call(address, SER), "8105", state)),
    done: {
      switching: wire188(encodeWriteReply188(call(address, SER), "A017", 1)),
      topUp: wire188(encodeWriteReply188(call(address, SER), "A013", null)),
    },
    refusals: {
      read: wire188(encodeError188(call(address, SER), 1, 2)),
      switching: wire188(encodeShortError188(call(address, SER), 4, 1)),
      topUp: wire188(encodeError188(call(address, SER), 4, 2)),
    },
  };
}

const models = [...models645(), model188("jc188"), model188("cjt188-2004-water")];

const readIndex = (driver: Driver, { address }: Model, serial = SER) =>
  driver.encodeRead(address, driver.placeOf("index") ?? "", serial);
const trip = (driver: Driver, { address }: Model) =>
  driver.switching?.encode({ address, action: "trip", now: NOW, serial: SER }) ?? new Uint8Array();
const topUp = (driver: Driver, { address }: Model) =>
  driver.topUp?.encode({ act: "top_up", address, count: 4, amount: 1_000, customer: CUSTOMER, mac: MAC, serial: SER });

const yes: MeterAnswer = { kind: "done" };
const silent = (why: string) => ({ kind: "silent", why });

describe.each(models)("what is heard from a meter of $profile", (model) => {
  const driver = driverOf(model);
  const own = model.index(model.address, SER);

  test("its own answer is understood, in units of the system", () => {
    const judged = driver.judge(readIndex(driver, model), own);
    expect(judged).toMatchObject({ kind: "answered", answer: { kind: "values", values: { energyWh: 123_450 } } });
  });

  test("its own answer is found behind noise, another meter's and a late one", () => {
    const heard = concat(Uint8Array.of(0x68, 0xff, 0x16), model.index(model.other, SER), model.otherItem, own);
    expect(driver.judge(readIndex(driver, model), heard)).toMatchObject({ kind: "answered" });
  });

  test("another meter's answer, a late one, our own echo and noise are silence", () => {
    const question = readIndex(driver, model);
    expect(driver.judge(question, model.index(model.other, SER))).toEqual(silent("foreign"));
    expect(driver.judge(question, model.otherItem)).toEqual(silent("mismatch"));
    expect(driver.judge(question, question)).toEqual(silent("mismatch"));
    expect(driver.judge(question, Uint8Array.of(1, 2, 3))).toEqual(silent("corrupt"));
    expect(driver.judge(question, new Uint8Array())).toEqual(silent("corrupt"));
  });

  test("an answer is whole with its last byte, not before", () => {
    const question = readIndex(driver, model);
    for (let length = 0; length < own.length; length++) {
      expect(driver.judge(question, own.subarray(0, length)).kind, `${length} bytes`).toBe("silent");
    }
  });

  test("an answer of which any bit was turned over is none", () => {
    const question = readIndex(driver, model);
    const first = own.findIndex((byte) => byte !== 0xfe);
    for (let bit = first * 8; bit < own.length * 8; bit++) {
      const bad = Uint8Array.from(own);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(driver.judge(question, bad).kind, `bit ${bit}`).toBe("silent");
    }
  });

  test("a yes to a switch command or a top-up is a yes, and one to another question is not", () => {
    expect(driver.judge(trip(driver, model), model.done.switching)).toEqual({ kind: "answered", answer: yes });
    expect(driver.judge(readIndex(driver, model), model.done.switching)).toEqual(silent("mismatch"));
    expect(driver.judge(trip(driver, model), own)).toEqual(silent("mismatch"));
    const sold = topUp(driver, model);
    if (sold === undefined) return;
    expect(driver.judge(sold, model.done.topUp)).toEqual({ kind: "answered", answer: yes });
    expect(driver.judge(sold, own)).toEqual(silent("mismatch"));
  });

  test("a refusal is an answer, never a yes", () => {
    const refused = (question: Bytes, heard: Bytes) => expect(driver.judge(question, heard));
    const no = { kind: "answered", answer: { kind: "refused" } };
    refused(readIndex(driver, model), model.refusals.read).toMatchObject(no);
    refused(trip(driver, model), model.refusals.switching).toMatchObject(no);
    const sold = topUp(driver, model);
    if (sold !== undefined) refused(sold, model.refusals.topUp).toMatchObject(no);
  });

  test("whatever is heard never throws and is never taken for a yes", () => {
    const question = trip(driver, model);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        const judged = driver.judge(question, noise);
        expect(judged.kind === "answered" && judged.answer.kind === "done").toBe(false);
      }),
    );
  });
});

describe("meters of CJ/T 188", () => {
  const model = model188("jc188");
  const driver = driverOf(model);

  test("an answer under another serial number is a late one", () => {
    const late = model.index(model.address, SER - 1);
    expect(driver.judge(readIndex(driver, model), late)).toEqual(silent("mismatch"));
  });

  test("a meter may answer with the identifier the other way round", () => {
    const decoded = decodeFrame188(model.index(model.address, SER));
    if (!decoded.ok) throw new Error(decoded.detail);
    const [low = 0, high = 0, ...rest] = decoded.frame.data;
    const turned = wire188({ ...decoded.frame, data: Uint8Array.of(high, low, ...rest) });
    expect(driver.judge(readIndex(driver, model), turned)).toMatchObject({
      kind: "answered",
      answer: { values: { energyWh: 123_450 } },
    });
  });

  test.each([
    [0x0000, { relayOpen: false, fault: false }],
    [0x0001, { relayOpen: true, fault: false }],
    [0x0002, { relayOpen: null, fault: true }],
    [0x0003, { relayOpen: null, fault: true }],
    [0x0004, { relayOpen: false, fault: false }],
    [0xff00, { relayOpen: false, fault: false }],
  ])("ST %i: a broken valve is neither open nor shut", (word, status) => {
    const volume: Reading188 = {
      item: "volume",
      litres: 10,
      settlementLitres: null,
      clock: null,
      status: status188(word),
    };
    const call = { meterType: 0x10, address: model.address, ser: SER, order: "low-first" as const };
    const judged = driver.judge(readIndex(driver, model), wire188(encodeReadReply188(call, "901F", volume)));
    expect(judged).toMatchObject({ kind: "answered", answer: { values: { status: { word, ...status } } } });
  });

  test("remaining volume and purchase count come in one answer; sums of money are no volume", () => {
    const place = driver.placeOf("remaining") ?? "";
    expect(driver.placeOf("count")).toBe(place);
    const asked = driver.encodeRead(model.address, place, SER);
    expect(driver.judge(asked, model.otherItem)).toMatchObject({
      answer: { values: { remainingWh: 770, purchaseCount: 3, status: { relayOpen: true } } },
    });
    expect(driverOf({ profile: "cjt188-2004-water" }).placeOf("remaining")).toBeNull();
  });

  test("a maker's own function code is not understood, whatever else fits", () => {
    const decoded = decodeFrame188(model.done.switching);
    if (!decoded.ok) throw new Error(decoded.detail);
    const vendor = wire188({ ...decoded.frame, control: 0xa4 });
    expect(driver.judge(trip(driver, model), vendor)).toEqual({
      kind: "answered",
      answer: { kind: "not_understood" },
    });
  });
});

describe("meters of DL/T 645-1997", () => {
  test("C020 proves a relay only where the profile says how", () => {
    const address = "202600100142";
    const status = wire645(encodeReadReply97(address, "C020", { item: "status", word: 0x08 }, sf97Items));
    const judged = (profile: string) => {
      const driver = driverOf({ profile });
      return driver.judge(driver.encodeRead(address, driver.placeOf("status") ?? "C020", 0), status);
    };
    expect(judged("jc97")).toMatchObject({ answer: { values: { status: { relayOpen: true } } } });
    expect(judged("sf97")).toMatchObject({ answer: { values: { status: { relayOpen: null, word: 0x08 } } } });
    expect(driverOf({ profile: "gb1997" }).placeOf("status")).toBeNull();
  });

  test("a 2007 answer to the same address is none, and the other way round", () => {
    const [jc1, jc97] = models645();
    if (!jc1 || !jc97) throw new Error("two models");
    const ask = (model: Model) => readIndex(driverOf(model), model);
    expect(driverOf(jc97).judge(ask(jc97), jc1.index(jc1.address, 0))).toEqual(silent("mismatch"));
    expect(driverOf(jc1).judge(ask(jc1), jc97.index(jc97.address, 0))).toEqual(silent("mismatch"));
  });

  test("the same top-up makes the same bytes, another number makes others", () => {
    const driver = driverOf({ profile: "jc97" });
    const sold = (count: number) =>
      driver.topUp?.encode({
        act: "top_up",
        address: "202600100142",
        count,
        amount: 5_000,
        customer: CUSTOMER,
        mac: null,
        serial: 0,
      });
    expect(sold(1)).toEqual(sold(1));
    expect(sold(2)).not.toEqual(sold(1));
  });
});
