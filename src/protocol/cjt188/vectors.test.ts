import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Vector, vectorBytes, vectorsOf } from "../../../test/frames/vectors.ts";
import { concat, toHex } from "../bytes.ts";
import {
  type Call188,
  decodeAnswer188,
  decodeRequest188,
  encodeDataReply188,
  encodePurchase188,
  encodeRead188,
  encodeReadAddress188,
  encodeReadReply188,
  encodeValve188,
  encodeWrite188,
  encodeWriteAddress188,
  encodeWriteReply188,
  expects188,
} from "./commands.ts";
import { describe188 } from "./describe.ts";
import { createDeframer188, decodeFrame188, encodeFrame188, type Frame188, framesIn188 } from "./frame.ts";
import { FUNCTION_188 } from "./items.ts";

const file = vectorsOf("cjt188");
const { good, bad } = file;

function frameOf(vector: Vector): { frame: Frame188; preamble: number } {
  const decoded = decodeFrame188(vectorBytes(vector));
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded;
}

test("the file holds what it says", () => {
  expect(file.all).toHaveLength(file.count);
  expect([good.length, bad.length]).toEqual([27, 4]);
});

describe("a good frame", () => {
  test.each(good)("$id $category means what was published and is encoded again to the same bytes", (vector) => {
    const description = describe188(vectorBytes(vector));
    expect(description).toMatchObject({ ok: true, protocol: "cjt188", ...vector.meaning });
    // What was not published, such as an unset clock, is not invented.
    for (const key of ["clock", "current", "settlement", "purchaseSeq", "valveCommand", "newAddress"]) {
      if (!(key in vector.meaning)) expect(description).not.toHaveProperty(key);
    }
    const { frame, preamble } = frameOf(vector);
    expect(toHex(encodeFrame188(frame, preamble))).toBe(vector.hex);
  });

  test.each(good)("$id is made again from its meaning by master or meter", (vector) => {
    const { frame } = frameOf(vector);
    const again = madeAgain(frame);
    if (again !== null) expect(toHex(again.data)).toBe(toHex(frame.data));
    else expect(["error-response", "vendor", "valve"]).toContain(vector.category);
  });
});

/** The frame from what master or meter understood of it; null for makers' own codes and for refusals. */
function madeAgain(frame: Frame188): Frame188 | null {
  const request = decodeRequest188(frame);
  if (request.ok) {
    const { call } = request;
    switch (request.request.kind) {
      case "read":
        return encodeRead188(call, request.request.di);
      case "readAddress":
        return encodeReadAddress188(call);
      case "valve":
        return encodeValve188(call, request.request.action, frame.data.length - 4);
      case "purchase":
        return encodePurchase188(call, request.request.purchase);
      case "writeAddress":
        return encodeWriteAddress188(call, request.request.newAddress);
      case "write":
        return encodeWrite188(call, request.request.di, request.request.data);
      default:
        return null;
    }
  }
  const answer = decodeAnswer188(frame);
  if (answer.kind !== "reading" && answer.kind !== "done") return null;
  const call: Call188 = { ...frame, ser: answer.ser, order: answer.order };
  if (answer.kind === "done") return encodeWriteReply188(call, answer.di, answer.status?.word ?? null);
  if (answer.reading.item === "address") {
    return encodeDataReply188(call, answer.di, new Uint8Array(0), FUNCTION_188.readAddress);
  }
  return encodeReadReply188(call, answer.di, answer.reading);
}

test.each(bad)("$id is refused: $reason", (vector) => {
  expect(describe188(vectorBytes(vector))).toEqual({ ok: false, reason: vector.reason });
  expect(framesIn188(vectorBytes(vector))).toEqual([]);
});

describe("in a stream", () => {
  test.each(good)("$id comes out whole from any cut, and from single bytes", (vector) => {
    const bytes = vectorBytes(vector);
    const { frame } = frameOf(vector);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const deframer = createDeframer188();
      const early = deframer.push(bytes.subarray(0, cut));
      expect(early).toEqual(cut === bytes.length ? [frame] : []);
      expect([...early, ...deframer.push(bytes.subarray(cut))]).toEqual([frame]);
    }
    const deframer = createDeframer188();
    expect([...bytes].flatMap((byte) => deframer.push(Uint8Array.of(byte)))).toEqual([frame]);
  });

  test("every vector is found between noise, in order", () => {
    const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte === 0x68 ? 0x67 : byte)));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, fc.constantFrom(...good)), { maxLength: 6 }), (pieces) => {
        const stream = concat(...pieces.flatMap(([before, vector]) => [before, vectorBytes(vector)]));
        expect(framesIn188(stream)).toEqual(pieces.map(([, vector]) => frameOf(vector).frame));
      }),
    );
  });

  test("a bad vector costs no good one that follows it", () => {
    for (const vector of bad) {
      for (const next of good) {
        const frames = framesIn188(concat(vectorBytes(vector), vectorBytes(next)));
        expect(frames).toEqual([frameOf(next).frame]);
      }
    }
  });
});

test("captured answers belong to questions with their SER and identifier, in either order, and to no other", () => {
  const answers = good.filter((vector) => vector.meaning.fromMeter === true && vector.meaning.abnormal === false);
  for (const answer of answers) {
    const { frame } = frameOf(answer);
    const { di, ser } = answer.meaning;
    for (const order of ["high-first", "low-first"] as const) {
      const question = (asked: string, serial: number) => {
        const read = encodeRead188({ ...frame, ser: serial, order }, asked);
        return { ...read, control: frame.control & 0x1f };
      };
      expect(expects188(question(String(di), Number(ser)), frame)).toBe(true);
      expect(expects188(question(String(di), Number(ser) + 1), frame)).toBe(false);
      expect(expects188(question("8105", Number(ser)), frame)).toBe(false);
    }
  }
});
