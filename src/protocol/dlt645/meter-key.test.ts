import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeCiphers as ciphers } from "#system/crypto.ts";
import { toHex } from "../bytes.ts";
import { decodeAnswer } from "./commands.ts";
import { encodeFrame645 } from "./frame.ts";
import {
  decodeKeyUpdate,
  encodeKeyUpdate,
  encodeKeyUpdateReply,
  KEY_UPDATE_DI,
  keyCheck,
  keyInfoHex,
  keyInfoOf,
  openKeyUpdate,
  protectKey,
} from "./meter-key.ts";
import { meterKey } from "./prepay.ts";

const address = "000000000161";
const roots = ["0123456789abcdeffedcba9876543210", "00112233445566778899aabbccddeeff"].map((hex) =>
  Buffer.from(hex, "hex"),
);
const [present, next] = roots.map((root) => meterKey(ciphers, root, 1, address)) as [Uint8Array, Uint8Array];
const update = { operator: "01000000", from: 1, to: 2 };

function frame() {
  return encodeKeyUpdate(address, update, protectKey(ciphers, { present, next }, address, update));
}

describe("a key update", () => {
  test("has the layout of the filing and carries the new key under the old one", () => {
    const sent = frame();
    expect(sent.data).toHaveLength(48);
    const decoded = decodeKeyUpdate(sent);
    expect(decoded?.update).toEqual(update);
    expect(decoded && toHex(openKeyUpdate(ciphers, present, address, decoded) ?? new Uint8Array())).toBe(toHex(next));
    expect(toHex(encodeFrame645(sent, 0))).not.toContain(toHex(next));
  });

  test("opens with no other key, for no other meter, and with no bit turned", () => {
    const decoded = decodeKeyUpdate(frame())!;
    expect(openKeyUpdate(ciphers, next, address, decoded)).toBeNull();
    expect(openKeyUpdate(ciphers, present, "000000000162", decoded)).toBeNull();
    const { data } = frame();
    for (let bit = 0; bit < data.length * 8; bit++) {
      const bent = Uint8Array.from(data);
      bent[bit >> 3] = bent[bit >> 3]! ^ (1 << (bit & 7));
      const read = decodeKeyUpdate({ address, control: 0x03, data: bent });
      expect(read && openKeyUpdate(ciphers, present, address, read), `bit ${bit}`).toBeNull();
    }
  });

  test("is not read from other functions, lengths, usages or versions", () => {
    const good = frame();
    expect(decodeKeyUpdate({ ...good, control: 0x14 })).toBeNull();
    expect(decodeKeyUpdate({ ...good, data: good.data.slice(0, 47) })).toBeNull();
    for (const [at, value] of [
      [8, 0],
      [9, 2],
      [10, 0],
      [11, 1],
    ] as const) {
      const data = Uint8Array.from(good.data);
      data[at] = value;
      expect(decodeKeyUpdate({ ...good, data })).toBeNull();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        decodeKeyUpdate({ address, control: 0x03, data });
      }),
    );
  });

  test("is answered with its identifier, and the answer is understood", () => {
    expect(decodeAnswer(encodeKeyUpdateReply(address))).toEqual({
      kind: "security",
      di: KEY_UPDATE_DI,
      reply: { kind: "done" },
    });
  });
});

test("key information is a version and a check value, and never the key", () => {
  const info = { version: 7, check: keyCheck(ciphers, present) };
  expect(keyInfoOf(keyInfoHex(info))).toEqual(info);
  expect(keyInfoOf("00aabbcc")).toBeNull();
  expect(keyInfoOf("07aabb")).toBeNull();
  expect(keyCheck(ciphers, next)).not.toBe(info.check);
});
