import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../bytes.ts";
import type { Ciphers } from "../ciphers.ts";
import { decodeAnswer } from "./commands.ts";
import { decodeFrame645, encodeFrame645, type Frame645 } from "./frame.ts";
import {
  checkOpenAccount,
  checkTopUp,
  decodeTopUp,
  encodeOpenAccount,
  encodeTopUp,
  encodeTopUpRefusal,
  encodeTopUpReply,
  MODE_AMOUNT,
  meterKey,
  purchaseKey,
  SERR,
  type TopUp,
} from "./prepay.ts";
import { decodeSecurity } from "./security.ts";

const ciphers: Ciphers = {
  hmacSm3: (key, data) => createHmac("sm3", key).update(data).digest(),
  sm4EcbEncrypt(key, block) {
    const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  },
  sm4EcbDecrypt(key, block) {
    const cipher = createDecipheriv("sm4-ecb", key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  },
};

const masterKey = Buffer.from("0123456789abcdeffedcba9876543210", "hex");
const address = "000000000161";
const rechargeKey = meterKey(ciphers, masterKey, 1, address);
const worked: TopUp = { amount: 10050, count: 3, customer: "000000001234", operator: "01000000" };

function decoded(frame: Frame645) {
  const result = decodeTopUp(frame);
  if (!result.ok) throw new Error(result.reason);
  return result;
}

describe("JC1", () => {
  test("SM4 is the one of GB/T 32907, so the keys below mean something", () => {
    expect(toHex(ciphers.sm4EcbEncrypt(masterKey, masterKey))).toBe("681edf34d206965e86b3e94f536e4246");
  });

  test("the worked example of the protocol comes out to the byte: keys, MAC and frame", () => {
    expect(toHex(rechargeKey)).toBe("d5a072c28b4e8bfc805ab11a9b065f84");
    expect(toHex(purchaseKey(ciphers, rechargeKey, 3))).toBe("8ca6d2b67eb6613fbacbef9da49186cd");
    const frame = encodeTopUp(ciphers, rechargeKey, address, worked);
    expect(toHex(decoded(frame).mac)).toBe("ace0f13c66cddb46");
    expect(toHex(encodeFrame645(frame, 0))).toBe(
      "6861010000000068031e3235343a34333333755a333336333333df13246f67453333333399000e791616",
    );
  });

  test("the meter reads back what the master wrote and finds the MAC right", () => {
    fc.assert(
      fc.property(
        fc.record({
          amount: fc.integer({ min: 0, max: 0xffff_ffff }),
          count: fc.integer({ min: 0, max: 0xffff_ffff }),
          customer: fc.stringMatching(/^[0-9]{12}$/),
          operator: fc.stringMatching(/^[0-9a-f]{8}$/),
        }),
        (topUp) => {
          const result = decoded(encodeTopUp(ciphers, rechargeKey, address, topUp));
          expect(result.topUp).toEqual(topUp);
          expect(checkTopUp(ciphers, rechargeKey, address, result)).toBe(true);
        },
      ),
    );
  });

  test("units are taken back, credit is wiped and the mode is set under the same row of numbers, each with a MAC of its own", () => {
    const vectors = [
      {
        topUp: { ...worked, act: "deduct", amount: 4050, count: 4 } as const,
        wire: "6861010000000068031e3244343a343333330542333337333333faa95f68674533333333fd8980087116",
        reply: "686101000000006883043244343a9d16",
      },
      {
        topUp: { ...worked, act: "clear", amount: 0, count: 5 } as const,
        wire: "6861010000000068031e3245343a343333333333333338333333f15995e9674533333333be5310e8eb16",
        reply: "686101000000006883043245343a9e16",
      },
      {
        topUp: { ...worked, act: "set_mode", amount: MODE_AMOUNT.counts, count: 6 } as const,
        wire: "6861010000000068031e3246343a3433333334333333393333336422412d6745333333338ba670cc7e16",
        reply: "686101000000006883043246343a9f16",
      },
    ];
    for (const { topUp, wire, reply } of vectors) {
      const frame = encodeTopUp(ciphers, rechargeKey, address, topUp);
      expect(toHex(encodeFrame645(frame, 0))).toBe(wire);
      const read = decoded(frame);
      expect(read.topUp).toEqual(topUp);
      expect(checkTopUp(ciphers, rechargeKey, address, read)).toBe(true);
      // The act is inside the MAC: none of them passes for another.
      for (const act of ["top_up", "deduct", "clear", "set_mode"] as const) {
        if (act === topUp.act) continue;
        expect(checkTopUp(ciphers, rechargeKey, address, { ...read, topUp: { ...topUp, act } })).toBe(false);
      }
      const answer = encodeTopUpReply(address, topUp.act);
      expect(toHex(encodeFrame645(answer, 0))).toBe(reply);
      expect(decodeAnswer(answer)).toEqual({ kind: "done", function: "top_up" });
    }
    expect(decodeAnswer(encodeTopUpRefusal(address, SERR.tooLittle))).toMatchObject({ reasons: ["credit-too-low"] });
  });

  test("an account is opened with a MAC of its own: it is no top-up, and a top-up opens no account", () => {
    const opened = decodeSecurity(encodeOpenAccount(ciphers, rechargeKey, address, worked));
    if (!opened.ok || opened.request.kind !== "open_account") throw new Error("no account");
    const { mac1, mac2, ...purchase } = opened.request;
    const mac = Buffer.from(mac1 + mac2, "hex");
    expect(purchase).toEqual({ kind: "open_account", amount: 10050, count: 3, customer: "000000001234" });
    expect(checkOpenAccount(ciphers, rechargeKey, address, { topUp: worked, mac })).toBe(true);
    expect(checkTopUp(ciphers, rechargeKey, address, { topUp: worked, mac })).toBe(false);
    const topUp = decoded(encodeTopUp(ciphers, rechargeKey, address, worked));
    expect(checkOpenAccount(ciphers, rechargeKey, address, topUp)).toBe(false);
  });

  test("the same top-up has the same bytes, so that sending it again is harmless", () => {
    const bytes = () => toHex(encodeFrame645(encodeTopUp(ciphers, rechargeKey, address, worked)));
    expect(bytes()).toBe(bytes());
  });

  test("another meter, another key or another purchase number makes the MAC wrong", () => {
    const result = decoded(encodeTopUp(ciphers, rechargeKey, address, worked));
    const otherKey = meterKey(ciphers, masterKey, 1, "000000000162");
    const linkKey = meterKey(ciphers, masterKey, 4, address);
    expect(checkTopUp(ciphers, rechargeKey, "000000000162", result)).toBe(false);
    expect(checkTopUp(ciphers, otherKey, address, result)).toBe(false);
    expect(checkTopUp(ciphers, linkKey, address, result)).toBe(false);
    expect(checkTopUp(ciphers, rechargeKey, address, { ...result, topUp: { ...result.topUp, count: 4 } })).toBe(false);
    expect(checkTopUp(ciphers, rechargeKey, address, { ...result, mac: result.mac.subarray(0, 4) })).toBe(false);
  });

  test("no single flipped bit on the wire is ever accepted as a top-up", () => {
    const wire = encodeFrame645(encodeTopUp(ciphers, rechargeKey, address, worked), 0);
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const flipped = wire.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeFrame645(flipped).ok, `bit ${bit}`).toBe(false);
    }
  });

  test("no single flipped bit behind a repaired checksum is ever accepted as a top-up", () => {
    const frame = encodeTopUp(ciphers, rechargeKey, address, worked);
    for (let bit = 0; bit < frame.data.length * 8; bit++) {
      const data = frame.data.slice();
      data[bit >> 3]! ^= 1 << (bit & 7);
      const result = decodeTopUp({ ...frame, data });
      const accepted = result.ok && checkTopUp(ciphers, rechargeKey, address, result);
      expect(accepted, `bit ${bit}`).toBe(false);
    }
  });

  test.each([
    ["another function", { control: 0x14 }, "not_a_top_up"],
    ["an answer", { control: 0x83 }, "not_a_top_up"],
    ["another identifier", { data: Uint8Array.of(0xff, 1, 1, 7, ...new Uint8Array(26)) }, "not_a_top_up"],
    ["a maker's longer layout", { data: Uint8Array.of(0xff, 2, 1, 7, ...new Uint8Array(30)) }, "wrong_length"],
    ["an empty frame", { data: new Uint8Array(0) }, "not_a_top_up"],
  ])("%s is no top-up", (_, change, reason) => {
    const frame = { ...encodeTopUp(ciphers, rechargeKey, address, worked), ...change };
    expect(decodeTopUp(frame)).toEqual({ ok: false, reason });
  });

  test("a customer number with a letter is refused, not read as a number", () => {
    const frame = encodeTopUp(ciphers, rechargeKey, address, worked);
    frame.data[20] = 0x3a;
    expect(decodeTopUp(frame)).toEqual({ ok: false, reason: "customer_not_digits" });
  });

  test("an amount that does not fit 32 bits, or a part of a unit, is our own mistake and stops", () => {
    for (const amount of [2 ** 32, -1, 1.5, Number.NaN]) {
      expect(() => encodeTopUp(ciphers, rechargeKey, address, { ...worked, amount })).toThrow(/32-bit/);
    }
  });
});

describe("the answer to a top-up", () => {
  test("83H with the identifier says done", () => {
    expect(toHex(encodeFrame645(encodeTopUpReply(address), 0))).toBe("686101000000006883043235343a8e16");
    expect(decodeAnswer(encodeTopUpReply(address))).toEqual({ kind: "done", function: "top_up" });
  });

  test("83H without the identifier is no confirmation: the purchase count has to be read", () => {
    expect(decodeAnswer({ ...encodeTopUpReply(address), data: new Uint8Array(0) })).toEqual({
      kind: "unexpected",
      control: 0x83,
    });
  });

  test.each([
    [SERR.repeated, "6861010000000068c30235335f16", ["repeated-recharge"]],
    [SERR.purchaseCount, "6861010000000068c30253337d16", ["purchase-count-error"]],
    [SERR.overLimit, "6861010000000068c30273339d16", ["over-hoard-limit"]],
  ])("a refusal with SERR %i names its reason", (serr, hex, reasons) => {
    const frame = encodeTopUpRefusal(address, serr);
    expect(toHex(encodeFrame645(frame, 0))).toBe(hex);
    expect(decodeAnswer(frame)).toEqual({ kind: "refused", function: "top_up", code: serr, reasons });
  });

  test("a refusal of one byte, as some makers send it, and a locked meter are understood", () => {
    const short = { ...encodeTopUpRefusal(address, 0), data: Uint8Array.of(SERR.customer) };
    expect(decodeAnswer(short)).toMatchObject({ kind: "refused", code: 0x10, reasons: ["customer-mismatch"] });
    const locked = encodeTopUpRefusal(address, SERR.locked | SERR.authentication);
    expect(decodeAnswer(locked)).toMatchObject({ code: 0x108, reasons: ["authentication-failed", "locked"] });
  });
});
