import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiBytes, type Bytes, concat, fromHex } from "../bytes.ts";
import { encodeFrame645 } from "../dlt645/frame.ts";
import { DETECT_BYTES_MAX, type DetectedLink, detectLink } from "./detect.ts";
import { type CompiledPattern, compilePattern, type DtuPattern } from "./dtu-pattern.ts";
import { encodeLink } from "./jichao.ts";

type Vector = { id: string; hex: string; valid: boolean; meaning: { fromMeter?: boolean } };

function vectorsOf(protocol: string): Vector[] {
  const url = new URL(`../../../test/frames/${protocol}.json`, import.meta.url);
  const file: { vectors: Vector[] } = JSON.parse(readFileSync(url, "utf8"));
  return file.vectors.filter((vector) => vector.valid);
}

function whole(hex: string): Bytes {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(hex);
  return bytes;
}

function ready(...patterns: DtuPattern[]): CompiledPattern[] {
  return patterns.map((pattern) => {
    const compiled = compilePattern(pattern);
    if (!compiled.ok) throw new Error(compiled.reason);
    return compiled.pattern;
  });
}

const dtus = ready({ text: "(\\d{15})" }, { hex: "f800000e00(............)" }, { text: "REG:(\\w+)\\r\\n" });

/** What is said after each byte, without repeats. */
function story(bytes: Bytes, patterns = dtus): DetectedLink[] {
  const said: DetectedLink[] = [];
  for (let length = 0; length <= bytes.length; length++) {
    const now = detectLink(bytes.subarray(0, length), patterns);
    if (said.at(-1) !== now) said.push(now);
  }
  return said;
}

describe("a caller is known by its first bytes, and what was said once stays true", () => {
  test.each(vectorsOf("qgdw1376-1"))("$id is Q/GDW 1376.1", ({ hex }) => {
    expect(story(whole(hex))).toEqual(["need-more", "gw1376"]);
  });

  test.each(vectorsOf("dlt645-2007"))("$id is a DTU with DL/T 645", ({ hex }) => {
    expect(story(whole(hex))).toEqual(["need-more", "transparent-645"]);
  });

  test.each(vectorsOf("cjt188"))("$id is a DTU with CJ/T 188", ({ hex }) => {
    expect(story(whole(hex))).toEqual(["need-more", "transparent-188"]);
  });

  test.each(vectorsOf("dtu"))("$id is a DTU that registers", ({ hex }) => {
    expect(story(whole(hex))).toEqual(["need-more", "dtu-registration"]);
  });

  test("a concentrator of our own says JC", () => {
    const ping = encodeLink({ seq: 1, message: { type: "ping", rssi: 0, queue: 0, clockMs: 0 } });
    expect(story(ping)).toEqual(["need-more", "jcp1"]);
  });

  test.each([
    ["866123456789012", "dtu-registration"],
    ["REG:A7\r\n", "dtu-registration"],
  ])("%j registers", (text, kind) => {
    expect(story(Uint8Array.from(text, (char) => char.charCodeAt(0)))).toEqual(["need-more", kind]);
  });
});

describe("scanners and strangers are unknown at once", () => {
  test.each([
    ["a browser", Uint8Array.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n", (char) => char.charCodeAt(0))],
    ["TLS", whole("16030100c8010000c40303")],
    ["SSH", asciiBytes("SSH-2.0-Go")],
    ["a database", whole("4a0000000a382e302e")],
    ["MQTT", whole("101000044d5154540402")],
    ["a lone zero", whole("00")],
    ["seventeen wake-up bytes", new Uint8Array(17).fill(0xfe)],
    ["a 68H with nothing behind it that fits", whole("6800112233445566778899aabbcc")],
  ])("%s", (_, bytes) => {
    expect(story(bytes)).toEqual(["need-more", "unknown"]);
  });

  test("letters of another registration do not wait for more", () => {
    expect(detectLink(asciiBytes("REX"), dtus)).toBe("unknown");
    expect(detectLink(asciiBytes("REG:"), dtus)).toBe("need-more");
    expect(detectLink(asciiBytes("REG:"), [])).toBe("unknown");
  });

  test("a caller that never comes to the point is unknown in the end", () => {
    const forever = ready({ text: ".*(!)" });
    expect(detectLink(asciiBytes("a".repeat(50)), forever)).toBe("need-more");
    expect(detectLink(asciiBytes("a".repeat(DETECT_BYTES_MAX)), forever)).toBe("unknown");
  });
});

test("a second 68H that stands where both protocols want it is decided by the whole frame", () => {
  // The address 6800 1122 1122 repeats itself as two equal lengths followed by 68H.
  const meter = encodeFrame645({ address: "006822112211", control: 0x91, data: new Uint8Array(4) }, 0);
  expect([meter[5], meter[7]]).toEqual([0x68, 0x68]);
  expect(story(meter)).toEqual(["need-more", "transparent-645"]);
});

test("no bytes make it throw, and it never waits for ever", () => {
  const bytes = fc
    .array(fc.oneof(fc.constantFrom(0x68, 0x4a, 0x43, 0xfe, 0x10, 0x32, 0x00), fc.nat(255)), { maxLength: 320 })
    .map((each) => Uint8Array.from(each));
  fc.assert(
    fc.property(bytes, (first) => {
      const said = detectLink(first, dtus);
      if (said === "need-more") expect(first.length).toBeLessThan(DETECT_BYTES_MAX);
      const known = said !== "need-more" && said !== "unknown";
      if (known && said !== "jcp1") expect(detectLink(concat(first, Uint8Array.of(0)), dtus)).not.toBe("need-more");
    }),
    { numRuns: 500 },
  );
});
