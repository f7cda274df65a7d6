import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiBytes, type Bytes, concat, fromHex, toHex } from "../bytes.ts";
import { crc16 } from "./crc16.ts";
import {
  baudOf,
  createLinkDeframer,
  decodeLink,
  encodeLink,
  type LinkDeframer,
  type LinkFrame,
  linkAuthMac,
  SERIAL_2400_8E1,
  serialControl,
} from "./jichao.ts";
import type { LinkMessage } from "./messages.ts";
import { BAUD_RATES, serialText } from "./serial.ts";

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const content = fc.uint8Array({ maxLength: 200 });
const moment = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const byte = fc.nat(0xff);
const heartbeat = { rssi: fc.integer({ min: -128, max: 127 }), queue: fc.nat(0xffff), clockMs: moment };

const messageArbitrary: fc.Arbitrary<LinkMessage> = fc.oneof(
  fc.record({
    type: fc.constant("hello" as const),
    id: fc.stringMatching(/^[A-Z0-9-]{1,32}$/),
    firmware: fc.stringMatching(/^[a-z0-9.]{0,32}$/),
    nonce: sixteen,
    protocols: fc.nat(0xffff_ffff),
    tableVersion: fc.nat(0xffff_ffff),
  }),
  fc.record({ type: fc.constant("challenge" as const), nonce: sixteen, serverTimeMs: moment, keyVersion: byte }),
  fc.record({ type: fc.constant("auth" as const), mac: sixteen }),
  fc.record({ type: fc.constant("welcome" as const), mac: sixteen, heartbeatSeconds: fc.nat(0xffff) }),
  fc.record({ type: fc.constant("bye" as const), reason: byte }),
  fc.record({ type: fc.constantFrom("ping" as const, "pong" as const), ...heartbeat }),
  fc.record({
    type: fc.constant("forward" as const),
    port: byte,
    serial: byte,
    timeoutMs: fc.nat(0xffff).map((ticks) => ticks * 10),
    gapMs: fc.nat(0xff).map((ticks) => ticks * 10),
    content,
  }),
  fc.record({
    type: fc.constant("forward_via" as const),
    port: byte,
    serial: byte,
    timeoutMs: fc.nat(0xffff).map((ticks) => ticks * 10),
    gapMs: fc.nat(0xff).map((ticks) => ticks * 10),
    gateway: fc.stringMatching(/^[0-9]{12}$/),
    content,
  }),
  fc.record({
    type: fc.constant("forwarded" as const),
    status: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const, 4 as const, 5 as const),
    elapsedMs: fc.nat(0xffff),
    content,
  }),
  fc.record({ type: fc.constant("error" as const), code: byte }),
  fc.record({ type: fc.constant("unknown" as const), code: fc.constantFrom(0x20, 0x40, 0x60), payload: content }),
);

const frameArbitrary: fc.Arbitrary<LinkFrame> = fc.record({ seq: fc.nat(0xffff), message: messageArbitrary });

/** Noise with many false starts; no byte that completes a head by itself. */
const noiseArbitrary = fc
  .array(fc.oneof(fc.constantFrom(0x4a, 0x43, 0x01, 0x68), byte), { maxLength: 30 })
  .map((bytes) => Uint8Array.from(bytes));

const ping: LinkFrame = { seq: 7, message: { type: "ping", rssi: -71, queue: 2, clockMs: 1_700_000_000_000 } };

function pushCut(deframer: LinkDeframer, bytes: Bytes, cuts: readonly number[]): LinkFrame[] {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return places.flatMap((place, i) => deframer.push(bytes.subarray(places[i - 1] ?? 0, place)));
}

/** A frame with a right CRC around any payload. */
function framed(code: number, payload: Bytes): Bytes {
  return encodeLink({ seq: 1, message: { type: "unknown", code, payload } });
}

test("the CRC is CCITT FALSE", () => {
  expect(crc16(asciiBytes("123456789"), 0, 9)).toBe(0x29b1);
});

test("a heartbeat stands on the wire as described", () => {
  const wire = toHex(encodeLink(ping));
  expect(wire.slice(0, -4)).toBe(`4a43${"01"}06${"0007"}${"000b"}${"b9"}${"0002"}${"0000018bcfe56800"}`);
});

describe("a link stream", () => {
  test("every message is read back as it was written, however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(frameArbitrary, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (frames, cuts) => {
        const deframer = createLinkDeframer();
        expect(pushCut(deframer, concat(...frames.map(encodeLink)), cuts)).toEqual(frames);
        expect([deframer.pending(), deframer.dropped(), deframer.garbage()]).toEqual([0, 0, false]);
      }),
      { numRuns: 300 },
    );
  });

  test("noise never throws and never hides the good frames behind it", () => {
    fc.assert(
      fc.property(noiseArbitrary, frameArbitrary, fc.array(fc.nat(), { maxLength: 8 }), (noise, frame, cuts) => {
        const deframer = createLinkDeframer();
        // A false head may wait for its announced length: enough bytes behind it let it fail.
        const enough = new Uint8Array(5000);
        const frames = pushCut(deframer, concat(noise, encodeLink(frame), enough), cuts);
        expect(frames.at(-1)).toEqual(frame);
      }),
      { numRuns: 300 },
    );
  });

  test("any bytes at all are survived", () => {
    fc.assert(
      fc.property(byte, fc.uint8Array({ maxLength: 80 }), (code, payload) => {
        const frames = createLinkDeframer().push(framed(code, payload));
        expect(frames.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  test("one flipped bit is never accepted", () => {
    const wire = encodeLink(ping);
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const flipped = wire.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(createLinkDeframer().push(flipped), `bit ${bit}`).toEqual([]);
    }
  });

  test.each([
    ["a hello without an id", 0x01, concat(Uint8Array.of(0, 0), new Uint8Array(24))],
    ["a hello whose id is too long", 0x01, concat(Uint8Array.of(33), new Uint8Array(60).fill(0x41))],
    ["a hello whose id is not printable", 0x01, concat(Uint8Array.of(1, 0x0a, 0), new Uint8Array(24))],
    ["a challenge that is cut short", 0x02, new Uint8Array(24)],
    ["a MAC that is too long", 0x03, new Uint8Array(17)],
    ["a heartbeat with a clock beyond all time", 0x06, new Uint8Array(11).fill(0xff)],
    ["an answer with a status that there is not", 0x11, Uint8Array.of(6, 0, 0)],
    ["a forward without its head", 0x10, Uint8Array.of(1, 2)],
    ["a forward whose gateway is cut off", 0x12, Uint8Array.of(1, 0x6b, 0, 128, 50, 0x61, 1, 0, 0, 0)],
  ])("%s is dropped, and the next frame is read", (_, code, payload) => {
    const deframer = createLinkDeframer();
    const bad = framed(code, payload);
    expect(deframer.push(concat(bad, encodeLink(ping)))).toEqual([ping]);
    expect(deframer.dropped()).toBe(bad.length);
  });

  test("a frame that announces more than allowed is not waited for", () => {
    const deframer = createLinkDeframer(64);
    expect(deframer.push(fromHex("4a430110000100ff")!)).toEqual([]);
    expect(deframer.pending()).toBe(0);
    expect(deframer.push(encodeLink(ping))).toEqual([ping]);
  });

  test("a scanner is told from a concentrator by its first two bytes, even when they come one by one", () => {
    const scanner = createLinkDeframer();
    scanner.push(asciiBytes("GET / HTTP/1.1"));
    expect(scanner.garbage()).toBe(true);
    const joker = createLinkDeframer();
    joker.push(asciiBytes("J"));
    expect(joker.garbage()).toBe(false);
    joker.push(asciiBytes("P"));
    expect(joker.garbage()).toBe(true);
    const ours = createLinkDeframer();
    ours.push(encodeLink(ping));
    ours.push(asciiBytes("noise later on is no scanner"));
    expect(ours.garbage()).toBe(false);
  });

  test("what cannot be said on the wire is our own mistake", () => {
    const forward = {
      type: "forward",
      port: 1,
      serial: 0x6b,
      timeoutMs: 700_000,
      gapMs: 100,
      content: new Uint8Array(),
    } as const;
    expect(() => encodeLink({ seq: 0, message: forward })).toThrow(/fit/);
    expect(() => encodeLink({ seq: 0, message: { type: "auth", mac: new Uint8Array(8) } })).toThrow(/16 bytes/);
    const long = { type: "forwarded", status: 0, elapsedMs: 0, content: new Uint8Array(4096) } as const;
    expect(() => encodeLink({ seq: 0, message: long })).toThrow(/payload/);
  });

  test.each([
    ["", "truncated", "truncated: a link frame needs at least 10 bytes, have 0"],
    ["4a42", "no_start", "start 4AH 43H missing"],
    ["4a4302", "version", "version 02H: only 01H is known"],
    ["4a4301060007000b", "truncated", "truncated: length 11 needs 21 bytes, have 8"],
    ["4a43010600071001", "too_long", "length 4097 exceeds 4096"],
    ["4a430105000000010000" + "00", "checksum", /^checksum: frame carries 0000H, computed [0-9A-F]{4}H$/],
  ])("%s is refused: %s", (hex, reason, detail) => {
    const text = typeof detail === "string" ? detail : expect.stringMatching(detail);
    expect(decodeLink(fromHex(hex)!)).toEqual({ ok: false, reason, detail: text });
  });
});

describe("the proof of the key", () => {
  const ciphers = {
    hmacSm3: (key: Bytes, data: Bytes) => createHmac("sm3", key).update(data).digest(),
    sm4EcbEncrypt: (_key: Bytes, block: Bytes) => block,
    sm4EcbDecrypt: (_key: Bytes, block: Bytes) => block,
  };
  const key = new Uint8Array(16).fill(7);
  const nonceS = new Uint8Array(16).fill(1);
  const nonceC = new Uint8Array(16).fill(2);

  test("is the first half of HMAC-SM3 over side, id and both nonces", () => {
    const whole = createHmac("sm3", key).update("CJC-0001").update(nonceS).update(nonceC).digest();
    expect(toHex(linkAuthMac(ciphers, key, "C", "JC-0001", nonceS, nonceC))).toBe(whole.toString("hex").slice(0, 32));
  });

  test("differs by side, id, nonce and key, so that none can stand for another", () => {
    const macs = [
      linkAuthMac(ciphers, key, "C", "JC-0001", nonceS, nonceC),
      linkAuthMac(ciphers, key, "S", "JC-0001", nonceS, nonceC),
      linkAuthMac(ciphers, key, "C", "JC-0002", nonceS, nonceC),
      linkAuthMac(ciphers, key, "C", "JC-0001", nonceC, nonceS),
      linkAuthMac(ciphers, new Uint8Array(16), "C", "JC-0001", nonceS, nonceC),
    ];
    expect(new Set(macs.map(toHex)).size).toBe(macs.length);
  });
});

describe("the serial control byte", () => {
  test("2400 8E1 is 6BH, as captured", () => {
    expect(serialControl({ baud: 2400 })).toBe(SERIAL_2400_8E1);
    expect(serialText(SERIAL_2400_8E1)).toBe("2400 8E1");
  });

  test("names every rate and setting", () => {
    for (const baud of BAUD_RATES) expect(baudOf(serialControl({ baud }))).toBe(baud);
    expect(serialText(serialControl({ baud: 9600, parity: "none", stopBits: 2, dataBits: 7 }))).toBe("9600 7N2");
    expect(() => serialControl({ baud: 1234 })).toThrow(/baud/);
  });
});
