import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { frameCommand } from "#cli/frame.ts";
import { type Bytes, concat, toHex } from "#protocol/bytes.ts";
import { createDeframer188, encodeFrame188 } from "#protocol/cjt188/frame.ts";
import { createDeframer645, encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { createDeframer1376, encodeFrame1376 } from "#protocol/gw1376/frame.ts";
import { compileTransparent, createTransparentLink } from "#protocol/link/transparent.ts";
import { randomAt } from "../tools/fuzz/random.ts";
import { type Vector as Published, vectorBytes } from "./frames/vectors.ts";

type Vector = Published & { protocol: string };

const FRAMES = join(import.meta.dirname, "frames");
const files = readdirSync(FRAMES)
  .filter((name) => name.endsWith(".json"))
  .map((name): { protocol: string; count: number; vectors: Published[] } =>
    JSON.parse(readFileSync(join(FRAMES, name), "utf8")),
  );
const vectors: Vector[] = files.flatMap(({ protocol, vectors }) => vectors.map((vector) => ({ ...vector, protocol })));
const frames = vectors.filter(({ protocol }) => protocol !== "dtu");
const whole = frames.filter(({ invalidKind }) => invalidKind !== "frame");

/** Vectors that did all that is asked of them, for the table at the end. */
const passed = new Set<Vector>();

/** What the command prints for lines on its standard input, one object a line; they come in pieces of 1000 characters. */
async function printed(args: string[], lines: readonly string[]): Promise<string[]> {
  const text = lines.join("\n");
  async function* stdin() {
    for (let at = 0; at < text.length; at += 1000) yield text.slice(at, at + 1000);
  }
  const out: string[] = [];
  await frameCommand(args, { stdin: stdin(), out: (line) => out.push(line), err: () => {} });
  return out;
}

type Printed = Record<string, unknown> & { values?: { name: string; value: string | null; unit?: string }[] };

const described: Printed[] = (
  await printed(
    ["decode", "--json"],
    frames.map(({ hex }) => hex),
  )
).map((line) => JSON.parse(line));
const remade = await printed(
  ["encode"],
  described.filter(({ ok }) => ok === true).map((each) => JSON.stringify(each)),
);

test("the command answers every line with one object, and makes every good one again", () => {
  expect(described).toHaveLength(frames.length);
  expect(remade).toHaveLength(whole.length);
});

describe("jichao frame decode --json, without being told the protocol:", () => {
  test.each(frames.map((vector, at) => [vector.id, vector, described[at] ?? {}] as const))("%s", (_, vector, print) => {
    if (vector.invalidKind === "frame") {
      expect({ ok: print.ok, reason: print.reason }).toEqual({ ok: false, reason: vector.reason });
    } else {
      expect(print).toMatchObject({ ok: true, protocol: vector.protocol, ...vector.meaning });
      if (vector.protocol.startsWith("dlt645")) expect(print.values).toEqual(vector.meaning.values ?? []);
      expect(remade[whole.indexOf(vector)]).toBe(vector.hex);
      // What is whole but must be refused says why; the words of the file may say more.
      if (vector.invalidKind === "semantic") expect(vector.reason).toContain(String(print.fault).split(":")[0]);
      else expect(print).not.toHaveProperty("fault");
    }
    passed.add(vector);
  });
});

test("numbers are decimal texts with the decimals of the register", () => {
  const values = described.flatMap(({ values }) => values ?? []);
  expect(values.length).toBeGreaterThan(50);
  for (const { value, unit } of values) {
    expect(typeof value === "string" || value === null).toBe(true);
    if (unit !== undefined && value !== null) expect(value).toMatch(/^-?\d+(\.\d+)?$/);
  }
});

test("the packets of the DTU are its registration and its heartbeat, alone and between meter frames", () => {
  const packet = "f800000e00(............)0000000000..00..16";
  const compiled = compileTransparent({ registration: { hex: packet }, heartbeats: [] });
  if (!compiled.ok) throw new Error(compiled.reason);
  const link = createTransparentLink(compiled.config);
  const packets = vectors.filter(({ protocol }) => protocol === "dtu");
  const types = packets.flatMap((vector) => link.push(vectorBytes(vector)).map(({ type }) => type));
  expect(types).toEqual(["register", "heartbeat"]);
  for (const vector of packets) passed.add(vector);
});

/** One line of a protocol: its deframer, and how a frame of it is written without wake-up bytes. */
type Stream = { protocol: string; push(chunk: Bytes): string[]; flush(): string[] };

const STREAMS: Readonly<Record<string, () => Stream>> = {
  "dlt645-2007": () => stream("dlt645-2007", createDeframer645(), (frame) => encodeFrame645(frame, 0)),
  "dlt645-1997": () => stream("dlt645-1997", createDeframer645(), (frame) => encodeFrame645(frame, 0)),
  cjt188: () => stream("cjt188", createDeframer188(), (frame) => encodeFrame188(frame, 0)),
  "qgdw1376.1": () => stream("qgdw1376.1", createDeframer1376(), (frame) => encodeFrame1376(frame)),
};

function stream<F>(
  protocol: string,
  deframer: { push(chunk: Bytes): F[]; flush(): F[] },
  encode: (frame: F) => Bytes,
): Stream {
  const hex = (found: F[]) => found.map((frame) => toHex(encode(frame)));
  return { protocol, push: (chunk) => hex(deframer.push(chunk)), flush: () => hex(deframer.flush()) };
}

describe.each(Object.entries(STREAMS))("every vector of %s in one stream with noise between", (protocol, open) => {
  const own = frames.filter((vector) => vector.protocol === protocol);
  const random = randomAt(20_260_801, own.length);
  // Half of the noise is made of what frames are made of: starts, ends, wake-up bytes and small lengths.
  const noise = () =>
    Uint8Array.from({ length: random.below(14) }, () => {
      return random.chance(50) ? random.pick([0x68, 0x16, 0xfe, 0x10, 0x04, 0x00]) : random.byte();
    });
  const line = concat(...own.flatMap((vector) => [noise(), vectorBytes(vector)]), noise());
  const expected = own.filter(({ invalidKind }) => invalidKind !== "frame").map(({ hex }) => hex.replace(/^(fe)+/, ""));

  test("comes out whole at once", () => {
    const deframer = open();
    expect([...deframer.push(line), ...deframer.flush()]).toEqual(expected);
  });

  test("comes out whole from single bytes", () => {
    const deframer = open();
    expect([...[...line].flatMap((byte) => deframer.push(Uint8Array.of(byte))), ...deframer.flush()]).toEqual(expected);
  });

  test("comes out whole whichever byte it is cut at", () => {
    for (let cut = 1; cut < line.length; cut++) {
      const deframer = open();
      const found = [
        ...deframer.push(line.subarray(0, cut)),
        ...deframer.push(line.subarray(cut)),
        ...deframer.flush(),
      ];
      if (found.join() !== expected.join()) throw new Error(`cut at ${cut}: ${found.length} of ${expected.length}`);
    }
  });

  test("comes out whole from pieces of any size", () => {
    for (let size = 2; size <= 64; size++) {
      const deframer = open();
      const found: string[] = [];
      for (let at = 0; at < line.length; at += size) found.push(...deframer.push(line.subarray(at, at + size)));
      expect([size, ...found, ...deframer.flush()]).toEqual([size, ...expected]);
    }
  });
});

/** Vectors by protocol and category: how many of each are good and bad, and how many of those came through. */
function table(): string {
  const rows = new Map<string, { valid: number; invalid: number; validPassed: number; invalidPassed: number }>();
  for (const vector of vectors) {
    const key = `${vector.protocol.padEnd(12)} ${vector.category.padEnd(17)}`;
    const row = rows.get(key) ?? { valid: 0, invalid: 0, validPassed: 0, invalidPassed: 0 };
    row[vector.valid ? "valid" : "invalid"]++;
    if (passed.has(vector)) row[vector.valid ? "validPassed" : "invalidPassed"]++;
    rows.set(key, row);
  }
  const of = (some: number, all: number) => (all === 0 ? "-" : `${some}/${all}`).padStart(9);
  const lines = [...rows].map(([key, row]) => {
    return `${key}${of(row.validPassed, row.valid)}${of(row.invalidPassed, row.invalid)}`;
  });
  const good = vectors.filter(({ valid }) => valid);
  const passedGood = good.filter((vector) => passed.has(vector)).length;
  const all = `${"all".padEnd(30)}${of(passedGood, good.length)}${of(passed.size - passedGood, vectors.length - good.length)}`;
  return [
    "frame vectors                 valid passed  invalid refused".replace(/ {2}valid/, " valid"),
    ...lines,
    all,
  ].join("\n");
}

test("every vector came through, as the table says", async ({ annotate }) => {
  await annotate(table(), "report");
  expect(vectors.length - passed.size).toBe(0);
  expect(files.map(({ count, vectors }) => vectors.length - count)).toEqual(files.map(() => 0));
});
