import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes.ts";
import { describeFrame } from "../explain.ts";
import { decodeAnswer, encodeReadReply } from "./commands.ts";
import { createDeframer645, decodeFrame645, encodeFrame645 } from "./frame.ts";

type Vector = {
  id: string;
  hex: string;
  valid: boolean;
  category: string;
  invalidKind?: "frame" | "semantic";
  reason?: string;
  meaning: Record<string, unknown>;
};

const file: { count: number; vectors: Vector[] } = JSON.parse(
  readFileSync(new URL("../../../test/frames/dlt645-2007.json", import.meta.url), "utf8"),
);
const good = file.vectors.filter((vector) => vector.invalidKind !== "frame");
const bad = file.vectors.filter((vector) => vector.invalidKind === "frame");

/** Keys of makers' own write layouts, which the codec shows as `writeData`. */
const MAKERS_OWN = ["refundLast", "account"];

function bytesOf(vector: Vector): Uint8Array {
  const bytes = fromHex(vector.hex);
  if (bytes === null) throw new Error(`${vector.id} is not hex`);
  return bytes;
}

test("the file holds what it says", () => {
  expect(file.vectors).toHaveLength(file.count);
  expect(new Set(file.vectors.map((vector) => vector.id)).size).toBe(file.count);
  expect([good.length, bad.length]).toEqual([92, 7]);
});

describe("a good frame", () => {
  test.each(good)("$id $category means what was published", (vector) => {
    const description = describeFrame(bytesOf(vector));
    const ownWrite = vector.meaning.function === "write";
    const expected = Object.fromEntries(
      Object.entries(vector.meaning).filter(([key]) => !MAKERS_OWN.includes(key) && !(ownWrite && key === "recharge")),
    );
    expect(description).toMatchObject({ ok: true, protocol: "dlt645-2007", ...expected });
    if (vector.meaning.values === undefined) expect(description).toMatchObject({ values: [] });
  });

  test.each(good)("$id is found in a stream and encoded again to the same bytes", (vector) => {
    const bytes = bytesOf(vector);
    const [frame, ...others] = createDeframer645().push(bytes);
    const decoded = decodeFrame645(bytes);
    if (frame === undefined || !decoded.ok) throw new Error("no frame");
    expect(others).toEqual([]);
    expect(toHex(encodeFrame645(frame, decoded.preamble))).toBe(vector.hex);
  });

  test.each(good)("$id, when it is a reading, is encoded again by the meter's side", (vector) => {
    const decoded = decodeFrame645(bytesOf(vector));
    if (!decoded.ok) throw new Error(decoded.detail);
    const answer = decodeAnswer(decoded.frame);
    if (answer.kind !== "reading") return;
    const again = encodeReadReply(decoded.frame.address, answer.reading, answer.di);
    expect(toHex(encodeFrame645(again, decoded.preamble))).toBe(vector.hex);
  });
});

test.each(bad)("$id is refused: $reason", (vector) => {
  expect(describeFrame(bytesOf(vector))).toEqual({ ok: false, reason: vector.reason });
  expect(createDeframer645().push(bytesOf(vector))).toEqual([]);
});
