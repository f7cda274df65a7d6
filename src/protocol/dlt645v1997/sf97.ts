import { assert } from "#base/errors.ts";
import { type Bytes, bcdAt, concat, numberToBcd } from "../bytes.ts";
import { encodeDone97, encodeWrite97, FUNCTION_97, type Write97 } from "./commands.ts";
import type { Frame97 } from "./frame.ts";
import { COUNT_97, ENERGY_97, type Field97, type Items97, type Row97 } from "./item.ts";
import { itemTable97, masked97, standardRows97 } from "./items.ts";

/**
 * The prepaid items that one family of campus meters (集抄卡表) adds to DL/T 645-1997, taken from the encoders and
 * decoders of its server. Another maker uses E5xx for voltage statistics: only meters of this profile may be asked.
 */
export const SF97 = {
  relays: ["C027", "C028"],
  purchase: "E501",
  remaining: "E502",
  mode: "E50B",
  refund: "E50E",
  counters: "E50F",
  loadLimit: "C0C0",
  loadRange: "C1C0",
  dataClear: "C120",
} as const;

/** Loop 1 is lighting (照明), loop 2 the sockets (插座). */
export type Relay97 = { loop: 1 | 2; action: "trip" | "close" };

/** `amount` in 0.01 kWh; `count` is the meter's stored purchase number + 1, at most 9999. */
export type Purchase97 = { count: number; amount: number };

/** What a refund leaves, in 0.01 kWh. */
export type RefundResult97 = { used: number; remaining: number; overdraft: number; count: number };

const RELAYS: readonly string[] = SF97.relays;
const RELAY_WORDS = { trip: 0x3355, close: 0x9966 } as const;
/** Loads are told in steps of 20 W. */
const LOAD = { as: "number", bytes: 2, decimals: 0, unit: "W", step: 20, signed: false, times: 20, over: 1 } as const;

function flag(name: string, zh: string): Field97 {
  return { as: "text", name, zh, bytes: 1, read: byteText };
}

function byteText(bytes: Bytes): string {
  return `0x${(bytes[0] ?? 0).toString(16).padStart(2, "0")}`;
}

function row(di: string, name: string, zh: string, reads: Row97["reads"], fields: Field97[], masked = false): Row97 {
  return { di, name, zh, clause: "sf97", fields, block: false, masked, reads };
}

const rows: readonly Row97[] = [
  row(
    SF97.purchase,
    "last purchase",
    "上次购电",
    "purchase",
    [
      { name: "purchaseCount", zh: "购电次数", ...COUNT_97 },
      { name: "purchased", zh: "购电量", ...ENERGY_97 },
    ],
    true,
  ),
  row(SF97.remaining, "remaining energy", "剩余电量", "energyRemaining", [
    { name: "remaining", zh: "剩余电量", ...ENERGY_97 },
  ]),
  row(SF97.mode, "prepaid mode", "预付费模式", null, [flag("mode", "预付费模式")]),
  row(SF97.counters, "prepaid counters", "预付费计数", "counters", [
    { name: "used", zh: "累计用电", ...ENERGY_97 },
    { name: "bought", zh: "累计购电", ...ENERGY_97 },
    { name: "remaining", zh: "剩余电量", ...ENERGY_97 },
    { name: "overdraft", zh: "过零电量", ...ENERGY_97 },
    { name: "purchaseCount", zh: "购电次数", ...COUNT_97 },
  ]),
  row(SF97.loadLimit, "malicious load", "恶性负载", "loadLimit", [
    flag("flag", "恶性负载标志"),
    { name: "limit", zh: "恶性负载功率", ...LOAD },
  ]),
  row(SF97.loadRange, "allowed load range", "允许负载范围", "loadRange", [
    { name: "lower", zh: "下限", ...LOAD },
    { name: "upper", zh: "上限", ...LOAD },
  ]),
];

/** The standard's table with this family's rows. */
export const sf97Items: Items97 = itemTable97([...standardRows97, ...rows]);

/** Master: switches one loop. The words 3355H and 9966H cannot be made by a flipped bit from each other. */
export function encodeRelay97(address: string, relay: Relay97, password: string): Frame97 {
  const word = RELAY_WORDS[relay.action];
  const di = RELAYS[relay.loop - 1]!;
  return encodeWrite97(address, { di, password, data: Uint8Array.of(word, word >> 8) });
}

/** Meter: the relay command in a write; null when it is none, or when the word is neither of the two. */
export function relayIn97(write: Write97): Relay97 | null {
  const loop = RELAYS.indexOf(write.di);
  if (loop < 0 || write.data.length !== 2) return null;
  const word = write.data[0]! | (write.data[1]! << 8);
  const action = word === RELAY_WORDS.trip ? "trip" : word === RELAY_WORDS.close ? "close" : null;
  return action === null ? null : { loop: loop === 0 ? 1 : 2, action };
}

/** Master: a purchase (E501). It is masked, not encrypted: whoever knows the password can buy. */
export function encodePurchase97(address: string, purchase: Purchase97, password: string): Frame97 {
  const data = concat(numberToBcd(purchase.count, 2), numberToBcd(purchase.amount, 4));
  return encodeWrite97(address, { di: SF97.purchase, password, data: masked97(data) });
}

/** Meter: the purchase in a write; null when it is none or its digits are none. */
export function purchaseIn97(write: Write97): Purchase97 | null {
  if (write.di !== SF97.purchase || write.data.length !== 6) return null;
  const plain = masked97(write.data);
  const [count, amount] = [bcdAt(plain, 0, 2, 0xff), bcdAt(plain, 2, 4, 0xff)];
  return Number.isNaN(count) || Number.isNaN(amount) ? null : { count, amount };
}

/** Master: takes the purchase of that number back (E50E); the meter refuses when it is not the last one. */
export function encodeRefund97(address: string, count: number, password: string): Frame97 {
  return encodeWrite97(address, { di: SF97.refund, password, data: masked97(numberToBcd(count, 2)) });
}

/** Meter: the purchase number that a write takes back; null when it is no refund. */
export function refundIn97(write: Write97): number | null {
  if (write.di !== SF97.refund || write.data.length !== 2) return null;
  const count = bcdAt(masked97(write.data), 0, 2, 0xff);
  return Number.isNaN(count) ? null : count;
}

/** Meter: the refund was done (84H); the masked counters stand without an identifier. */
export function encodeRefundReply97(address: string, result: RefundResult97): Frame97 {
  const { used, remaining, overdraft, count } = result;
  const data = concat(...[used, remaining, overdraft].map((steps) => numberToBcd(steps, 4)), numberToBcd(count, 2));
  return encodeDone97(address, FUNCTION_97.write, masked97(data));
}

/** Master: the counters in the reply to a refund; null when it does not carry them. */
export function refundResultIn97(data: Bytes): RefundResult97 | null {
  if (data.length !== 14) return null;
  const plain = masked97(data);
  const at = (from: number, length: number) => bcdAt(plain, from, length, 0xff);
  const result = { used: at(0, 4), remaining: at(4, 4), overdraft: at(8, 4), count: at(12, 2) };
  return Object.values(result).some(Number.isNaN) ? null : result;
}

/** Master: prepaid (04H) or not (00H). */
export function encodeMode97(address: string, prepaid: boolean, password: string): Frame97 {
  return encodeWrite97(address, { di: SF97.mode, password, data: Uint8Array.of(prepaid ? 0x04 : 0x00) });
}

/** Master: from which power on a resistive load counts as malicious; whole steps of 20 W. */
export function encodeLoadLimit97(address: string, limit: { flag: number; w: number }, password: string): Frame97 {
  const data = concat(Uint8Array.of(limit.flag), loadSteps(limit.w));
  return encodeWrite97(address, { di: SF97.loadLimit, password, data });
}

/** Master: the power range that is allowed nevertheless; whole steps of 20 W. */
export function encodeLoadRange97(address: string, range: { wMin: number; wMax: number }, password: string): Frame97 {
  return encodeWrite97(address, {
    di: SF97.loadRange,
    password,
    data: concat(loadSteps(range.wMin), loadSteps(range.wMax)),
  });
}

/** Master: clears all data of the meter (C120). */
export function encodeDataClear97(address: string, password: string): Frame97 {
  return encodeWrite97(address, { di: SF97.dataClear, password, data: new Uint8Array(4) });
}

function loadSteps(w: number): Bytes {
  assert(w % LOAD.times === 0, "a load limit is a multiple of 20 W");
  return numberToBcd(w / LOAD.times, 2);
}
