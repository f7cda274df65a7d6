import { assert } from "#base/errors.ts";
import { asciiBytes, type Bytes, concat, equalBytes, ownHex, toHex, toHexReversed } from "../bytes.ts";
import type { Ciphers } from "../ciphers.ts";
import { CLEAR_DI, CONTROL, DEDUCT_DI, FUNCTION, SET_MODE_DI, TOP_UP_DI } from "./commands.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";

export { SERR } from "./status.ts";

/**
 * A top-up (充值). The frame has the 30 bytes of the standard's recharge (03H, 070102FF: amount, count, MAC1, customer,
 * MAC2); the protection is our open JC1, because the standard's own needs a security module.
 */
export type TopUp = {
  /** What is done with the amount; without it: a top-up. All acts share one row of purchase numbers. */
  act?: CreditAct;
  /** In the meter's credit unit of 0.01: 13300 are 133.00 kWh. */
  amount: number;
  /** The purchase number: the meter's stored one + 1. */
  count: number;
  /** 12 digits, high first. */
  customer: string;
  /** 8 hex digits in wire order. */
  operator: string;
};

/**
 * What a credit command does: adds the amount, takes it back (退费; refused when less is left), or wipes whatever is left (清零; its
 * amount is 0). An overdraft stays as it is. `set_mode` leaves the credit and says whether the meter trips by it: its amount is one of {@link MODE_AMOUNT}.
 */
export type CreditAct = "top_up" | "deduct" | "clear" | "set_mode";

/** What a `set_mode` carries as its amount: trip when the credit is used up, or only count it, also below zero. */
export const MODE_AMOUNT = { trips: 0, counts: 1 } as const;

const DI_OF: Readonly<Record<CreditAct, string>> = {
  top_up: TOP_UP_DI,
  deduct: DEDUCT_DI,
  clear: CLEAR_DI,
  set_mode: SET_MODE_DI,
};

/** What a key of a meter is for: 1 recharge, 2 control, 3 parameters, 4 link. */
export type KeyUsage = 1 | 2 | 3 | 4;

type Purchase = { address: string; di: string; topUp: TopUp };

const acts = ["top_up", "deduct", "clear", "set_mode"] as const satisfies readonly CreditAct[];
const OPEN_ACCOUNT_DI = "070101FF";
const UINT32_MAX = 0xffff_ffff;
const TOP_UP_LENGTH = 30;
const MAC_LENGTH = 8;

/** K_m = SM4(root key, D ‖ ~D) with D = 00 ‖ usage ‖ address: what is stored in the meter. */
export function meterKey(ciphers: Ciphers, rootKey: Bytes, usage: KeyUsage, address: string): Bytes {
  return derivedKey(ciphers, rootKey, concat(Uint8Array.of(0, usage), ownHex(address, 6)));
}

/** K_n = SM4(K_m, E ‖ ~E) with E = "RCHG" ‖ count: every purchase number has a key of its own (按购电次数单独加密). */
export function purchaseKey(ciphers: Ciphers, rechargeKey: Bytes, count: number): Bytes {
  return derivedKey(ciphers, rechargeKey, concat(asciiBytes("RCHG"), uint32(count, "high first")));
}

/** Master: the top-up for one meter, protected by its recharge key (usage 1). The same input gives the same bytes. */
export function encodeTopUp(ciphers: Ciphers, rechargeKey: Bytes, address: string, topUp: TopUp): Frame645 {
  return protectedTopUp(address, topUp, topUpMac(ciphers, rechargeKey, address, topUp));
}

/** The 8 bytes that protect a top-up of this meter: what a security module (密码机) is asked for. */
export function topUpMac(ciphers: Ciphers, rechargeKey: Bytes, address: string, topUp: TopUp): Bytes {
  return purchaseMac(ciphers, rechargeKey, { address, di: diOf(topUp), topUp });
}

/** Master: the top-up with a MAC that was made elsewhere. */
export function protectedTopUp(address: string, topUp: TopUp, mac: Bytes): Frame645 {
  return purchaseFrame({ address, di: diOf(topUp), topUp }, mac);
}

function diOf(topUp: TopUp): string {
  return DI_OF[topUp.act ?? "top_up"];
}

/** Master: opens the account (开户, 070101FF) with its first purchase; layout and protection are those of a top-up. */
export function encodeOpenAccount(ciphers: Ciphers, rechargeKey: Bytes, address: string, topUp: TopUp): Frame645 {
  const purchase = { address, di: OPEN_ACCOUNT_DI, topUp };
  return purchaseFrame(purchase, purchaseMac(ciphers, rechargeKey, purchase));
}

/** Meter: whether the MAC of an opening of an account, read with decodeSecurity, is right. */
export function checkOpenAccount(
  ciphers: Ciphers,
  rechargeKey: Bytes,
  address: string,
  decoded: { topUp: TopUp; mac: Bytes },
): boolean {
  const purchase = { address, di: OPEN_ACCOUNT_DI, topUp: decoded.topUp };
  return equalBytes(purchaseMac(ciphers, rechargeKey, purchase), decoded.mac);
}

function purchaseFrame({ address, di, topUp }: Purchase, mac: Bytes): Frame645 {
  assert(mac.length === MAC_LENGTH, `a MAC of ${MAC_LENGTH} bytes`);
  const data = concat(
    diToWire(di),
    ownHex(topUp.operator, 4),
    uint32(topUp.amount, "low first"),
    uint32(topUp.count, "low first"),
    mac.subarray(0, 4),
    ownHex(topUp.customer, 6).reverse(),
    mac.subarray(4, 8),
  );
  return { address, control: FUNCTION.security, data };
}

/** Meter: reads a top-up or another credit command without judging it; {@link checkTopUp} does that. */
export function decodeTopUp(frame: Frame645): { ok: true; topUp: TopUp; mac: Bytes } | { ok: false; reason: string } {
  const { data } = frame;
  const di = diFromWire(data);
  const act = acts.find((each) => DI_OF[each] === di);
  if (frame.control !== FUNCTION.security || act === undefined) return { ok: false, reason: "not_a_top_up" };
  if (data.length !== TOP_UP_LENGTH) return { ok: false, reason: "wrong_length" };
  const customer = toHexReversed(data.subarray(20, 26));
  if (!/^\d{12}$/.test(customer)) return { ok: false, reason: "customer_not_digits" };
  const topUp: TopUp = {
    ...(act === "top_up" ? {} : { act }),
    amount: uint32At(data, 8),
    count: uint32At(data, 12),
    customer,
    operator: toHex(data.subarray(4, 8)),
  };
  return { ok: true, topUp, mac: concat(data.subarray(16, 20), data.subarray(26, 30)) };
}

/** Meter: whether the MAC is the one that this meter (its own address and key) expects for exactly this top-up. */
export function checkTopUp(
  ciphers: Ciphers,
  rechargeKey: Bytes,
  address: string,
  decoded: { topUp: TopUp; mac: Bytes },
): boolean {
  const purchase = { address, di: diOf(decoded.topUp), topUp: decoded.topUp };
  return equalBytes(purchaseMac(ciphers, rechargeKey, purchase), decoded.mac);
}

/** Meter: the credit command was carried out (83H). */
export function encodeTopUpReply(address: string, act: CreditAct = "top_up"): Frame645 {
  return { address, control: FUNCTION.security | CONTROL.fromMeter, data: diToWire(DI_OF[act]) };
}

/** Meter: the top-up was refused (C3H, L=2) with SERR bits. */
export function encodeTopUpRefusal(address: string, serr: number): Frame645 {
  return {
    address,
    control: FUNCTION.security | CONTROL.fromMeter | CONTROL.abnormal,
    data: Uint8Array.of(serr, serr >> 8),
  };
}

/** MAC8 = HMAC-SM3(K_n, everything that the command means, random 0)[0..8). */
function purchaseMac(ciphers: Ciphers, rechargeKey: Bytes, { address, di, topUp }: Purchase): Bytes {
  const message = concat(
    asciiBytes("JC1"),
    diToWire(di),
    ownHex(address, 6).reverse(),
    ownHex(topUp.operator, 4),
    uint32(topUp.amount, "low first"),
    uint32(topUp.count, "low first"),
    ownHex(topUp.customer, 6).reverse(),
    new Uint8Array(4),
  );
  return ciphers.hmacSm3(purchaseKey(ciphers, rechargeKey, topUp.count), message).slice(0, MAC_LENGTH);
}

/** SM4(key, seed ‖ ~seed): how every key of JC1 comes from another. The seed has 8 bytes. */
export function derivedKey(ciphers: Ciphers, key: Bytes, seed: Bytes): Bytes {
  return ciphers.sm4EcbEncrypt(
    key,
    concat(
      seed,
      seed.map((byte) => ~byte),
    ),
  );
}

/** A whole number as 4 bytes. */
export function uint32(value: number, order: "low first" | "high first"): Bytes {
  assert(Number.isInteger(value) && value >= 0 && value <= UINT32_MAX, `not a 32-bit number: ${value}`);
  const bytes = Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
  return order === "low first" ? bytes : bytes.reverse();
}

function uint32At(data: Bytes, at: number): number {
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
}
