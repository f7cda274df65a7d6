import { assert } from "#base/errors.ts";
import { asciiBytes, type Bytes, concat, equalBytes, ownHex, toHex } from "../bytes.ts";
import type { Ciphers } from "../ciphers.ts";
import { CONTROL, FUNCTION } from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";
import { derivedKey, uint32 } from "./prepay.ts";
import { decodeSecurity, encodeSecurity } from "./security.ts";

/** DI of the key update (密钥更新) under function 03: the layout of the filing, the protection of JC1. */
export const KEY_UPDATE_DI = "070204FF";

/** The highest key version: it travels in one byte, and 0 means none. */
export const KEY_VERSION_MAX = 255;

/**
 * Which key a meter has: its version (1 … 255) and a check value (校验值) of 6 hex digits, the first three bytes of SM4(K_m, 16
 * zero bytes). The check value tells two keys apart and gives nothing of the key away.
 */
export type KeyInfo = { version: number; check: string };

/** A change of a meter's key from the version that it has to a later one. `operator` is 8 hex digits in wire order. */
export type KeyUpdate = { operator: string; from: number; to: number };

/** What a security module (密码机) makes of a key update: the new key under the old one, and the MAC over everything. */
export type ProtectedKey = { cipher: Bytes; mac: Bytes };

const KEY_BYTES = 16;
const CHECK_BYTES = 3;
const MAC_BYTES = 4;
const RECHARGE_USAGE = 1;

/** The check value of a key. */
export function keyCheck(ciphers: Ciphers, key: Bytes): string {
  return toHex(ciphers.sm4EcbEncrypt(key, new Uint8Array(KEY_BYTES)).subarray(0, CHECK_BYTES));
}

/** Key information (密钥信息) as it stands in the answer to a query: version, check value. */
export function keyInfoHex({ version, check }: KeyInfo): string {
  return toHex(concat(Uint8Array.of(version), ownHex(check, CHECK_BYTES)));
}

/** Reads key information; null when it names no version. */
export function keyInfoOf(hex: string): KeyInfo | null {
  const version = Number.parseInt(hex.slice(0, 2), 16);
  return version >= 1 && version <= KEY_VERSION_MAX && /^[0-9a-f]{8}$/.test(hex)
    ? { version, check: hex.slice(2) }
    : null;
}

/**
 * Security module: puts a meter's next key under its present one. The cipher is SM4(K_e, new key) and 16 bytes of a proof by the new
 * key itself, K_e and the key of the MAC come from the present key and the new version.
 */
export function protectKey(
  ciphers: Ciphers,
  keys: { present: Bytes; next: Bytes },
  address: string,
  update: KeyUpdate,
): ProtectedKey {
  assert(keys.next.length === KEY_BYTES, "a key has 16 bytes");
  const hidden = ciphers.sm4EcbEncrypt(updateKey(ciphers, keys.present, "KENC", update.to), keys.next);
  const cipher = concat(hidden, proof(ciphers, keys.next, address, update));
  return { cipher, mac: updateMac(ciphers, keys.present, address, update, cipher) };
}

/** Master: the key update as it goes to the meter (48 bytes of DATA). */
export function encodeKeyUpdate(address: string, update: KeyUpdate, { cipher, mac }: ProtectedKey): Frame645 {
  const keyInfo = toHex(updateInfo(update));
  return encodeSecurity(address, update.operator, {
    kind: "update_key",
    which: Number(KEY_UPDATE_DI[5]),
    keyInfo,
    cipher: toHex(cipher),
    mac: toHex(mac),
  });
}

/** Meter: reads a key update without judging it; {@link openKeyUpdate} does that. Null when it is none of JC1. */
export function decodeKeyUpdate(frame: Frame645): { update: KeyUpdate; protectedKey: ProtectedKey } | null {
  const decoded = decodeSecurity(frame);
  if (!decoded.ok || decoded.request.kind !== "update_key" || diFromWire(frame.data) !== KEY_UPDATE_DI) return null;
  const [to, usage, from, zero] = ownHex(decoded.request.keyInfo, 4);
  if (usage !== RECHARGE_USAGE || zero !== 0 || !to || !from) return null;
  const { operator, request } = decoded;
  return {
    update: { operator, from, to },
    protectedKey: { cipher: ownHex(request.cipher, 32), mac: ownHex(request.mac, MAC_BYTES) },
  };
}

/** Meter: the new key, when MAC and proof are those that this meter's present key and own address expect; else null. */
export function openKeyUpdate(
  ciphers: Ciphers,
  present: Bytes,
  address: string,
  { update, protectedKey }: { update: KeyUpdate; protectedKey: ProtectedKey },
): Bytes | null {
  const { cipher, mac } = protectedKey;
  if (!equalBytes(updateMac(ciphers, present, address, update, cipher), mac)) return null;
  const next = ciphers.sm4EcbDecrypt(updateKey(ciphers, present, "KENC", update.to), cipher.subarray(0, KEY_BYTES));
  return equalBytes(proof(ciphers, next, address, update), cipher.subarray(KEY_BYTES)) ? next : null;
}

/** Meter: the key was taken (83H with the identifier). */
export function encodeKeyUpdateReply(address: string): Frame645 {
  return { address, control: FUNCTION.security | CONTROL.fromMeter, data: diToWire(KEY_UPDATE_DI) };
}

/** new version ‖ usage 1 ‖ present version ‖ 00. */
function updateInfo({ from, to }: KeyUpdate): Bytes {
  return Uint8Array.of(to, RECHARGE_USAGE, from, 0);
}

function updateKey(ciphers: Ciphers, present: Bytes, name: "KENC" | "KMAC", version: number): Bytes {
  return derivedKey(ciphers, present, concat(asciiBytes(name), uint32(version, "high first")));
}

/** The first 16 bytes of HMAC-SM3(new key, "JC1K" ‖ address ‖ key information): only who opened the cipher rightly can check it. */
function proof(ciphers: Ciphers, next: Bytes, address: string, update: KeyUpdate): Bytes {
  const message = concat(asciiBytes("JC1K"), ownHex(address, 6).reverse(), updateInfo(update));
  return ciphers.hmacSm3(next, message).slice(0, KEY_BYTES);
}

function updateMac(ciphers: Ciphers, present: Bytes, address: string, update: KeyUpdate, cipher: Bytes): Bytes {
  const message = concat(
    asciiBytes("JC1U"),
    diToWire(KEY_UPDATE_DI),
    ownHex(address, 6).reverse(),
    ownHex(update.operator, 4),
    updateInfo(update),
    cipher,
  );
  return ciphers.hmacSm3(updateKey(ciphers, present, "KMAC", update.to), message).slice(0, MAC_BYTES);
}
