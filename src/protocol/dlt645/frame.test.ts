import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, fromHex, toHex } from "../bytes.ts";
import {
  createDeframer645,
  type Deframer645,
  decodeFrame645,
  encodeFrame645,
  FRAME_645_MAX,
  type Frame645,
  framesIn645,
} from "./frame.ts";

const frameArbitrary: fc.Arbitrary<Frame645> = fc.record({
  address: fc.stringMatching(/^[0-9A]{12}$/),
  control: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 255 }),
});

/** Noise as a bus has it: starts, ends and wake-ups far more often than chance. */
const noiseArbitrary = fc
  .array(fc.oneof(fc.constantFrom(0x68, 0x16, 0xfe, 0x00), fc.integer({ min: 0, max: 255 })), { maxLength: 60 })
  .map((bytes) => Uint8Array.from(bytes));

const pieceArbitrary: fc.Arbitrary<Bytes> = fc.oneof(
  noiseArbitrary,
  frameArbitrary.map((frame) => encodeFrame645(frame)),
  fc.tuple(frameArbitrary, fc.nat(300)).map(([frame, length]) => encodeFrame645(frame, 1).slice(0, length)),
);

const streamArbitrary = fc.array(pieceArbitrary, { maxLength: 8 }).map((pieces) => concat(...pieces));

function whole(hex: string): Bytes {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(hex);
  return bytes;
}

function pushCut(deframer: Deframer645, bytes: Bytes, cuts: readonly number[]): Frame645[] {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return places.flatMap((place, i) => deframer.push(bytes.subarray(places[i - 1] ?? 0, place)));
}

/** The rule of the deframer, written as slowly and plainly as possible: where a frame begins by the letter. */
function beginsFrame(bytes: Bytes, at: number): boolean {
  const length = bytes[at + 9];
  if (bytes[at] !== 0x68 || bytes[at + 7] !== 0x68 || length === undefined) return false;
  const body = [...bytes.subarray(at, at + 10 + length)];
  const sum = body.reduce((total, byte) => total + byte, 0) % 256;
  return bytes[at + 10 + length] === sum && bytes[at + 11 + length] === 0x16;
}

describe("one frame", () => {
  test("encoding and decoding are each other's inverse", () => {
    fc.assert(
      fc.property(frameArbitrary, fc.integer({ min: 0, max: 13 }), (frame, preamble) => {
        const wire = encodeFrame645(frame, preamble);
        expect(decodeFrame645(wire)).toEqual({ ok: true, frame, preamble, length: wire.length });
      }),
    );
  });

  test("what follows the frame is left alone", () => {
    const wire = whole("fefe6861010000000068110433333433141600");
    expect(decodeFrame645(wire)).toMatchObject({ ok: true, preamble: 2, length: 18, frame: { control: 0x11 } });
  });

  test("a single flipped bit is never taken for another frame of the same length", () => {
    fc.assert(
      fc.property(frameArbitrary, fc.nat(), (frame, place) => {
        const wire = encodeFrame645(frame, 0);
        const bit = place % (wire.length * 8);
        wire[bit >> 3]! ^= 1 << (bit & 7);
        const decoded = decodeFrame645(wire);
        expect(decoded.ok && decoded.length === wire.length).toBe(false);
      }),
    );
  });

  test.each([
    ["68341200000000681104333333330016", "checksum", "checksum: frame carries 00H, computed F7H"],
    ["fefefefe68183600026200268e35dd93", "second_start_missing", "second 68H missing at offset 7"],
    ["68017200720000689107333635784516", "truncated", "truncated: L=07H needs 19 bytes, have 16"],
    ["fefe6801", "truncated", "truncated: a frame needs at least 12 bytes, have 2"],
    ["", "truncated", "truncated: a frame needs at least 12 bytes, have 0"],
    ["4a43", "no_start", "start 68H missing: found 4AH"],
    ["68610100000000681104333334331417", "end_missing", "end 16H missing at offset 15: found 17H"],
  ])("%s is refused: %s", (hex, reason, detail) => {
    expect(decodeFrame645(whole(hex))).toEqual({ ok: false, reason, detail });
  });

  test("an address that is none, or data that does not fit L, is our own mistake", () => {
    const frame = { address: "000000000161", control: 0x11, data: new Uint8Array(4) };
    expect(() => encodeFrame645({ ...frame, address: "161" })).toThrow(/address/);
    expect(() => encodeFrame645({ ...frame, address: "00000000016x" })).toThrow(/address/);
    expect(() => encodeFrame645({ ...frame, data: new Uint8Array(256) })).toThrow(/L/);
  });
});

describe("a stream", () => {
  test("gives the same frames however it is cut", () => {
    fc.assert(
      fc.property(streamArbitrary, fc.array(fc.nat(), { maxLength: 20 }), (stream, cuts) => {
        const once = createDeframer645();
        const frames = once.push(stream);
        const cut = createDeframer645();
        expect(pushCut(cut, stream, cuts)).toEqual(frames);
        expect([cut.pending(), cut.dropped()]).toEqual([once.pending(), once.dropped()]);
        expect(cut.flush()).toEqual(once.flush());
      }),
      { numRuns: 300 },
    );
  });

  test("never loses a good frame behind noise, half frames or false starts, and never throws", () => {
    fc.assert(
      fc.property(streamArbitrary, frameArbitrary, (noise, frame) => {
        const stream = concat(noise, encodeFrame645(frame, 0));
        // Noise that is itself a frame by the letter and reaches into the good one cannot be told from a frame.
        for (let at = 0; at < noise.length; at++) {
          fc.pre(!(beginsFrame(stream, at) && at + 12 + stream[at + 9]! > noise.length));
        }
        expect(framesIn645(stream).at(-1)).toEqual(frame);
      }),
      { numRuns: 300 },
    );
  });

  test("holds back less than one frame, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(streamArbitrary, { maxLength: 5 }), (chunks) => {
        const deframer = createDeframer645();
        for (const chunk of chunks) {
          deframer.push(chunk);
          expect(deframer.pending()).toBeLessThan(FRAME_645_MAX);
        }
      }),
    );
  });

  test("68H and 16H inside an address do not confuse it", () => {
    const [frame] = createDeframer645().push(whole("fefefefe686816610000006895004416"));
    expect(frame).toEqual({ address: "000000611668", control: 0x95, data: new Uint8Array(0) });
  });

  test("waits for the rest of a frame, and gives it up when the line falls silent", () => {
    const good = whole("68610100000000681104333334331416");
    const deframer = createDeframer645();
    expect(deframer.push(concat(whole("68112233445566689180"), good))).toEqual([]);
    expect(deframer.pending()).toBe(26);
    expect(deframer.flush().map((frame) => toHex(encodeFrame645(frame, 0)))).toEqual([toHex(good)]);
    expect([deframer.pending(), deframer.dropped()]).toEqual([0, 10]);
  });

  test("forgets what it holds when the connection starts anew", () => {
    const deframer = createDeframer645();
    deframer.push(whole("6861010000"));
    deframer.reset();
    expect(deframer.pending()).toBe(0);
    expect(deframer.push(whole("68610100000000681104333334331416"))).toHaveLength(1);
  });
});
