import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createDeframer645, decodeFrame645, encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { type Codec, codec } from "./codec.ts";
import { readCorpus } from "./corpus.ts";
import { letter645 } from "./letter.ts";
import type { Target } from "./must.ts";
import { mutate } from "./mutate.ts";
import { randomAt } from "./random.ts";
import { run } from "./run.ts";

/** Pure computing of some ten seconds; machines that run many things at once take several times as long. */
const CROWDED_MS = 180_000;
const corpus = readCorpus();
const protocolDir = join(import.meta.dirname, "../../src/protocol");

test(
  "50 000 changed frames break no decoder",
  () => {
    const report = run({ frames: 50_000, seed: 1, from: 0, protocol: null });
    expect(report.failures).toEqual([]);
    // Frames that stay good, or are made good again, must come through too: else nothing was tried.
    for (const [name, { accepted, refused }] of Object.entries(report.byProtocol)) {
      expect([name, accepted > 500, refused > 500]).toEqual([name, true, true]);
    }
    expect(report.frames).toBe(50_000);
  },
  CROWDED_MS,
);

test("an input can be had again by its seed and index", () => {
  for (const index of [0, 1, 77, 4_000_000_000]) {
    expect(mutate(randomAt(5, index), corpus)).toEqual(mutate(randomAt(5, index), corpus));
  }
  const inputs = Array.from({ length: 200 }, (_, i) => mutate(randomAt(i % 2, i >> 1), corpus).bytes.join());
  expect(new Set(inputs).size).toBeGreaterThan(190);
});

test("what is made whole by the letter is whole by the letter, and a flipped bit ends that", () => {
  for (const { bytes, letter } of corpus) {
    const body = bytes.slice(bytes.findIndex((byte) => byte !== 0xfe));
    if (letter === null || body.length < 32) continue;
    letter.repair(body, true);
    expect(letter.wholeLength(body)).toBe(body.length);
    body[body.length - 3]! ^= 0x10;
    expect(letter.wholeLength(body)).toBeNull();
  }
});

describe("a decoder with this bug is caught:", () => {
  const good: Codec<Frame645> = {
    name: "645",
    letter: letter645,
    heldMax: 267,
    decode: decodeFrame645,
    encode: encodeFrame645,
    deframer: createDeframer645,
    describe: decodeFrame645,
    understand: () => [],
  };

  test("none at all, for comparison", () => {
    expect(complaint(codec(good))).toBeNull();
  });

  test.each<[string, Partial<Codec<Frame645>>, RegExp]>([
    ["the checksum is not looked at", { decode: decodeAnything }, /wrong checksum/],
    ["a control code is refused", { decode: (bytes) => refusing(bytes) }, /was refused/],
    ["an answer without data throws", { understand: (frame) => [frame.data[0]?.toFixed() ?? fail()] }, /no data/],
    ["digits that are none become NaN", { understand: (frame) => [{ wh: [frame.data.length / 0] }] }, /is none/],
    ["DATA keeps its 33H", { encode: (frame, preamble) => encodeFrame645(shifted(frame), preamble) }, /encoded again/],
    ["more is held back than one frame", { heldMax: 20 }, /held back/],
    ["a frame of the stream is made up", { deframer: inventing }, /was not in it/],
    ["the stream loses a frame", { deframer: () => ({ ...createDeframer645(), push: () => [] }) }, /not found in/],
    ["the description disagrees", { describe: () => ({ ok: true }) }, /described otherwise/],
  ])("%s", (_, bug, words) => {
    expect(complaint(codec({ ...good, ...bug }))).toMatch(words);
  });

  function decodeAnything(bytes: Uint8Array) {
    const decoded = decodeFrame645(bytes);
    if (decoded.ok || decoded.reason !== "checksum") return decoded;
    const mended = bytes.slice();
    const at = bytes.findIndex((byte) => byte !== 0xfe);
    letter645.repair(mended.subarray(at, at + 12 + (bytes[at + 9] ?? 0)), false);
    return decodeFrame645(mended);
  }

  function refusing(bytes: Uint8Array) {
    const decoded = decodeFrame645(bytes);
    return decoded.ok && decoded.frame.control === 0x91 ? { ok: false as const } : decoded;
  }

  function fail(): never {
    throw new Error("no data");
  }

  function shifted(frame: Frame645): Frame645 {
    return { ...frame, data: frame.data.map((byte) => byte + 0x33) };
  }

  function inventing() {
    const deframer = createDeframer645();
    return { ...deframer, flush: () => [{ address: "123456789012", control: 1, data: new Uint8Array(3) }] };
  }
});

test("everything that decodes or describes bytes is tried", () => {
  const tried = ["targets.ts", "dtu.ts"].map((name) => readFileSync(join(import.meta.dirname, name), "utf8")).join();
  const names = readdirSync(protocolDir, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap((path) => [...readFileSync(join(protocolDir, path), "utf8").matchAll(DECODERS)].map(([, name]) => name));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => name !== undefined && !tried.includes(name))).toEqual([]);
});

/** Exports that take bytes or frames apart. Frames in plain data (`describeFrame97`) are reached through `describe97`. */
const DECODERS =
  /^export (?:function|const) (decode\w+|describe(?!645\b|Frame97\b|Frame188\b)\w*|create\w*Deframer\w*|detect\w+|annotate(?!Frame645\b)\w+|create(?:\w+Link|Reassembler))\b/gm;

/** What the target says about the first input that it does not like, among some thousand; null when it likes all. */
function complaint(target: Target): string | null {
  for (let index = 0; index < 4000; index++) {
    try {
      target.accepts(mutate(randomAt(3, index), corpus));
    } catch (error) {
      return error instanceof Error ? error.message : "thrown";
    }
  }
  return null;
}
