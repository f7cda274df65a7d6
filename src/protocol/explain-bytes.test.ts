import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "./bytes.ts";
import { encodeFrame645 } from "./dlt645/frame.ts";
import { describeFrame, edition645 } from "./explain.ts";
import { explainBytes } from "./explain-bytes.ts";
import { textLines } from "./explain-text.ts";

type Vector = { id: string; hex: string; valid: boolean; invalidKind?: string; protocol?: string };

const FILES = ["dlt645-2007", "dlt645-1997", "cjt188", "qgdw1376.1"] as const;
const vectors = FILES.flatMap((protocol) => {
  const file: { vectors: Vector[] } = JSON.parse(
    readFileSync(new URL(`../../test/frames/${protocol.replace(".", "-")}.json`, import.meta.url), "utf8"),
  );
  return file.vectors.filter(({ invalidKind }) => invalidKind !== "frame").map((vector) => ({ ...vector, protocol }));
});

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(hex);
  return bytes;
}

describe("a published frame", () => {
  test.each(vectors)("$id is recognised as $protocol", ({ hex, protocol, id }) => {
    const description = describeFrame(bytesOf(hex));
    // Setting the clock is the same frame in both editions.
    const sameInBoth =
      id.startsWith("d97") && description.ok && description.protocol === "dlt645-2007" && description.control === "08";
    if (!sameInBoth) expect(description).toMatchObject({ ok: true, protocol });
    expect(textLines(description).length).toBeGreaterThan(2);
  });

  test.each(vectors)("$id is explained byte by byte without a gap", ({ hex, protocol }) => {
    const pieces = explainBytes(bytesOf(hex), protocol).flatMap((explained) => explained.pieces);
    expect(pieces.map((piece) => piece.hex).join("")).toBe(hex);
    let at = 0;
    for (const piece of pieces) {
      expect(piece.offset).toBe(at);
      expect(piece.hex).toHaveLength(2 * piece.length);
      expect(piece.zh).not.toBe("");
      at += piece.length;
    }
  });
});

test("any bytes are explained without a gap", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .record({ address: fc.constant("000000000161"), control: fc.nat(255), data: fc.uint8Array({ maxLength: 60 }) })
      .map((frame) => encodeFrame645(frame, 1)),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      const covered = explainBytes(bytes).flatMap(({ pieces }) => pieces);
      // Wake-up bytes alone are no stretch worth a word.
      const length = covered.reduce((sum, piece) => sum + piece.length, 0);
      expect(length === bytes.length || bytes.includes(0xfe)).toBe(true);
      expect(covered.every((piece) => piece.length > 0)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([
  [0x01, "10 90", "dlt645-1997"],
  [0xc1, "02", "dlt645-1997"],
  [0x11, "00 00 01 00", "dlt645-2007"],
  [0x11, "44 e9", "dlt645-1997"],
  [0x03, "10 90", "dlt645-1997"],
  [0x03, "ff 02 01 07 00 00 00 00", "dlt645-2007"],
  [0x83, "10 90 01 02 03 04", "dlt645-1997"],
  [0x83, "ff 02 01 07", "dlt645-2007"],
  [0x1f, "", "dlt645-2007"],
])("control %i with data %s is edition %s", (control, hex, edition) => {
  expect(edition645({ address: "000000000161", control, data: bytesOf(hex) })).toBe(edition);
});
