import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes.ts";
import {
  type Answer645,
  decodeAnswer,
  decodeRelay,
  encodeRead,
  encodeReadError,
  encodeReadReply,
  encodeRelay,
  encodeRelayReply,
  expects,
  type LocalTime,
  type Reading645,
  requestedDi,
  status3,
} from "./commands.ts";
import { encodeFrame645, type Frame645 } from "./frame.ts";
import { di, items } from "./items.ts";

const address = "000000000161";

function answer(diText: string, values: string): Answer645 {
  const wire = fromHex(`${diText.match(/../g)?.reverse().join("")}${values}`);
  return decodeAnswer({ address, control: 0x91, data: wire ?? new Uint8Array() });
}

const phase = (min: number, max: number, step: number) =>
  fc.option(fc.integer({ min, max }).map((value) => value * step));

const readingArbitrary: fc.Arbitrary<[Reading645, string]> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("energyTotal" as const, "energyRemaining" as const, "energyOverdraft" as const),
      fc.nat(99_999_999),
    )
    .map(([item, hundredths]): [Reading645, string] => [{ item, wh: hundredths * 10 }, di[item]]),
  fc.nat(9999).map((count): [Reading645, string] => [{ item: "purchaseCount", count }, di.purchaseCount]),
  fc.nat(0xffff).map((word): [Reading645, string] => [status3(word), di.statusWord3]),
  fc
    .tuple(phase(0, 9999, 100), phase(0, 9999, 100), phase(0, 9999, 100))
    .map((mv): [Reading645, string] => [{ item: "voltage", mv }, di.voltageBlock]),
  fc
    .tuple(phase(-799_999, 799_999, 1), phase(-799_999, 799_999, 1), phase(-799_999, 799_999, 1))
    .map((ma): [Reading645, string] => [{ item: "current", ma }, di.currentBlock]),
  fc
    .array(phase(-79_999, 79_999, 1), { minLength: 4, maxLength: 4 })
    .map((w): [Reading645, string] => [{ item: "power", w }, di.powerBlock]),
  fc.nat(9999).map((v): [Reading645, string] => [{ item: "voltage", mv: [v * 100] }, di.voltageA]),
);

describe("reading", () => {
  test("what a meter encodes the master decodes, for every item and value", () => {
    fc.assert(
      fc.property(readingArbitrary, ([reading, item]) => {
        const reply = encodeReadReply(address, reading, item);
        expect(decodeAnswer(reply)).toEqual({ kind: "reading", di: item, reading });
        expect(expects(encodeRead(address, item), reply)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("a request for total energy is the frame of the standard, and the meter understands it", () => {
    const request = encodeRead(address, di.energyTotal);
    expect(toHex(encodeFrame645(request))).toBe("fefefefe68610100000000681104333334331416");
    expect(requestedDi(request)).toBe(di.energyTotal);
    expect(requestedDi({ ...request, control: 0x14 })).toBeNull();
    expect(requestedDi({ ...request, data: new Uint8Array(3) })).toBeNull();
  });

  test("energy is read in watt-hours", () => {
    expect(answer("00010000", "64027500")).toMatchObject({ reading: { item: "energyTotal", wh: 7_502_640 } });
  });

  test("a sign bit is stripped and minus zero is zero", () => {
    expect(answer("02020100", "500280")).toMatchObject({ reading: { item: "current", ma: [-250] } });
    const zero = answer("02020100", "000080");
    expect(zero.kind === "reading" && zero.reading.item === "current" && Object.is(zero.reading.ma[0], 0)).toBe(true);
    const watts = answer("02030000", "040080");
    expect(watts.kind === "reading" && watts.reading.item === "power" && Object.is(watts.reading.w[0], 0)).toBe(true);
  });

  test("watts are rounded half away from zero", () => {
    expect(answer("0203FF00", "050000 040000 050080 ffffff")).toMatchObject({ reading: { w: [1, 0, -1, null] } });
  });

  test("FF bytes say that the meter has no such phase", () => {
    expect(answer("0201FF00", "1923 ffff ffff")).toMatchObject({ reading: { mv: [231_900, null, null] } });
    expect(answer("0201FF00", "1923")).toMatchObject({ reading: { mv: [231_900] } });
  });

  test("status word 3 tells the relay from its command", () => {
    expect(answer("04000503", "5000")).toMatchObject({ reading: { relayOpen: true, relayCommandedOpen: true } });
    expect(answer("04000503", "4000")).toMatchObject({ reading: { relayOpen: false, relayCommandedOpen: true } });
    expect(answer("04000503", "8010")).toMatchObject({ reading: { preTripAlarm: true, keepSupply: true } });
  });

  test.each([
    ["a nibble above 9", "00010000", "6402750a"],
    ["an energy that is absent", "00010000", "ffffffff"],
    ["a fifth byte", "00010000", "3726000001"],
    ["a missing byte", "00010000", "372600"],
    ["no value", "00010000", ""],
    ["half a phase", "0201FF00", "192319"],
    ["more phases than there are", "0201FF00", "1923 1923 1923 1923"],
    ["one bad phase", "0201FF00", "1923 fff0 ffff"],
    ["an item that the table only shows", "00900200", "56980100"],
    ["an unknown item", "028011FF", "0011"],
  ])("%s is raw, never a number", (_, diText, values) => {
    expect(answer(diText, values)).toEqual({ kind: "raw", di: diText, data: fromHex(values) });
  });

  test("an answer whose rest is still to come is no reading yet", () => {
    const reply = encodeReadReply(address, { item: "energyTotal", wh: 10 }, di.energyTotal);
    expect(decodeAnswer({ ...reply, control: 0xb1 }).kind).toBe("raw");
  });

  test("a refusal names its bits", () => {
    expect(decodeAnswer(encodeReadError(address, 0x06))).toEqual({
      kind: "refused",
      function: "read",
      code: 6,
      reasons: ["no-such-data", "password-or-unauthorised"],
    });
  });

  test("no frame makes it throw", () => {
    const any = fc.record({
      address: fc.constant(address),
      control: fc.integer({ min: 0, max: 255 }),
      data: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .tuple(fc.constantFrom(...items), fc.uint8Array({ maxLength: 20 }))
          .map(([item, rest]) =>
            Uint8Array.of(item.code, item.code >>> 8, item.code >>> 16, item.code >>> 24, ...rest),
          ),
      ),
    });
    fc.assert(
      fc.property(any, (frame) => {
        expect(decodeAnswer(frame).kind).toBeTypeOf("string");
        expect(decodeRelay(frame).ok).toBeTypeOf("boolean");
      }),
      { numRuns: 500 },
    );
  });

  test("a reading under an identifier that does not carry it is our own mistake", () => {
    expect(() => encodeReadReply(address, { item: "energyTotal", wh: 0 }, di.voltageA)).toThrow(/carry/);
    expect(() => encodeReadReply(address, { item: "voltage", mv: [1, 2] }, di.voltageA)).toThrow(/room/);
  });
});

describe("the relay", () => {
  const validUntil: LocalTime = { year: 2099, month: 8, day: 5, hour: 12, minute: 30, second: 0 };

  test("commands are read back as they were written", () => {
    const command = fc.record({
      action: fc.constantFrom("trip" as const, "close" as const, "permit_close" as const),
      password: fc.stringMatching(/^(0[0-9a-f])[0-9a-f]{6}$/),
      operator: fc.stringMatching(/^[0-9a-f]{8}$/),
      validUntil: fc.record({
        year: fc.integer({ min: 2000, max: 2099 }),
        month: fc.integer({ min: 1, max: 12 }),
        day: fc.integer({ min: 1, max: 31 }),
        hour: fc.nat(23),
        minute: fc.nat(59),
        second: fc.nat(59),
      }),
    });
    fc.assert(
      fc.property(command, (each) => {
        expect(decodeRelay(encodeRelay(address, each))).toEqual({ ok: true, ...each });
      }),
    );
  });

  test("a trip that was captured from a master comes out to the byte", () => {
    const frame = encodeRelay("151230011061", {
      action: "trip",
      password: "02370602",
      operator: "01000000",
      validUntil: { ...validUntil, month: 12, day: 30, hour: 0, minute: 0 },
    });
    expect(toHex(encodeFrame645(frame, 0))).toBe("68611001301215681c10356a3935343333334d333333336345cc2c16");
  });

  test.each([
    ["020000000000000000000000000000" + "00", "unknown_action"],
    ["02000000000000003a00595923311299", "unknown_action"],
    ["02000000000000001a0000000000ff00", "valid_until_not_a_time"],
    ["02000000000000001a", "wrong_length"],
    ["", "wrong_length"],
    [`98${"00".repeat(27)}`, "secure_form"],
  ])("the data %s is refused: %s", (hex, reason) => {
    expect(decodeRelay({ address, control: 0x1c, data: fromHex(hex) ?? new Uint8Array() })).toEqual({
      ok: false,
      reason,
    });
  });

  test("an all-zero time is past, not unlimited", () => {
    const result = decodeRelay({ address, control: 0x1c, data: fromHex(`02000000000000001a${"00".repeat(7)}`)! });
    expect(result.ok && result.validUntil).toMatchObject({ year: 2000, month: 0, day: 0 });
  });

  test("the answer says done, or refused and why", () => {
    expect(decodeAnswer(encodeRelayReply(address, true))).toEqual({ kind: "done", function: "relay" });
    expect(decodeAnswer(encodeRelayReply(address, false))).toEqual({
      kind: "refused",
      function: "relay",
      code: 4,
      reasons: ["password-or-unauthorised"],
    });
  });
});

describe("a late answer", () => {
  const request = encodeRead(address, di.energyTotal);
  const reply = encodeReadReply(address, { item: "energyTotal", wh: 0 }, di.energyTotal);

  test.each<[string, Frame645]>([
    ["of another meter", { ...reply, address: "000000000162" }],
    ["to another identifier", encodeReadReply(address, { item: "energyRemaining", wh: 0 }, di.energyRemaining)],
    ["to another function", encodeRelayReply(address, true)],
    ["without an identifier", { ...reply, data: new Uint8Array(0) }],
    ["that is our own echo", request],
    ["that refuses another function", encodeRelayReply(address, false)],
  ])("%s is not taken", (_, late) => {
    expect(expects(request, late)).toBe(false);
  });

  test("a refusal of the asked function is taken, since it carries no identifier", () => {
    expect(expects(request, encodeReadError(address, 2))).toBe(true);
  });

  test("a wildcard takes the meter's real address", () => {
    expect(expects({ ...request, address: "AAAAAAAAAA61" }, reply)).toBe(true);
    expect(expects({ ...request, address: "AAAAAAAAAA62" }, reply)).toBe(false);
  });

  test("a follow-up is taken only with its sequence number", () => {
    const follow = { address, control: 0x12, data: Uint8Array.of(0, 0xff, 1, 0, 1) };
    const part = (seq: number) => ({ address, control: 0x92, data: Uint8Array.of(0, 0xff, 1, 0, 9, 9, 9, 9, seq) });
    expect(expects(follow, part(1))).toBe(true);
    expect(expects(follow, part(2))).toBe(false);
  });
});
