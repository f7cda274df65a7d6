import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { vectorBytes, vectorsOf } from "../../../test/frames/vectors.ts";
import { concat, toHex } from "../bytes.ts";
import { describeFrame } from "../explain.ts";
import { decodeAnswer, encodeReadReply } from "./commands.ts";
import { createDeframer645, decodeFrame645, encodeFrame645, type Frame645 } from "./frame.ts";
import { decodeRequest } from "./requests.ts";

const file = vectorsOf("dlt645-2007");
const { good, bad } = file;

test("the file holds what it says", () => {
  expect(file.all).toHaveLength(file.count);
  expect(new Set(file.all.map((vector) => vector.id)).size).toBe(file.count);
  expect([good.length, bad.length]).toEqual([92, 7]);
});

describe("a good frame", () => {
  test.each(good)("$id $category means what was published", (vector) => {
    const description = describeFrame(vectorBytes(vector));
    expect(description).toMatchObject({ ok: true, protocol: "dlt645-2007", ...vector.meaning });
    if (vector.meaning.values === undefined) expect(description).toMatchObject({ values: [] });
  });

  test.each(good)("$id is found in a stream and encoded again to the same bytes", (vector) => {
    const bytes = vectorBytes(vector);
    const [frame, ...others] = createDeframer645().push(bytes);
    const decoded = decodeFrame645(bytes);
    if (frame === undefined || !decoded.ok) throw new Error("no frame");
    expect(others).toEqual([]);
    expect(toHex(encodeFrame645(frame, decoded.preamble))).toBe(vector.hex);
  });

  test.each(good)("$id, when it is a reading, is encoded again by the meter's side", (vector) => {
    const decoded = decodeFrame645(vectorBytes(vector));
    if (!decoded.ok) throw new Error(decoded.detail);
    const answer = decodeAnswer(decoded.frame);
    if (answer.kind !== "reading") return;
    const again = encodeReadReply(decoded.frame.address, answer.reading, answer.di);
    expect(toHex(encodeFrame645(again, decoded.preamble))).toBe(vector.hex);
  });
});

test("d07-v014, a whole frame with senseless data, is refused by a meter", () => {
  const semantic = file.all.filter((vector) => vector.invalidKind === "semantic");
  for (const vector of semantic) {
    const decoded = decodeFrame645(vectorBytes(vector));
    if (!decoded.ok) throw new Error(decoded.detail);
    expect(decodeRequest(decoded.frame)).toEqual({ ok: false, reason: "baud_word_unknown" });
  }
  expect(semantic).toHaveLength(1);
});

describe("a stream of all good frames", () => {
  const whole = concat(...good.map(vectorBytes));
  const frames = good.map((vector) => vector.hex.replace(/^(fe)+/, ""));
  const hexOf = (found: Frame645[]) => found.map((frame) => toHex(encodeFrame645(frame, 0)));

  test("gives every frame when the bytes come one by one", () => {
    const deframer = createDeframer645();
    expect(hexOf([...whole].flatMap((byte) => deframer.push(Uint8Array.of(byte))))).toEqual(frames);
    expect([deframer.pending(), deframer.dropped()]).toEqual([0, 0]);
  });

  test.each(good)("$id, cut anywhere, is found once its rest has come, and no frame is found in its head", (vector) => {
    const bytes = vectorBytes(vector);
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(decodeFrame645(bytes.subarray(0, cut))).toMatchObject({ ok: false, reason: "truncated" });
      const deframer = createDeframer645();
      expect(deframer.push(bytes.subarray(0, cut))).toEqual([]);
      expect(hexOf(deframer.push(bytes.subarray(cut)))).toEqual(hexOf(createDeframer645().push(bytes)));
    }
  });

  test("gives every frame between noise in which no frame can begin", () => {
    const noise = fc.uint8Array({ maxLength: 12 }).map((bytes) => bytes.map((byte) => (byte === 0x68 ? 0x16 : byte)));
    fc.assert(
      fc.property(fc.array(noise, { minLength: good.length, maxLength: good.length }), (between) => {
        const parts = good.flatMap((vector, i) => [between[i] ?? new Uint8Array(0), vectorBytes(vector)]);
        expect(hexOf(createDeframer645().push(concat(...parts)))).toEqual(frames);
      }),
      { numRuns: 30 },
    );
  });
});

test.each(bad)("$id is refused: $reason", (vector) => {
  expect(describeFrame(vectorBytes(vector))).toEqual({ ok: false, reason: vector.reason });
  expect(createDeframer645().push(vectorBytes(vector))).toEqual([]);
});
