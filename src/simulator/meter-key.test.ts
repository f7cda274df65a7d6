import { expect, test } from "vitest";
import { instant, later } from "#base/time.ts";
import { fromHex, toHex } from "#protocol/bytes.ts";
import { decodeAnswer } from "#protocol/dlt645/commands.ts";
import { encodeKeyUpdate, keyCheck, protectKey } from "#protocol/dlt645/meter-key.ts";
import { encodeTopUp, meterKey } from "#protocol/dlt645/prepay.ts";
import { encodeSecurity } from "#protocol/dlt645/security.ts";
import { SERR } from "#protocol/dlt645/status.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { answer2007 as answer } from "./answer-2007.ts";
import { BAD_MACS_MAX, LOCK_MS } from "./mac-lock.ts";
import { type Meter, newMeter, restoreMeter } from "./meters.ts";
import { townPlan } from "./plan.ts";

const plan = townPlan({ seed: 3 }).meters[1]!;
const NOW = instant(Date.parse("2026-08-03T12:00:00+08:00"));
const OPERATOR = "01000000";
const first = fromHex(plan.rechargeKey)!;
const second = meterKey(nodeCiphers, fromHex("00112233445566778899aabbccddeeff")!, 1, plan.address);
const third = meterKey(nodeCiphers, fromHex("ffeeddccbbaa99887766554433221100")!, 1, plan.address);

const aMeter = () => newMeter(plan, 3, NOW);

function update(present: Uint8Array, next: Uint8Array, from: number, to: number) {
  const asked = { operator: OPERATOR, from, to };
  return encodeKeyUpdate(plan.address, asked, protectKey(nodeCiphers, { present, next }, plan.address, asked));
}

function said(meter: Meter, frame: Parameters<typeof answer>[1], now = NOW) {
  const reply = answer(meter, frame, now);
  return reply && decodeAnswer(reply);
}

function topUp(meter: Meter, key: Uint8Array, count: number) {
  const frame = encodeTopUp(nodeCiphers, key, plan.address, {
    amount: 100,
    count,
    customer: plan.customerNumber,
    operator: OPERATOR,
  });
  return said(meter, frame);
}

function keyInfo(meter: Meter): string {
  const told = said(meter, encodeSecurity(plan.address, OPERATOR, { kind: "query" }));
  return told?.kind === "security" && told.reply.kind === "wallet" ? told.reply.keyInfo : "";
}

const taken = { kind: "security", reply: { kind: "done" } };
const refused = (code: number) => expect.objectContaining({ kind: "refused", code });

test("a meter tells which key it has, and takes another only under that one", () => {
  const meter = aMeter();
  expect(keyInfo(meter)).toBe(`01${keyCheck(nodeCiphers, first)}`);
  expect(said(meter, update(first, second, 1, 2))).toMatchObject(taken);
  expect(keyInfo(meter)).toBe(`02${keyCheck(nodeCiphers, second)}`);
  expect(topUp(meter, first, 1)).toEqual(refused(SERR.authentication));
  expect(topUp(meter, second, 1)).toMatchObject({ kind: "done" });
});

test("the same update again succeeds and changes nothing; other bytes, older versions and jumps from elsewhere do not", () => {
  const meter = aMeter();
  const [toSecond, toThird] = [update(first, second, 1, 2), update(second, third, 2, 5)];
  said(meter, toSecond);
  expect(said(meter, toSecond)).toMatchObject(taken);
  expect(said(meter, update(first, third, 1, 2))).toEqual(refused(SERR.other | SERR.keyVersion));
  expect(said(meter, toThird)).toMatchObject(taken);
  expect(said(meter, toSecond)).toEqual(refused(SERR.other | SERR.keyVersion));
  expect(said(meter, update(third, second, 5, 4))).toEqual(refused(SERR.other | SERR.keyVersion));
  expect(keyInfo(meter).slice(0, 2)).toBe("05");
});

test("wrong MACs of updates and of top-ups are counted together, and lock both", () => {
  const meter = aMeter();
  for (let i = 1; i < BAD_MACS_MAX; i++) expect(said(meter, update(third, second, 1, 2))).toEqual(refused(0x08));
  expect(topUp(meter, second, 1)).toEqual(refused(SERR.authentication | SERR.locked));
  expect(said(meter, update(first, second, 1, 2))).toEqual(refused(SERR.authentication | SERR.locked));
  expect(said(meter, update(first, second, 1, 2), later(NOW, LOCK_MS))).toMatchObject(taken);
});

test("a key outlives a power cut, and a town that remembers none has that of its production", () => {
  const meter = aMeter();
  said(meter, update(first, second, 1, 2));
  const woken = restoreMeter(plan, 3, structuredClone(meter.state));
  expect(keyInfo(woken).slice(0, 2)).toBe("02");
  const { key, keyVersion, lastKeyUpdate, ...older } = aMeter().state;
  expect([key, keyVersion, lastKeyUpdate]).toEqual([null, 1, null]);
  expect(keyInfo(restoreMeter(plan, 3, older))).toBe(`01${keyCheck(nodeCiphers, first)}`);
  expect(toHex(second)).toBe(meter.state.key);
});
