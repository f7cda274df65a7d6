import fc from "fast-check";
import { expect, test } from "vitest";
import { concat } from "./bytes.ts";
import { createDeframer, type Scan } from "./deframer.ts";

/** A protocol as small as can be: 01 n, n bytes below 10, and their sum modulo 256; n is at most 6. */
const START = 1;
const LENGTH_MAX = 6;
const FRAME_MAX = 3 + LENGTH_MAX;

const scan: Scan<number[]> = (bytes, from, before, nothingFollows, found) => {
  let at = from;
  while (at < before) {
    const length = bytes[at + 1] ?? 0;
    const whole = at + 3 + length <= bytes.length && at + 1 < bytes.length;
    const possible = bytes[at] === START && length <= LENGTH_MAX;
    if (possible && !whole && !nothingFollows) break;
    const body = [...bytes.subarray(at + 2, at + 2 + length)];
    if (possible && whole && body.reduce((sum, byte) => sum + byte, 0) % 256 === bytes[at + 2 + length]) {
      found.frames.push(body);
      at += 3 + length;
    } else {
      found.dropped++;
      at++;
    }
  }
  return at;
};

function wire(body: readonly number[]): Uint8Array {
  return Uint8Array.of(
    START,
    body.length,
    ...body,
    body.reduce((sum, byte) => sum + byte, 0),
  );
}

const piece = fc.oneof(
  fc.array(fc.nat(9), { maxLength: LENGTH_MAX }).map(wire),
  fc.uint8Array({ maxLength: 5, max: 9 }),
);

test("the frames, and the bytes that are none, do not depend on how the stream was cut", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(12), { maxLength: 60 }), (pieces, sizes) => {
      const stream = concat(...pieces);
      const whole = createDeframer(scan, FRAME_MAX);
      const expected = [...whole.push(stream), ...whole.flush()];
      const cut = createDeframer(scan, FRAME_MAX);
      const found: number[][] = [];
      let at = 0;
      for (const size of sizes) {
        found.push(...cut.push(stream.subarray(at, at + size)));
        expect(cut.pending()).toBeLessThan(FRAME_MAX);
        at = Math.min(stream.length, at + size);
      }
      found.push(...cut.push(stream.subarray(at)), ...cut.flush());
      expect(found).toEqual(expected);
      expect([cut.dropped(), cut.pending()]).toEqual([whole.dropped(), 0]);
      const bytes = found.reduce((sum, body) => sum + body.length + 3, 0);
      expect(bytes + cut.dropped()).toBe(stream.length);
    }),
    { numRuns: 500 },
  );
});

test("a chunk that the sender uses again does not change what was held back", () => {
  const deframer = createDeframer(scan, FRAME_MAX);
  const chunk = Uint8Array.of(START, 3, 7);
  expect(deframer.push(chunk)).toEqual([]);
  chunk.fill(0);
  expect(deframer.push(Uint8Array.of(8, 9, 24))).toEqual([[7, 8, 9]]);
});

test("after a reset nothing of an unfinished frame is left", () => {
  const deframer = createDeframer(scan, FRAME_MAX);
  deframer.push(Uint8Array.of(START, 3, 7));
  deframer.reset();
  expect(deframer.pending()).toBe(0);
  expect(deframer.push(wire([4, 2]))).toEqual([[4, 2]]);
});

test("silence gives up a false start and frees the frame behind it", () => {
  const deframer = createDeframer(scan, FRAME_MAX);
  expect(deframer.push(concat(Uint8Array.of(START, 6), wire([5])))).toEqual([]);
  expect(deframer.flush()).toEqual([[5]]);
  expect([deframer.pending(), deframer.dropped()]).toEqual([0, 2]);
});
