import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Vector, vectorBytes, vectorsOf } from "../../../test/frames/vectors.ts";
import { concat, toHex } from "../bytes.ts";
import {
  decodeAnswer97,
  decodeRequest97,
  encodeRead97,
  encodeReadReply97,
  encodeWrite97,
  expects97,
} from "./commands.ts";
import { describe97 } from "./describe.ts";
import { createDeframer97, decodeFrame97, encodeFrame97, type Frame97, framesIn97 } from "./frame.ts";
import { sf97Items } from "./sf97.ts";

const file = vectorsOf("dlt645-1997");
const { good, bad } = file;

function frameOf(vector: Vector): { frame: Frame97; preamble: number } {
  const decoded = decodeFrame97(vectorBytes(vector));
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded;
}

test("the file holds what it says", () => {
  expect(file.all).toHaveLength(file.count);
  expect([good.length, bad.length]).toEqual([34, 1]);
});

describe("a good frame", () => {
  test.each(good)("$id $category means what was published and is encoded again to the same bytes", (vector) => {
    const description = describe97(vectorBytes(vector));
    expect(description).toMatchObject({ ok: true, protocol: "dlt645-1997", ...vector.meaning });
    if (vector.meaning.values === undefined) expect(description).toMatchObject({ values: [] });
    if (vector.meaning.di === undefined) expect(description).not.toHaveProperty("di");
    const { frame, preamble } = frameOf(vector);
    expect(toHex(encodeFrame97(frame, preamble))).toBe(vector.hex);
  });

  test.each(good)("$id is made again from its meaning by master or meter", (vector) => {
    const { frame } = frameOf(vector);
    const request = decodeRequest97(frame);
    if (request.ok && request.request.kind === "read") {
      expect(encodeRead97(frame.address, request.request.di)).toEqual(frame);
    } else if (request.ok && request.request.kind === "write") {
      expect(encodeWrite97(frame.address, request.request)).toEqual(frame);
    } else {
      const answer = decodeAnswer97(frame, sf97Items);
      if (answer.kind !== "reading") return;
      const again = encodeReadReply97(frame.address, answer.di, answer.reading, sf97Items);
      // The separator behind a block is a habit of some meters, not part of the meaning.
      const block = answer.reading.item === "energyByTariff" && frame.data.at(-1) === 0xaa;
      expect(toHex(again.data)).toBe(toHex(block ? frame.data.subarray(0, -1) : frame.data));
    }
  });
});

test.each(good.filter((vector) => vector.invalidKind === "semantic"))(
  "$id is refused by a meter: $reason",
  (vector) => {
    expect(decodeRequest97(frameOf(vector).frame)).toEqual({ ok: false, reason: "unknown_function", err: null });
  },
);

test.each(["d97-v024", "d97-v032"])(
  "%s, a read with four identifier bytes, is answered with ERR 02H as captured",
  (id) => {
    const vector = file.all.find((each) => each.id === id);
    if (vector === undefined) throw new Error(id);
    expect(decodeRequest97(frameOf(vector).frame)).toEqual({ ok: false, reason: "wrong_length", err: 0x02 });
  },
);

test.each(bad)("$id is refused: $reason", (vector) => {
  expect(describe97(vectorBytes(vector))).toEqual({ ok: false, reason: vector.reason });
  expect(framesIn97(vectorBytes(vector))).toEqual([]);
});

describe("in a stream", () => {
  test.each(good)("$id comes out whole from any cut, and from single bytes", (vector) => {
    const bytes = vectorBytes(vector);
    const { frame } = frameOf(vector);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const deframer = createDeframer97();
      const early = deframer.push(bytes.subarray(0, cut));
      expect(early).toEqual(cut === bytes.length ? [frame] : []);
      expect([...early, ...deframer.push(bytes.subarray(cut))]).toEqual([frame]);
    }
    const deframer = createDeframer97();
    expect([...bytes].flatMap((byte) => deframer.push(Uint8Array.of(byte)))).toEqual([frame]);
  });

  test("every vector is found between noise, in order", () => {
    const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte === 0x68 ? 0x67 : byte)));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, fc.constantFrom(...good)), { maxLength: 6 }), (pieces) => {
        const stream = concat(...pieces.flatMap(([before, vector]) => [before, vectorBytes(vector)]));
        expect(framesIn97(stream)).toEqual(pieces.map(([, vector]) => frameOf(vector).frame));
      }),
    );
  });

  test("a bad vector costs no good one that follows it", () => {
    for (const vector of bad) {
      for (const next of good) {
        const frames = framesIn97(concat(vectorBytes(vector), vectorBytes(next)));
        expect(frames).toEqual([frameOf(next).frame]);
      }
    }
  });
});

test("captured answers belong to the questions with their identifier and to no other", () => {
  const answers = good.filter((vector) => vector.meaning.fromMeter === true && vector.meaning.di !== undefined);
  for (const answer of answers) {
    const { frame } = frameOf(answer);
    for (const other of answers) {
      const question = encodeRead97(frame.address, String(other.meaning.di));
      expect(expects97(question, frame)).toBe(other.meaning.di === answer.meaning.di);
    }
  }
});
