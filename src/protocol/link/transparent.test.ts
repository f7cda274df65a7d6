import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiBytes, type Bytes, concat, fromHex, toHex } from "../bytes.ts";
import { encodeFrame645 } from "../dlt645/frame.ts";
import { compilePattern, type DtuPattern } from "./dtu-pattern.ts";
import {
  compileTransparent,
  createTransparentLink,
  TRANSPARENT_HELD_MAX,
  type TransparentConfig,
  type TransparentEvent,
  type TransparentLink,
} from "./transparent.ts";

type Vector = { id: string; hex: string; meaning: { raw: string } };

const file: { count: number; vectors: Vector[] } = JSON.parse(
  readFileSync(new URL("../../../test/frames/dtu.json", import.meta.url), "utf8"),
);

/** The DTU of the vectors: 20 bytes from F8H to 16H, which name it and keep the line open. */
const packetDtu: TransparentConfig = {
  registration: { hex: "f800000e00(801234030120)0000000000..00..16" },
  heartbeats: [{ hex: "f800000e00............0000000000..00..16" }],
};
const imeiDtu: TransparentConfig = { registration: { text: "^(\\d{15})$" }, heartbeats: [{ text: "ping" }] };
const lineDtu: TransparentConfig = {
  registration: { text: "REG:(?<id>[A-Z0-9]{4,20})\\r\\n" },
  heartbeats: [{ text: "\\$HB\\d*\\r\\n" }, { hex: "0000" }],
};

const reading = encodeFrame645({ address: "000000000161", control: 0x91, data: Uint8Array.of(0, 0, 1, 0, 1, 2, 3, 4) });
const water = whole("fefe6810443322110033788103000a8100".concat(checksum188(), "16"));

function checksum188(): string {
  const body = whole("6810443322110033788103000a8100");
  return (body.reduce((sum, byte) => sum + byte, 0) & 0xff).toString(16).padStart(2, "0");
}

function whole(hex: string): Bytes {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(hex);
  return bytes;
}

function linkOf(config: TransparentConfig): TransparentLink {
  const compiled = compileTransparent(config);
  if (!compiled.ok) throw new Error(compiled.reason);
  return createTransparentLink(compiled.config);
}

/** Events as short text; neighbouring bytes are one. */
function told(events: readonly TransparentEvent[]): string[] {
  const lines: string[] = [];
  let run = "";
  const close = () => {
    if (run !== "") lines.push(`bytes ${run}`);
    run = "";
  };
  for (const event of events) {
    if (event.type === "bytes") run += toHex(event.bytes);
    else {
      close();
      lines.push(`${event.type} ${event.id} ${toHex(event.raw)}`);
    }
  }
  close();
  return lines;
}

function matchOf(pattern: DtuPattern, text: string | Bytes) {
  const compiled = compilePattern(pattern);
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.pattern.match(typeof text === "string" ? asciiBytes(text) : text, 0);
}

describe("a DTU packet", () => {
  test.each(file.vectors)("$id is a registration first and a heartbeat afterwards", (vector) => {
    const link = linkOf(packetDtu);
    const bytes = whole(vector.meaning.raw);
    expect(told(link.push(bytes))).toEqual([`register 801234030120 ${vector.hex}`]);
    expect(told(link.push(bytes))).toEqual([`heartbeat 801234030120 ${vector.hex}`]);
    expect([link.id(), link.pending()]).toEqual(["801234030120", 0]);
  });

  test.each(file.vectors)("$id is found in single bytes and at any cut, and cut short it is none", (vector) => {
    const bytes = whole(vector.hex);
    const single = linkOf(packetDtu);
    expect(told([...bytes].flatMap((byte) => single.push(Uint8Array.of(byte))))).toHaveLength(1);
    for (let cut = 1; cut < bytes.length; cut++) {
      const link = linkOf(packetDtu);
      expect(link.push(bytes.subarray(0, cut))).toEqual([]);
      expect(told(link.flush())).toEqual([`bytes ${vector.hex.slice(0, 2 * cut)}`]);
      expect(link.id()).toBeNull();
    }
  });

  test("a DTU whose number is not the one that is expected is not registered", () => {
    const link = linkOf({ ...packetDtu, heartbeats: [] });
    expect(told(link.push(whole(file.vectors[0]?.hex.replace("8012", "8013") ?? "")))[0]).toMatch(/^bytes /);
  });
});

describe("registration and heartbeats among meter frames", () => {
  test("are told in order, and the rest is left for the meters", () => {
    const link = linkOf(lineDtu);
    const stream = concat(asciiBytes("REG:GW01"), whole("0d0a"), reading, asciiBytes("$HB7"), whole("0d0a0000"), water);
    expect(told(link.push(stream))).toEqual([
      "register GW01 5245473a475730310d0a",
      `bytes ${toHex(reading)}`,
      "heartbeat null 244842370d0a",
      "heartbeat null 0000",
      `bytes ${toHex(water)}`,
    ]);
  });

  test("the bytes of a heartbeat inside a meter frame are the meter's", () => {
    const data = concat(asciiBytes("ping"), whole("0000"), asciiBytes("ping")).map((byte) => (byte - 0x33) & 0xff);
    const frame = encodeFrame645({ address: "000000000161", control: 0x91, data });
    const link = linkOf(imeiDtu);
    expect(told(link.push(concat(frame, asciiBytes("ping"))))).toEqual([
      `bytes ${toHex(frame)}`,
      "heartbeat null 70696e67",
    ]);
  });

  test("a heartbeat behind a broken frame is still seen", () => {
    const link = linkOf(imeiDtu);
    const broken = reading.slice(4, 12);
    expect(link.push(concat(broken, asciiBytes("ping")))).toEqual([]);
    expect(told(link.flush())).toEqual([`bytes ${toHex(broken)}`, "heartbeat null 70696e67"]);
  });

  test("another id on the same line is told, the same id is a heartbeat", () => {
    const link = linkOf(imeiDtu);
    const ids = ["866123456789012", "866123456789012", "866123456789099"];
    expect(ids.flatMap((id) => told(link.push(asciiBytes(id)))).map((line) => line.split(" ").slice(0, 2))).toEqual([
      ["register", "866123456789012"],
      ["heartbeat", "866123456789012"],
      ["register", "866123456789099"],
    ]);
    expect(link.id()).toBe("866123456789099");
  });

  test("a number that may go on waits for the silence behind it", () => {
    const link = linkOf({ registration: { text: "(\\d{4,15})" }, heartbeats: [] });
    expect(link.push(asciiBytes("12345"))).toEqual([]);
    expect(link.push(asciiBytes("67"))).toEqual([]);
    expect(link.pending()).toBe(7);
    expect(told(link.flush())).toEqual(["register 1234567 31323334353637"]);
  });

  test("a DTU without registration passes everything on", () => {
    const link = linkOf({ registration: null, heartbeats: [] });
    expect(told(link.push(concat(whole("0102"), reading)))).toEqual([`bytes 0102${toHex(reading)}`]);
    expect(link.id()).toBeNull();
  });
});

describe("any stream", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      reading,
      water,
      asciiBytes("ping"),
      asciiBytes("866123456789012"),
      asciiBytes("REG:GW01"),
      whole("0d0a"),
      whole("68"),
      whole("6810"),
      whole(file.vectors[0]?.hex ?? ""),
    ),
    fc.uint8Array({ maxLength: 30 }),
    fc.tuple(fc.constantFrom(reading, water), fc.nat(20)).map(([frame, length]) => frame.slice(0, length)),
  );
  const stream = fc.array(piece, { maxLength: 10 }).map((pieces) => concat(...pieces));

  test.each([
    ["packets", packetDtu],
    ["IMEI", imeiDtu],
    ["lines", lineDtu],
  ])("gives the same events however it is cut, loses no byte and holds little back: %s", (_, config) => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 40 }), (bytes, step) => {
        const once = linkOf(config);
        const cut = linkOf(config);
        const events: TransparentEvent[] = [];
        for (let at = 0; at < bytes.length; at += step) {
          events.push(...cut.push(bytes.slice(at, at + step)));
          expect(cut.pending()).toBeLessThanOrEqual(TRANSPARENT_HELD_MAX);
        }
        const all = [...events, ...cut.flush()];
        expect(told(all)).toEqual(told([...once.push(bytes), ...once.flush()]));
        expect(concat(...all.map((event) => (event.type === "bytes" ? event.bytes : event.raw)))).toEqual(bytes);
        expect([once.pending(), cut.pending()]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a pattern", () => {
  test.each([
    ["(\\d{15})", "866123456789012", "866123456789012", false],
    ["IMEI=([0-9]+);", "IMEI=12;", "12", false],
    ["(?<id>\\w+)", "ab_9", "ab_9", true],
    ["^([^,]{2,4}),.*\\n", "abc,x\n".replace("\n", ""), null, true],
    ["a?b(c*)", "bccc", "ccc", true],
    ["a?b(c*)", "b", null, true],
    ["\\$\\(([A-F\\-\\]]+)\\)", "$(A-]F)", "A-]F", false],
    ["x(..)", "xé".replace("é", "yz"), "yz", false],
    ["\\x41(\\S)\\s", "Ab ", "b", false],
  ])("%s on %j finds %j", (text, subject, id, open) => {
    const { found, open: isOpen } = matchOf({ text }, subject);
    expect(isOpen).toBe(open);
    expect(found?.id ?? null).toBe(id);
  });

  test("in hex takes any byte for two dots and reads the id as hex", () => {
    const pattern = { hex: "68 .. (ABcd ..) 16" };
    expect(matchOf(pattern, whole("6800abcd0116ff"))).toEqual({ found: { length: 6, id: "abcd01" }, open: false });
    expect(matchOf(pattern, whole("6800ab"))).toEqual({ found: null, open: true });
    expect(matchOf(pattern, whole("6800ac"))).toEqual({ found: null, open: false });
  });

  test.each([
    [{ text: "a|b" }, "not understood: |"],
    [{ text: "((a))" }, "one group, not nested"],
    [{ text: "(a)(b)" }, "one group, not nested"],
    [{ text: "(a" }, "a group is not closed"],
    [{ text: "(a)+" }, "nothing before +"],
    [{ text: "(?:a)" }, "nothing before ?"],
    [{ text: "*" }, "nothing before *"],
    [{ text: "a{4,2}" }, "not understood: {4,2}"],
    [{ text: "[a" }, "not understood: ["],
    [{ text: "[z-a]" }, "not understood: [z-a]"],
    [{ text: "\\b" }, "not understood: \\b"],
    [{ text: "a\\" }, "not understood: \\"],
    [{ text: "中" }, "not understood: 中"],
    [{ text: "" }, "matches nothing"],
    [{ text: "a*" }, "matches nothing"],
    [{ text: "a{999}" }, "longer than 128 bytes"],
    [{ hex: "" }, "matches nothing"],
    [{ hex: "6" }, "not hex: 6"],
    [{ hex: "68zz" }, "not hex: z"],
    [{ hex: "68(16" }, "a group is not closed"],
  ])("%j is refused: %s", (pattern, reason) => {
    expect(compilePattern(pattern)).toEqual({ ok: false, reason });
  });

  test("agrees with the regular expressions of the language", () => {
    const atom = fc.constantFrom("a", "b", "\\d", "[ab1]", "[^a]", ".", "\\w");
    const times = fc.constantFrom("", "", "?", "*", "+", "{2}", "{1,2}", "{2,}");
    const text = fc.array(fc.tuple(atom, times), { minLength: 1, maxLength: 6 }).map((parts) => parts.flat().join(""));
    fc.assert(
      fc.property(text, fc.stringMatching(/^[ab12]{0,12}$/), (source, subject) => {
        const compiled = compilePattern({ text: source });
        fc.pre(compiled.ok);
        const { found, open } = matchOf({ text: source }, subject);
        const lengths = Array.from({ length: subject.length + 1 }, (_, n) => n).filter(
          (n) => n > 0 && new RegExp(`^(?:${source})$`).test(subject.slice(0, n)),
        );
        expect(found?.length).toBe(lengths.at(-1));
        if (!open) expect(new RegExp(`^(?:${source})$`).test(`${subject}a`)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("that would blow up a backtracking matcher does not", () => {
    const text = `${"a*".repeat(60)}b`;
    expect(matchOf({ text }, "a".repeat(127)).found).toBeNull(); // one that tracks back would not return
  });

  test.each([
    [{ registration: { text: "\\d{15}" }, heartbeats: [] }, "registration: no group holds the id"],
    [{ registration: { text: "(" }, heartbeats: [] }, "registration: a group is not closed"],
    [{ registration: null, heartbeats: [{ text: "ping" }, { hex: "0" }] }, "heartbeat: not hex: 0"],
  ])("in a configuration that cannot work is named: %j", (config, reason) => {
    expect(compileTransparent(config)).toEqual({ ok: false, reason });
  });
});
