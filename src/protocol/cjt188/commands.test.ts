import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes.ts";
import {
  ANY_188,
  type Call188,
  decodeAnswer188,
  decodeRequest188,
  encodeAddressReply188,
  encodeDataReply188,
  encodeError188,
  encodePurchase188,
  encodeRead188,
  encodeReadAddress188,
  encodeReadReply188,
  encodeReadVolume188,
  encodeSetClock188,
  encodeShortError188,
  encodeValve188,
  encodeValveReply188,
  encodeWrite188,
  encodeWriteAddress188,
  encodeWriteReply188,
  expects188,
  nextSer,
  sameMeter188,
} from "./commands.ts";
import { describeFrame188 } from "./describe.ts";
import { encodeFrame188, type Frame188 } from "./frame.ts";
import { diFromWire188, items188 } from "./items.ts";
import { measuredIn, type Reading188, status188, statusWord188 } from "./readings.ts";
import { meterTypeName } from "./units.ts";

const WATER: Call188 = { meterType: 0x10, address: "00002020120218", ser: 5, order: "high-first" };
const HEAT: Call188 = { ...WATER, meterType: 0x20 };
const CLOCK = { year: 2026, month: 8, day: 1, hour: 23, minute: 59, second: 58 };

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}

const volume: Reading188 = {
  item: "volume",
  litres: 2_222_000,
  settlementLitres: 1_999_990,
  clock: CLOCK,
  status: status188(0),
};

const otherReadings: [di: string, reading: Reading188, payload: string][] = [
  ["D120", { item: "settlement", litres: 12_340 }, "341200002c"],
  [
    "8105",
    { item: "purchaseState", seq: 2, purchased: 15_000, cumulative: 20_000, remaining: 1_234, status: status188(1) },
    "0200500100000002003412000001" + "00",
  ],
  ["810A", { item: "address", address: "00002020120218" }, "18021220200000"],
];

describe("readings", () => {
  test("a volume goes out in 0.01 m3 with clock and status, in either order of the identifier", () => {
    const reply = encodeReadReply188(WATER, "901F", volume);
    expect([reply.control, toHex(reply.data)]).toEqual([
      0x81,
      "901f0500222200" + "2c999919002c" + "58592301082620" + "0000",
    ]);
    expect(decodeAnswer188(reply)).toEqual({
      kind: "reading",
      di: "901F",
      ser: 5,
      order: "high-first",
      reading: volume,
    });
    const low = encodeReadReply188({ ...WATER, order: "low-first" }, "901F", volume);
    expect(toHex(low.data.subarray(0, 3))).toBe("1f9005");
    expect(decodeAnswer188(low)).toMatchObject({ di: "901F", order: "low-first", reading: volume });
  });

  test("a heat meter's block has the captured length and layout", () => {
    const payload =
      "8009000005" +
      "8009000005" +
      "0000000017" +
      "0000000035" +
      "320000002c" +
      "622400" +
      "182500" +
      "763905" +
      "25111102121820" +
      "0000";
    const reply = encodeDataReply188(HEAT, "901F", bytes(payload));
    expect(reply.data).toHaveLength(0x2e);
    const answer = decodeAnswer188(reply);
    expect(answer).toMatchObject({
      reading: {
        item: "heat",
        wh: 9_800,
        litres: 320,
        supplyTemperature: 2_462,
        returnTemperature: 2_518,
        hours: 53_976,
      },
    });
    if (answer.kind !== "reading") throw new Error("no reading");
    expect(toHex(encodeReadReply188(HEAT, "901F", answer.reading).data)).toBe(toHex(reply.data));
    expect(describeFrame188(reply, 0)).toMatchObject({
      meterTypeName: "heat",
      currentHeat: { value: "9.80", unitCode: "05", unit: "kWh" },
      volume: { value: "0.32", unitCode: "2C", unit: "m3" },
      values: expect.arrayContaining([{ name: "returnTemperature", value: "25.18", unit: "C" }]),
    });
  });

  test.each(otherReadings)("%s is %o on both sides", (di, reading, payload) => {
    const reply = encodeReadReply188(WATER, di, reading);
    expect(toHex(reply.data.subarray(3))).toBe(payload);
    expect(decodeAnswer188(reply)).toMatchObject({ kind: "reading", di, reading });
  });

  test("a wrong length, digit or unit is never a number", () => {
    const good = toHex(encodeReadReply188(WATER, "901F", volume).data.subarray(3));
    for (const payload of [
      good.slice(2),
      `${good}00`,
      `0a${good.slice(2)}`,
      good.replace("2c", "05"),
      good.replace("2c", "00"),
      "",
    ]) {
      expect(decodeAnswer188(encodeDataReply188(WATER, "901F", bytes(payload))).kind, payload).toBe("raw");
    }
  });

  test("a broken settlement volume or clock does not hide the current volume", () => {
    const payload = bytes(toHex(encodeReadReply188(WATER, "901F", volume).data.subarray(3)));
    payload.fill(0xff, 5, 17);
    expect(decodeAnswer188(encodeDataReply188(WATER, "901F", payload))).toMatchObject({
      reading: { litres: 2_222_000, settlementLitres: null, clock: null },
    });
  });

  test.each([
    ["01000000" + "29", "volume", 0],
    ["00010000" + "29", "volume", 1],
    ["00010000" + "2a", "volume", 10],
    ["00010000" + "2c", "volume", 1_000],
    ["00010000" + "2e", "volume", 100_000],
    ["00010000" + "05", "energy", 1_000],
    ["00010000" + "11", "energy", 277_778],
    ["00010000" + "0e", "energy", 278],
    ["00010000" + "18", "power", 10_000],
    ["00010000" + "05", "volume", null],
    ["00010000" + "2f", "volume", null],
  ] as const)("%s measured as %s is %s base units", (hex, measures, base) => {
    expect(measuredIn(bytes(hex), 0, 2, measures)).toBe(base);
  });

  test("volumes up to the end of the register survive both ways", () => {
    fc.assert(
      fc.property(fc.nat(99_999_999), (steps) => {
        const reading = { ...volume, litres: steps * 10 };
        expect(decodeAnswer188(encodeReadReply188(WATER, "901F", reading))).toMatchObject({ reading });
      }),
    );
  });
});

describe("identifiers", () => {
  test("the order that names a known item is taken, the expected one where both do", () => {
    expect(diFromWire188(bytes("1f90"))).toMatchObject({ di: "901F", order: "low-first", item: { name: "reading" } });
    expect(diFromWire188(bytes("901f"), "low-first")).toMatchObject({
      di: "901F",
      order: "high-first",
      item: { name: "reading" },
    });
    expect(diFromWire188(bytes("d2d3"), "high-first")).toMatchObject({ di: "D2D3" });
    expect(diFromWire188(bytes("d2d3"), "low-first")).toMatchObject({ di: "D3D2" });
    expect(diFromWire188(bytes("1234"))).toEqual({ di: "1234", order: "high-first", item: undefined });
    expect(diFromWire188(bytes("12"))).toBeNull();
  });

  test("history and freezes of 2018 and makers' own are in the table", () => {
    expect([items188.get("D12B")?.name, items188.get("D2FF")?.clause]).toEqual(["settlement month -12", "2018"]);
    expect(items188.get("A0EC")?.clause).toBe("vendor");
    const freeze = encodeDataReply188(
      WATER,
      "D300",
      bytes("00000001082620" + "341200002c" + "0000000035" + "002000" + "300000"),
    );
    expect(freeze.data).toHaveLength(0x1a);
    expect(describeFrame188(freeze, 0)).toMatchObject({ current: { value: "12.34" }, clock: "2026-08-01 00:00:00" });
    expect(decodeAnswer188(freeze).kind).toBe("raw");
  });

  test("reserved meter types take the name of their family", () => {
    expect([0x10, 0x19, 0x25, 0x30, 0x55].map((type) => meterTypeName(type).name)).toEqual([
      "cold water",
      "water",
      "heat",
      "gas",
      "unknown",
    ]);
  });
});

describe("requests", () => {
  test("a meter reads back what the master meant, and how to echo it", () => {
    const call: Call188 = { ...WATER, order: "low-first" };
    const cases: [Frame188, number, object][] = [
      [encodeReadVolume188(call), 0x01, { kind: "read", di: "901F" }],
      [encodeReadAddress188({ ...call, ...ANY_188 }), 0x03, { kind: "readAddress" }],
      [encodeValve188(call, "open"), 0x04, { kind: "valve", action: "open" }],
      [encodeValve188(call, "close", 3), 0x04, { kind: "valve", action: "close" }],
      [
        encodePurchase188(call, { seq: 2, amount: 15_000 }),
        0x04,
        { kind: "purchase", purchase: { seq: 2, amount: 15_000 } },
      ],
      [encodeSetClock188(call, CLOCK), 0x04, { kind: "setClock", time: CLOCK }],
      [encodeWriteAddress188(call, "00002020120219"), 0x15, { kind: "writeAddress", newAddress: "00002020120219" }],
      [encodeWrite188(call, "A012", Uint8Array.of(1)), 0x04, { kind: "write", di: "A012", data: Uint8Array.of(1) }],
    ];
    for (const [frame, control, request] of cases) {
      expect(frame.control).toBe(control);
      expect(decodeRequest188(frame)).toMatchObject({ ok: true, call: { ser: 5, order: "low-first" }, request });
    }
  });

  test("a valve moves for 55H and 99H only, a purchase needs digits", () => {
    const bad = { ok: false, reason: "bad_data", answer: true };
    for (const code of ["66", "77", "00", "54", ""]) {
      expect(decodeRequest188(encodeWrite188(WATER, "A017", bytes(code))), code).toEqual(bad);
    }
    for (const data of ["0200500a00", "02005001", "020050010000", ""]) {
      expect(decodeRequest188(encodeWrite188(WATER, "A013", bytes(data))), data).toEqual(bad);
    }
    expect(decodeRequest188(encodeWrite188(WATER, "A015", new Uint8Array(7)))).toEqual(bad);
    expect(decodeRequest188({ ...encodeWriteAddress188(WATER, WATER.address), data: bytes("a01805") })).toEqual(bad);
  });

  test("answers, short frames and unknown functions are met with silence", () => {
    expect(decodeRequest188(encodeValveReply188(WATER, 0))).toMatchObject({ reason: "from_meter", answer: false });
    expect(decodeRequest188({ ...encodeReadVolume188(WATER), data: bytes("901f") })).toMatchObject({
      reason: "too_short",
    });
    expect(decodeRequest188({ ...encodeReadVolume188(WATER), control: 0x11 })).toMatchObject({
      reason: "unknown_function",
    });
  });

  test("serial numbers go round", () => {
    expect([nextSer(0), nextSer(255)]).toEqual([1, 0]);
    expect(() => encodeReadVolume188({ ...WATER, ser: 256 })).toThrow(/SER/);
  });
});

describe("answers", () => {
  test("a write reply carries ST, one byte of it, or nothing", () => {
    expect(decodeAnswer188(encodeValveReply188(WATER, 0x01))).toMatchObject({
      kind: "done",
      di: "A017",
      status: { valve: "closed", batteryLow: false },
    });
    expect(decodeAnswer188(encodeDataReply188(WATER, "A017", Uint8Array.of(4), 0x04))).toMatchObject({
      status: { valve: "open", batteryLow: true },
    });
    expect(decodeAnswer188(encodeWriteReply188(WATER, "A013", null))).toMatchObject({ kind: "done", status: null });
  });

  test("refusals come with SER and ST, or as one byte", () => {
    expect(decodeAnswer188(encodeError188(WATER, 0x04, 0x02))).toEqual({
      kind: "refused",
      function: 4,
      ser: 5,
      code: 2,
    });
    expect(decodeAnswer188(encodeShortError188(WATER, 0x04, 1))).toEqual({
      kind: "refused",
      function: 4,
      ser: null,
      code: 1,
    });
    expect(describeFrame188(encodeError188(WATER, 0x01, 2), 0)).toMatchObject({ abnormal: true, errorData: "050200" });
  });

  test("a maker's own function proves nothing, even with a known identifier", () => {
    const odd = { ...encodeValveReply188(WATER, 0), control: 0xaa };
    expect(decodeAnswer188(odd)).toMatchObject({ kind: "vendor", control: 0xaa });
  });

  test("an address comes as data or as the sender of a bare header", () => {
    const expected = { kind: "reading", reading: { item: "address", address: WATER.address } };
    expect(decodeAnswer188(encodeAddressReply188(WATER))).toMatchObject(expected);
    expect(decodeAnswer188(encodeDataReply188(WATER, "810A", bytes(""), 0x03))).toMatchObject(expected);
  });

  test("questions, bare headers and unknown functions are unexpected", () => {
    expect(decodeAnswer188(encodeReadVolume188(WATER)).kind).toBe("unexpected");
    expect(decodeAnswer188({ ...encodeReadReply188(WATER, "901F", volume), data: bytes("901f") }).kind).toBe(
      "unexpected",
    );
    expect(decodeAnswer188({ ...encodeReadReply188(WATER, "901F", volume), control: 0x9c }).kind).toBe("unexpected");
  });

  test("the meter's status word and its meaning are each other's inverse", () => {
    for (const valve of ["open", "closed", "abnormal"] as const) {
      for (const low of [true, false])
        expect(status188(statusWord188(valve, low))).toMatchObject({ valve, batteryLow: low });
    }
    expect(status188(0xff00)).toMatchObject({ valve: "open", batteryLow: false });
  });

  test("no frame makes anything throw", () => {
    const frames = fc.record({
      meterType: fc.constantFrom(0x10, 0x20, 0x30, 0xaa),
      address: fc.constant(WATER.address),
      control: fc.integer({ min: 0, max: 255 }),
      data: fc
        .tuple(
          fc.constantFrom("", "901f", "1f90", "a017", "a013", "8105", "810a", "d300"),
          fc.uint8Array({ maxLength: 50 }),
        )
        .map(([di, rest]) => Uint8Array.of(...bytes(di), ...rest)),
    });
    fc.assert(
      fc.property(frames, (frame) => {
        decodeAnswer188(frame);
        decodeRequest188(frame);
        describeFrame188(frame, 0);
        expects188(frame, frame);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("which answer belongs to which question", () => {
  const question = encodeReadVolume188(WATER);
  const answer = encodeReadReply188(WATER, "901F", volume);

  test("the same meter, function, SER and identifier", () => {
    expect(expects188(question, answer)).toBe(true);
    expect(expects188(question, encodeReadReply188({ ...WATER, order: "low-first" }, "901F", volume))).toBe(true);
    expect(expects188(question, encodeReadReply188({ ...WATER, ser: 4 }, "901F", volume))).toBe(false);
    expect(expects188(question, { ...answer, address: "00002020120219" })).toBe(false);
    expect(expects188(question, { ...answer, meterType: 0x11 })).toBe(false);
    expect(expects188(question, encodeValveReply188(WATER, 0))).toBe(false);
    expect(expects188(encodeRead188(WATER, "8105"), answer)).toBe(false);
    expect(expects188(question, question)).toBe(false);
  });

  test("a refusal with the SER of an earlier question is not this one's", () => {
    expect(expects188(question, encodeError188(WATER, 0x01, 0))).toBe(true);
    expect(expects188(question, encodeError188({ ...WATER, ser: 4 }, 0x01, 0))).toBe(false);
    expect(expects188(question, encodeShortError188(WATER, 0x01, 1))).toBe(true);
    expect(expects188(question, encodeShortError188(WATER, 0x04, 1))).toBe(false);
  });

  test("the odd function of one maker's valve reply passes by SER and identifier", () => {
    const valve = encodeValve188(WATER, "close");
    const odd = { ...encodeValveReply188(WATER, 0), control: 0xaa };
    expect(expects188(valve, odd)).toBe(true);
    expect(expects188(encodeValve188({ ...WATER, ser: 6 }, "close"), odd)).toBe(false);
  });

  test("wildcards match byte by byte", () => {
    expect(sameMeter188(ANY_188, WATER)).toBe(true);
    expect(sameMeter188({ meterType: 0x10, address: "AAAAAAAA120218" }, WATER)).toBe(true);
    expect(sameMeter188({ meterType: 0x10, address: "AAAAAAAA120219" }, WATER)).toBe(false);
    expect(expects188(encodeReadAddress188({ ...WATER, ...ANY_188 }), encodeAddressReply188(WATER))).toBe(true);
  });
});

test("frames are led in by three wake-up bytes unless the model wants others", () => {
  expect(toHex(encodeFrame188(encodeReadVolume188(WATER)).subarray(0, 5))).toBe("fefefe6810");
  expect(toHex(encodeFrame188(encodeReadVolume188(WATER), 0).subarray(0, 2))).toBe("6810");
});
