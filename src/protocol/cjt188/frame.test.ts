import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, fromHex } from "../bytes.ts";
import {
  createDeframer188,
  decodeFrame188,
  encodeFrame188,
  FRAME_188_MAX,
  type Frame188,
  framesIn188,
  isMeterType,
} from "./frame.ts";

const frameArbitrary: fc.Arbitrary<Frame188> = fc.record({
  meterType: fc.constantFrom(0x10, 0x11, 0x20, 0x22, 0x30, 0x40, 0xaa),
  address: fc.stringMatching(/^[0-9A]{14}$/),
  control: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 255 }),
});

/** Noise as a bus has it: starts, types, ends and wake-ups far more often than chance. */
const noiseArbitrary = fc
  .array(fc.oneof(fc.constantFrom(0x68, 0x10, 0x16, 0xfe, 0x00), fc.integer({ min: 0, max: 255 })), { maxLength: 60 })
  .map((list) => Uint8Array.from(list));

const streamArbitrary = fc
  .array(
    fc.oneof(
      noiseArbitrary,
      frameArbitrary.map((frame) => encodeFrame188(frame)),
      fc.tuple(frameArbitrary, fc.nat(300)).map(([frame, length]) => encodeFrame188(frame, 1).slice(0, length)),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => concat(...pieces));

function whole(hex: string): Bytes {
  return fromHex(hex) ?? new Uint8Array();
}

/** The rule of the deframer, written as slowly and plainly as possible: where a frame begins by the letter. */
function beginsFrame(bytes: Bytes, at: number): boolean {
  const length = bytes[at + 10];
  if (bytes[at] !== 0x68 || length === undefined || !isMeterType(bytes[at + 1]!)) return false;
  const sum = [...bytes.subarray(at, at + 11 + length)].reduce((total, byte) => total + byte, 0) % 256;
  return bytes[at + 11 + length] === sum && bytes[at + 12 + length] === 0x16;
}

test("encoding and decoding are each other's inverse", () => {
  fc.assert(
    fc.property(frameArbitrary, fc.integer({ min: 0, max: 13 }), (frame, preamble) => {
      const wire = encodeFrame188(frame, preamble);
      expect(decodeFrame188(wire)).toEqual({ ok: true, frame, preamble, length: wire.length });
    }),
  );
});

test.each([
  ["", "truncated", "truncated: a frame needs at least 13 bytes, have 0"],
  ["fefefe6810", "truncated", "truncated: a frame needs at least 13 bytes, have 2"],
  ["4a43", "no_start", "start 68H missing: found 4AH"],
  ["68610100000000681104333334331416", "meter_type", "meter type 61H is none"],
  ["68100100000508000001031f90003915", "end_missing", "end 16H missing at offset 15: found 15H"],
  ["68100100000508000001031f90003a16", "checksum", "checksum: frame carries 3AH, computed 39H"],
  ["68100100000508000001031f900039", "truncated", "truncated: L=03H needs 16 bytes, have 15"],
])("%s is refused: %s", (hex, reason, detail) => {
  expect(decodeFrame188(whole(hex))).toEqual({ ok: false, reason, detail });
});

test("data that does not fit L, an address that is none or an impossible type is our own mistake", () => {
  const frame: Frame188 = { meterType: 0x10, address: "00000805000001", control: 1, data: new Uint8Array(3) };
  expect(() => encodeFrame188({ ...frame, data: new Uint8Array(256) })).toThrow(/L/);
  expect(() => encodeFrame188({ ...frame, address: "161" })).toThrow(/14 digits/);
  expect(() => encodeFrame188({ ...frame, meterType: 0x68 })).toThrow(/type/);
});

describe("a stream", () => {
  test("gives the same frames however it is cut", () => {
    fc.assert(
      fc.property(streamArbitrary, fc.array(fc.nat(), { maxLength: 20 }), (stream, cuts) => {
        const once = createDeframer188();
        const frames = once.push(stream);
        const cut = createDeframer188();
        const places = [...cuts.map((place) => place % (stream.length + 1)), 0, stream.length].sort((a, b) => a - b);
        const pieces = places.flatMap((place, i) => cut.push(stream.subarray(places[i - 1] ?? 0, place)));
        expect(pieces).toEqual(frames);
        expect([cut.pending(), cut.dropped()]).toEqual([once.pending(), once.dropped()]);
        expect(cut.pending()).toBeLessThan(FRAME_188_MAX);
        expect(cut.flush()).toEqual(once.flush());
      }),
      { numRuns: 300 },
    );
  });

  test("never loses a good frame behind noise, half frames or false starts", () => {
    fc.assert(
      fc.property(streamArbitrary, frameArbitrary, (noise, frame) => {
        const stream = concat(noise, encodeFrame188(frame, 0));
        // Noise that is itself a frame by the letter and reaches into the good one cannot be told from a frame.
        for (let at = 0; at < noise.length; at++) {
          fc.pre(!(beginsFrame(stream, at) && at + 13 + stream[at + 10]! > noise.length));
        }
        expect(framesIn188(stream).at(-1)).toEqual(frame);
      }),
      { numRuns: 300 },
    );
  });

  test("forgets what it holds when the connection starts anew", () => {
    const deframer = createDeframer188();
    deframer.push(whole("6810010000"));
    deframer.reset();
    expect(deframer.pending()).toBe(0);
    expect(deframer.push(whole("68100100000508000001031f90003916"))).toHaveLength(1);
  });
});
