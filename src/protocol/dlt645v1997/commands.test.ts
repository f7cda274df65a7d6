import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes.ts";
import {
  decodeAnswer97,
  decodeRequest97,
  encodeClearDemand97,
  encodeClockSet97,
  encodeDataReply97,
  encodeDone97,
  encodeError97,
  encodeRead97,
  encodeReadAgain97,
  encodeReadFollow97,
  encodeReadReply97,
  encodeSetBaud97,
  encodeSetPassword97,
  encodeWrite97,
  encodeWriteAddress97,
  expects97,
  FUNCTION_97,
} from "./commands.ts";
import { describeFrame97 } from "./describe.ts";
import { encodeFrame97, type Frame97 } from "./frame.ts";
import { items97, itemValues97 } from "./items.ts";
import type { Reading97 } from "./readings.ts";
import {
  encodeDataClear97,
  encodeLoadLimit97,
  encodeLoadRange97,
  encodeMode97,
  encodePurchase97,
  encodeRefund97,
  encodeRefundReply97,
  encodeRelay97,
  purchaseIn97,
  refundIn97,
  refundResultIn97,
  relayIn97,
  sf97Items,
} from "./sf97.ts";

const METER = "000000000161";
const PASSWORD = "00111111";

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}

function writeIn(frame: Frame97) {
  const decoded = decodeRequest97(frame);
  if (!decoded.ok || decoded.request.kind !== "write") throw new Error("no write");
  return decoded.request;
}

const readings: [di: string, reading: Reading97, payload: string][] = [
  ["9010", { item: "energyTotal", wh: 260 }, "26000000"],
  ["901F", { item: "energyByTariff", wh: [390, 0, 30, 240, 120] }, "3900000000000000030000002400000012000000"],
  ["B611", { item: "voltage", mv: [231_000] }, "3102"],
  ["B61F", { item: "voltage", mv: [231_000, null, 229_000] }, "3102ffff2902"],
  ["B621", { item: "current", ma: [5_120] }, "1205"],
  ["B63F", { item: "power", w: [1_234, 400, 800, 34] }, "402301004000008000400300"],
  ["C020", { item: "status", word: 0x0c }, "0c"],
  ["E501", { item: "purchase", count: 3, wh: 100_500 }, "b8bb6bbbbabb"],
  ["E502", { item: "energyRemaining", wh: 123_450 }, "45230100"],
  [
    "E50F",
    { item: "counters", usedWh: 1_000, boughtWh: 200_000, remainingWh: 199_000, overdraftWh: 0, count: 12 },
    "000100000000020000990100000000001200",
  ],
  ["C0C0", { item: "loadLimit", flag: 1, w: 400 }, "012000"],
  ["C1C0", { item: "loadRange", wMin: 100, wMax: 2_000 }, "05000001"],
];

describe("readings", () => {
  test.each(readings)("%s is %o on both sides", (di, reading, payload) => {
    const reply = encodeReadReply97(METER, di, reading, sf97Items);
    expect([reply.control, toHex(reply.data.subarray(2))]).toEqual([0x81, payload]);
    expect(decodeAnswer97(reply, sf97Items)).toEqual({ kind: "reading", di, reading });
  });

  test("a block that ends with the separator AAH is the same block", () => {
    const reply = encodeDataReply97(METER, "901F", bytes("3900000000000000aa"));
    expect(decodeAnswer97(reply, items97)).toMatchObject({ reading: { item: "energyByTariff", wh: [390, 0] } });
  });

  test("wrong lengths and digits stay bytes, never numbers", () => {
    for (const [di, payload] of [
      ["9010", "260000"],
      ["9010", "2600000000"],
      ["9010", "2a000000"],
      ["9010", "26000000aa"],
      ["901F", "aa"],
      ["901F", ""],
      ["E501", "030050000100"],
    ] as const) {
      expect(decodeAnswer97(encodeDataReply97(METER, di, bytes(payload)), sf97Items).kind, di + payload).toBe("raw");
    }
  });

  test("a maker's item is read by his table only", () => {
    const reply = encodeReadReply97(METER, "E502", { item: "energyRemaining", wh: 10 }, sf97Items);
    expect(decodeAnswer97(reply, items97)).toMatchObject({ kind: "raw", di: "E502" });
  });

  test("an answer whose rest still follows is not a reading yet", () => {
    const part = encodeDataReply97(METER, "901F", bytes("39000000"), { moreFollows: true });
    expect([part.control, decodeAnswer97(part, items97).kind]).toEqual([0xa1, "raw"]);
    const rest = encodeDataReply97(METER, "901F", bytes("39000000"), { function: FUNCTION_97.readFollow });
    expect([rest.control, decodeAnswer97(rest, items97).kind]).toEqual([0x82, "raw"]);
  });

  test("monthly registers, demands and their times are in the table", () => {
    expect(items97.get("9410")?.name).toBe("forward active energy last month total");
    expect(items97.get("9930")?.zh).toBe("(上上月)一象限无功电能总");
    const time = items97.get("B010");
    if (time === undefined) throw new Error("B010");
    expect(itemValues97(time, bytes("30082512"))).toEqual([{ name: "value", value: "12-25 08:30", unit: "" }]);
    expect(items97.get("B312")?.zh).toBe("B相断相次数");
    const shown = (di: string, hex: string) => {
      const item = items97.get(di);
      return item === undefined ? null : itemValues97(item, bytes(hex))?.[0]?.value;
    };
    expect(shown("B330", "30 12 01 08")).toBe("08-01 12:30");
    expect(shown("B214", "45 23 01")).toBe("12345");
    expect(shown("C321", "02 01 03")).toBe("03-01 ‹02›");
    expect(shown("C3AA", "04 30 22")).toBe("22:30 ‹04›");
    expect(shown("C511", "15 00")).toBe("15");
    expect(shown("C32F", "02 01 03")).toBeNull();
    expect(items97.get("A010")?.fields[0]).toMatchObject({ unit: "kW", decimals: 4 });
  });
});

describe("requests", () => {
  test("a meter reads back what the master meant", () => {
    const time = { year: 2026, month: 8, day: 1, hour: 23, minute: 59, second: 58 };
    const cases: [Frame97, number, object][] = [
      [encodeRead97(METER, "9010"), 0x01, { kind: "read", di: "9010" }],
      [encodeReadFollow97(METER, "901F"), 0x02, { kind: "readFollow", di: "901F" }],
      [encodeReadAgain97(METER), 0x03, { kind: "readAgain" }],
      [encodeClockSet97(time), 0x08, { kind: "clockSet", time }],
      [encodeWriteAddress97(METER), 0x0a, { kind: "writeAddress", newAddress: METER }],
      [encodeSetBaud97(METER, 0x04), 0x0c, { kind: "setBaud", word: 4 }],
      [
        encodeSetPassword97(METER, { old: PASSWORD, next: "00222222" }),
        0x0f,
        { kind: "setPassword", old: PASSWORD, next: "00222222" },
      ],
      [encodeClearDemand97(METER), 0x10, { kind: "clearDemand" }],
    ];
    for (const [frame, control, request] of cases) {
      expect(frame.control).toBe(control);
      expect(decodeRequest97(frame)).toEqual({ ok: true, request });
    }
  });

  test("bad requests are refused with the right ERR, or in silence", () => {
    const frame = (control: number, data: string): Frame97 => ({ address: METER, control, data: bytes(data) });
    expect(decodeRequest97(frame(0x81, "1090"))).toEqual({ ok: false, reason: "from_meter", err: null });
    expect(decodeRequest97(frame(0x1c, "1090"))).toEqual({ ok: false, reason: "unknown_function", err: null });
    expect(decodeRequest97(frame(0x01, "10"))).toEqual({ ok: false, reason: "wrong_length", err: 0x02 });
    expect(decodeRequest97(frame(0x04, "10c00000"))).toEqual({ ok: false, reason: "wrong_length", err: 0x01 });
    expect(decodeRequest97(frame(0x08, "5a0223311225"))).toEqual({ ok: false, reason: "not_a_time", err: null });
    expect(decodeRequest97(frame(0x0a, "01"))).toMatchObject({ reason: "wrong_length" });
    expect(decodeRequest97(frame(0x0c, ""))).toMatchObject({ reason: "wrong_length" });
    expect(decodeRequest97(frame(0x0f, "00111111"))).toMatchObject({ reason: "wrong_length" });
  });
});

describe("answers", () => {
  test("done, refused and unknown are told apart", () => {
    expect(decodeAnswer97(encodeDone97(METER, 0x04), items97)).toMatchObject({ kind: "done", function: 0x04 });
    expect(decodeAnswer97(encodeError97(METER, 0x04, 0x05), items97)).toEqual({
      kind: "refused",
      function: 0x04,
      code: 0x05,
      reasons: ["illegal-data", "password"],
    });
    expect(decodeAnswer97(encodeDone97(METER, 0x0c, Uint8Array.of(0xff)), items97)).toMatchObject({ kind: "refused" });
    expect(decodeAnswer97(encodeDone97(METER, 0x0c, Uint8Array.of(0x04)), items97)).toMatchObject({ kind: "done" });
    expect(decodeAnswer97(encodeRead97(METER, "9010"), items97)).toEqual({ kind: "unexpected", control: 0x01 });
    expect(decodeAnswer97({ address: METER, control: 0x81, data: bytes("10") }, items97).kind).toBe("unexpected");
    expect(decodeAnswer97({ address: METER, control: 0x9c, data: bytes("") }, items97).kind).toBe("unexpected");
  });

  test("never throws on any frame", () => {
    const frames = fc.record({
      address: fc.constant(METER),
      control: fc.integer({ min: 0, max: 255 }),
      data: fc.uint8Array({ maxLength: 64 }),
    });
    fc.assert(
      fc.property(frames, (frame) => {
        decodeAnswer97(frame, sf97Items);
        decodeRequest97(frame);
        describeFrame97(frame, 0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("which answer belongs to which question", () => {
  const question = encodeRead97(METER, "9010");
  const answer = encodeDataReply97(METER, "9010", bytes("26000000"));

  test("the same meter, function and identifier", () => {
    expect(expects97(question, answer)).toBe(true);
    expect(expects97(question, { ...answer, address: "000000000162" })).toBe(false);
    expect(expects97(question, encodeDataReply97(METER, "9020", bytes("26000000")))).toBe(false);
    expect(expects97(question, encodeDone97(METER, 0x04))).toBe(false);
    expect(expects97(question, question)).toBe(false);
    expect(expects97(question, { ...answer, data: bytes("10") })).toBe(false);
    expect(expects97(question, encodeError97(METER, 0x01, 0x02))).toBe(true);
  });

  test("padding of a short address with AA or 00 is the same address", () => {
    expect(expects97(question, { ...answer, address: "AAAAAAAA0161" })).toBe(true);
    expect(expects97({ ...question, address: "AAAAAAAA0161" }, answer)).toBe(true);
    expect(expects97({ ...question, address: "AAAAAAAA0161" }, { ...answer, address: "000000010161" })).toBe(false);
  });

  test("broadcast reads may be answered by anyone, a broadcast clock by nobody", () => {
    expect(expects97({ ...question, address: "999999999999" }, answer)).toBe(true);
    expect(expects97({ ...question, address: "AAAAAAAAAAAA" }, answer)).toBe(true);
    const clock = encodeClockSet97({ year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0 });
    expect(expects97(clock, encodeDone97(METER, 0x08))).toBe(false);
  });

  test("a new address answers from itself", () => {
    expect(expects97(encodeWriteAddress97(METER), encodeDone97(METER, 0x0a))).toBe(true);
    expect(expects97(encodeWriteAddress97(METER), encodeDone97("000000000162", 0x0a))).toBe(false);
  });
});

describe("the prepaid items of sf97", () => {
  test("the relay words stand on the wire as the maker sends them", () => {
    const trip = encodeRelay97(METER, { loop: 1, action: "trip" }, PASSWORD);
    expect(toHex(trip.data)).toBe("27c0001111115533");
    expect(toHex(encodeFrame97(trip, 0))).toBe("686101000000006804085af33344444488667816");
    const close = encodeRelay97(METER, { loop: 2, action: "close" }, PASSWORD);
    expect(toHex(close.data)).toBe("28c0001111116699");
    expect(relayIn97(writeIn(trip))).toEqual({ loop: 1, action: "trip" });
    expect(relayIn97(writeIn(close))).toEqual({ loop: 2, action: "close" });
    expect(describeFrame97(close, 4)).toMatchObject({
      function: "write",
      di: "C028",
      relay: { loop: 2, action: "close" },
    });
  });

  test("any other word or length moves no relay", () => {
    for (const data of ["3355", "6655", "5599", "55", "553300", ""]) {
      expect(relayIn97({ di: "C027", password: PASSWORD, data: bytes(data) }), data).toBeNull();
    }
    expect(relayIn97({ di: "C026", password: PASSWORD, data: bytes("5533") })).toBeNull();
  });

  test("purchases and refunds are masked on the way and come back as they were", () => {
    const purchaseArbitrary = fc.record({ count: fc.nat(9_999), amount: fc.nat(99_999_999) });
    fc.assert(
      fc.property(purchaseArbitrary, (purchase) => {
        expect(purchaseIn97(writeIn(encodePurchase97(METER, purchase, PASSWORD)))).toEqual(purchase);
        const { count, amount } = purchase;
        expect(refundIn97(writeIn(encodeRefund97(METER, count, PASSWORD)))).toBe(count);
        const result = { used: amount, remaining: 0, overdraft: amount, count };
        const reply = decodeAnswer97(encodeRefundReply97(METER, result), sf97Items);
        expect(reply.kind === "done" && refundResultIn97(reply.data)).toEqual(result);
      }),
    );
  });

  test("an unmasked purchase is no purchase", () => {
    expect(purchaseIn97({ di: "E501", password: PASSWORD, data: bytes("030050000100") })).toBeNull();
    expect(purchaseIn97({ di: "E501", password: PASSWORD, data: bytes("b8bb6bbbba") })).toBeNull();
    expect(refundIn97({ di: "E50E", password: PASSWORD, data: bytes("00ff") })).toBeNull();
    expect(refundResultIn97(bytes("00"))).toBeNull();
  });

  test("a refund reply is described with its counters", () => {
    const reply = encodeRefundReply97(METER, { used: 100, remaining: 0, overdraft: 5, count: 2 });
    expect(describeFrame97(reply, 0).values).toEqual([
      { name: "used", value: "1.00", unit: "kWh" },
      { name: "remaining", value: "0.00", unit: "kWh" },
      { name: "overdraft", value: "0.05", unit: "kWh" },
      { name: "purchaseCount", value: "2" },
    ]);
  });

  test("mode, load limits and clearing have the maker's layouts", () => {
    expect(toHex(encodeMode97(METER, true, PASSWORD).data)).toBe("0be50011111104");
    expect(toHex(encodeLoadLimit97(METER, { flag: 1, w: 400 }, PASSWORD).data)).toBe("c0c000111111012000");
    expect(toHex(encodeLoadRange97(METER, { wMin: 100, wMax: 2_000 }, PASSWORD).data)).toBe("c0c10011111105000001");
    expect(toHex(encodeDataClear97(METER, PASSWORD).data)).toBe("20c10011111100000000");
    expect(() => encodeLoadLimit97(METER, { flag: 1, w: 50 }, PASSWORD)).toThrow(/20 W/);
    const reply = encodeReadReply97(METER, "C0C0", { item: "loadLimit", flag: 1, w: 400 }, sf97Items);
    expect(describeFrame97(reply, 0).values).toContainEqual({ name: "limit", value: "400", unit: "W" });
  });

  test("a write keeps its password in front of the data", () => {
    const write = { di: "C010", password: "00000000", data: bytes("06060719") };
    expect(writeIn(encodeWrite97(METER, write))).toMatchObject(write);
  });
});
