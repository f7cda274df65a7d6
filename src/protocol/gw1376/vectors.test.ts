import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Vector, vectorBytes, vectorsOf } from "../../../test/frames/vectors.ts";
import { concat, toHex } from "../bytes.ts";
import { describe1376, fault1376 } from "./describe.ts";
import { createDeframer1376, decodeFrame1376, encodeFrame1376, type Frame1376 } from "./frame.ts";
import { encodeForward, encodeForwarded, encodeLinkTest, readMessage } from "./messages.ts";

const file = vectorsOf("qgdw1376-1");
const { good: whole, bad } = file;
const wrong = file.all.filter((vector) => vector.invalidKind === "semantic");

function frameOf(vector: Vector): Frame1376 {
  const decoded = decodeFrame1376(vectorBytes(vector));
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded.frame;
}

test("the file holds what it says", () => {
  expect(file.all).toHaveLength(file.count);
  expect([whole.length, bad.length, wrong.length]).toEqual([28, 1, 1]);
});

describe("a whole frame", () => {
  test.each(whole)("$id $category means what was published", (vector) => {
    expect(describe1376(vectorBytes(vector))).toMatchObject({ ok: true, protocol: "qgdw1376.1", ...vector.meaning });
  });

  test.each(whole)("$id is encoded again to the same bytes", (vector) => {
    expect(toHex(encodeFrame1376(frameOf(vector)))).toBe(vector.hex);
  });

  test.each(whole)("$id is found however the stream is cut", (vector) => {
    const bytes = vectorBytes(vector);
    const frame = frameOf(vector);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const deframer = createDeframer1376();
      const first = deframer.push(bytes.subarray(0, cut));
      expect(first).toEqual(cut === bytes.length ? [frame] : []);
      expect([...first, ...deframer.push(bytes.subarray(cut))]).toEqual([frame]);
      expect([deframer.pending(), deframer.dropped()]).toEqual([0, 0]);
    }
    const single = createDeframer1376();
    expect([...bytes].flatMap((byte) => single.push(Uint8Array.of(byte)))).toEqual([frame]);
  });

  test.each(whole)("$id cut short is no frame", (vector) => {
    const bytes = vectorBytes(vector);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeFrame1376(bytes.subarray(0, length))).toMatchObject({ ok: false, reason: "truncated" });
    }
  });

  test.each(whole.filter((vector) => vector.valid))("$id gives a receiver nothing to refuse", (vector) => {
    expect(fault1376(frameOf(vector))).toBeNull();
    expect(describe1376(vectorBytes(vector))).not.toHaveProperty("fault");
  });
});

test.each(bad)("$id is refused: $reason", (vector) => {
  expect(describe1376(vectorBytes(vector))).toEqual({ ok: false, reason: vector.reason });
  expect(createDeframer1376().push(vectorBytes(vector))).toEqual([]);
});

test.each(wrong)("$id is read but marked: $reason", (vector) => {
  expect(fault1376(frameOf(vector))).toBe(vector.reason);
  expect(describe1376(vectorBytes(vector))).toMatchObject({ ok: true, fault: vector.reason });
});

describe("what the system builds itself", () => {
  test.each(whole.filter((vector) => vector.category === "link" && vector.meaning.fromTerminal === true))(
    "$id is what a terminal sends with the same number",
    (vector) => {
      const { a1, a2, seq } = frameOf(vector);
      const { type } = readMessage(frameOf(vector));
      if (type !== "login" && type !== "logout" && type !== "heartbeat") throw new Error(type);
      expect(toHex(encodeFrame1376(encodeLinkTest({ a1, a2 }, type, seq & 15)))).toBe(vector.hex);
    },
  );

  test.each(whole.filter((vector) => vector.category === "transparent-down"))("$id is the same question", (vector) => {
    const frame = frameOf(vector);
    const message = readMessage(frame);
    if (message.type !== "forward" || frame.tp === null) throw new Error(message.type);
    const options = { number: frame.seq & 15, msa: frame.a3 >> 1, tp: frame.tp };
    expect(toHex(encodeFrame1376(encodeForward(frame, message, options)))).toBe(vector.hex);
  });

  test.each(whole.filter((vector) => vector.category === "transparent-up"))("$id is the same answer", (vector) => {
    const frame = frameOf(vector);
    const message = readMessage(frame);
    if (message.type !== "forwarded") throw new Error(message.type);
    expect(toHex(encodeFrame1376(encodeForwarded(frame, message, frame.ec)))).toBe(vector.hex);
  });
});

test("published frames are found in any noise that is not itself a start, however it is cut", () => {
  const noise = fc.array(
    fc.oneof(fc.constantFrom(0x16, 0xfe, 0x32), fc.nat(255)).filter((byte) => byte !== 0x68),
    { maxLength: 20 },
  );
  const piece = fc.tuple(noise, fc.constantFrom(...whole));
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), fc.nat(40), (pieces, step) => {
      const stream = concat(...pieces.map(([bytes, vector]) => concat(Uint8Array.from(bytes), vectorBytes(vector))));
      const deframer = createDeframer1376();
      const found: Frame1376[] = [];
      for (let at = 0; at < stream.length; at += step + 1)
        found.push(...deframer.push(stream.slice(at, at + step + 1)));
      expect(found.map((frame) => toHex(encodeFrame1376(frame)))).toEqual(pieces.map(([, vector]) => vector.hex));
      expect(deframer.pending()).toBe(0);
    }),
  );
});
