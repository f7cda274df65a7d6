import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, fromHex } from "../bytes.ts";
import {
  auxiliary,
  createDeframer1376,
  decodeFrame1376,
  encodeFrame1376,
  FRAME_1376_MAX,
  type Frame1376,
} from "./frame.ts";

const byte = fc.nat(0xff);
const word = fc.nat(0xffff);

const frameArbitrary: fc.Arbitrary<Frame1376> = fc
  .record({
    protocolId: fc.nat(3),
    control: byte,
    a1: fc.stringMatching(/^[0-9A-F]{4}$/),
    a2: word,
    a3: byte,
    afn: fc.oneof(fc.nat(0x10), byte),
    seq: byte,
    da: word,
    dt: word,
    data: fc.uint8Array({ maxLength: 300 }),
    fill: fc.uint8Array({ minLength: 24, maxLength: 24 }),
  })
  .map(({ fill, ...frame }) => {
    const has = auxiliary(frame.control, frame.afn, frame.seq);
    return {
      ...frame,
      pw: has.pw ? fill.slice(0, 16) : null,
      ec: has.ec ? fill.slice(16, 18) : null,
      tp: has.tp ? fill.slice(18) : null,
    };
  });

/** Noise full of starts and of heads that announce more than ever comes. */
const noiseArbitrary = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        [0x68],
        [0x16],
        [0xfe],
        [0x68, 0x32, 0x00, 0x32, 0x00, 0x68],
        [0x68, 0xff, 0xff, 0xff, 0xff, 0x68],
      ),
      byte.map((each) => [each]),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => Uint8Array.from(pieces.flat()));

function whole(hex: string): Bytes {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(hex);
  return bytes;
}

describe("one frame", () => {
  test("encoding and decoding are each other's inverse", () => {
    fc.assert(
      fc.property(frameArbitrary, fc.nat(4), (frame, preamble) => {
        const wire = encodeFrame1376(frame, preamble);
        expect(decodeFrame1376(wire)).toEqual({ ok: true, frame, preamble, length: wire.length });
      }),
    );
  });

  test("a single flipped bit is never taken for another frame of the same length", () => {
    fc.assert(
      fc.property(frameArbitrary, fc.nat(), (frame, place) => {
        const wire = encodeFrame1376(frame);
        const bit = place % (wire.length * 8);
        // The two low bits of L stand twice and are under no checksum: both copies would have to flip.
        wire[bit >> 3]! ^= 1 << (bit & 7);
        const decoded = decodeFrame1376(wire);
        expect(decoded.ok && decoded.length === wire.length).toBe(false);
      }),
    );
  });

  test.each([
    ["4a43", "no_start", "start 68H missing: found 4AH"],
    ["", "truncated", "truncated: a frame needs at least 20 bytes, have 0"],
    ["6832003200", "truncated", "truncated: L announces 12 bytes, 20 in all, have 5"],
    ["683200360068c9", "lengths_differ", "the two lengths differ"],
    ["683200320168c9", "lengths_differ", "the two lengths differ"],
    ["6832003200c9", "second_start_missing", "second 68H missing at offset 5"],
    ["682e002e0068c9", "length", "length: L announces 11 bytes, needed are 12"],
    [
      "683200320068c900023412000271000001008516".replace(/16$/, "17"),
      "end_missing",
      "end 16H missing at offset 19: found 17H",
    ],
    ["683200320068c900023412000271000001008416", "checksum", "checksum: frame carries 84H, computed 85H"],
    ["6832003200684b00023412000461000001000b16", "checksum", "checksum: frame carries 0BH, computed F9H"],
    ["6832003200684b0002341200046100000100f916", "length", "length: L announces 12 bytes, needed are 28"],
  ])("%s is refused: %s", (hex, reason, detail) => {
    expect(decodeFrame1376(whole(hex))).toEqual({ ok: false, reason, detail });
  });

  test("PW goes down only, EC up only, and Tp with TpV", () => {
    expect(auxiliary(0x4b, 0x10, 0xe0)).toEqual({ pw: true, ec: false, tp: true });
    expect(auxiliary(0x4b, 0x0c, 0x60)).toEqual({ pw: false, ec: false, tp: false });
    expect(auxiliary(0x6b, 0x0c, 0x60)).toEqual({ pw: false, ec: false, tp: false });
    expect(auxiliary(0xa8, 0x10, 0x60)).toEqual({ pw: false, ec: true, tp: false });
  });

  test("fields that do not fit their control and SEQ are our own mistake", () => {
    const decoded = decodeFrame1376(whole("683200320068c900023412000271000001008516"));
    if (!decoded.ok) throw new Error(decoded.detail);
    expect(() => encodeFrame1376({ ...decoded.frame, pw: new Uint8Array(16) })).toThrow(/PW/);
    expect(() => encodeFrame1376({ ...decoded.frame, seq: 0xf1 })).toThrow(/Tp/);
    expect(() => encodeFrame1376({ ...decoded.frame, a1: "12" })).toThrow(/4 digits/);
    expect(() => encodeFrame1376({ ...decoded.frame, data: new Uint8Array(0x4000) })).toThrow(/user data/);
  });
});

describe("a stream", () => {
  test("gives the same frames however it is cut, and holds back less than one frame", () => {
    const stream = fc
      .array(
        fc.oneof(
          noiseArbitrary,
          frameArbitrary.map((frame) => encodeFrame1376(frame)),
        ),
        { maxLength: 6 },
      )
      .map((pieces) => concat(...pieces));
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 60 }), (bytes, step) => {
        const once = createDeframer1376();
        const frames = once.push(bytes);
        const cut = createDeframer1376();
        const found: Frame1376[] = [];
        for (let at = 0; at < bytes.length; at += step) {
          found.push(...cut.push(bytes.slice(at, at + step)));
          expect(cut.pending()).toBeLessThan(FRAME_1376_MAX);
        }
        expect(found).toEqual(frames);
        expect([cut.pending(), cut.dropped()]).toEqual([once.pending(), once.dropped()]);
        expect(cut.flush()).toEqual(once.flush());
      }),
      { numRuns: 300 },
    );
  });

  test("a head that announces what never comes is given up when the line falls silent", () => {
    const good = whole("683200320068c900023412000271000001008516");
    const deframer = createDeframer1376();
    expect(deframer.push(concat(whole("68ffffffff68"), good))).toEqual([]);
    expect(deframer.pending()).toBe(26);
    expect(deframer.flush()).toHaveLength(1);
    expect([deframer.pending(), deframer.dropped()]).toEqual([0, 6]);
  });

  test("a link that never carries files need not wait for 16 KB", () => {
    const good = whole("683200320068c900023412000271000001008516");
    expect(createDeframer1376(1024).push(concat(whole("68fefffeff68"), good))).toHaveLength(1);
  });

  test("forgets what it holds when the connection starts anew", () => {
    const deframer = createDeframer1376();
    deframer.push(whole("6832003200"));
    deframer.reset();
    expect(deframer.push(whole("683200320068c900023412000271000001008516"))).toHaveLength(1);
  });

  test("64 KB of nothing but false starts cost one pass, not one pass each", () => {
    // Every seven bytes a head that announces 16 380 bytes, whose end falls on a 16H.
    const evil = Uint8Array.from(
      { length: 65_536 },
      (_, at) => [0x68, 0xf2, 0xff, 0xf2, 0xff, 0x68, 0x16][at % 7] ?? 0,
    );
    const bestMs = (act: () => void) =>
      Math.min(
        ...Array.from({ length: 20 }, () => {
          const start = performance.now();
          act();
          return performance.now() - start;
        }),
      );
    let sum = 0;
    const passMs = bestMs(() => {
      for (const byte of evil) sum = (sum + byte) & 0xff;
    });
    const ms = bestMs(() => createDeframer1376().push(evil));
    expect(ms / passMs).toBeLessThan(100); // one pass for each of them would be 2 300
  });
});
