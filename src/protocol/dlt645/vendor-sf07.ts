import { type Bytes, concat, ownHex, toHex } from "../bytes.ts";
import { FUNCTION } from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";

/**
 * Prepaid commands of one maker's meters (profile `sf07`): plain writes (14H) without cryptography. Amount and count are
 * binary, high byte first, which no other item of the standard is.
 */
export type Sf07Write =
  /** 07010201: `amount` in 0.01 of the meter's credit unit. */
  | { kind: "recharge"; amount: number; count: number }
  /** 07010101: opens (AA) or closes (00) the account, or makes the meter forget prepayment (DD). */
  | { kind: "account"; state: "open" | "closed" | "non-prepaid" }
  /** 070102FE: takes the last purchase back. */
  | { kind: "refund_last" };

/** PA P0 P1 P2 and C0 … C3 of a write, 8 hex digits each in wire order. */
export type WriteRights = { password: string; operator: string };

const RECHARGE_DI = "07010201";
const ACCOUNT_DI = "07010101";
const REFUND_DI = "070102FE";
const ACCOUNT_CODES = { open: 0xaa, closed: 0x00, "non-prepaid": 0xdd } as const;

/** Master: one of the maker's writes. */
export function encodeSf07(address: string, rights: WriteRights, write: Sf07Write): Frame645 {
  const [di, body] = bodyOf(write);
  const data = concat(diToWire(di), ownHex(rights.password, 4), ownHex(rights.operator, 4), body);
  return { address, control: FUNCTION.write, data };
}

/** What the data behind password and operator of a write means to such a meter; null when it is none of its writes. */
export function sf07Write(di: string, body: Bytes): Sf07Write | null {
  if (di === RECHARGE_DI && body.length === 8) {
    return { kind: "recharge", amount: highFirst(body, 0), count: highFirst(body, 4) };
  }
  if (di === REFUND_DI && body.length === 1 && body[0] === 0) return { kind: "refund_last" };
  if (di !== ACCOUNT_DI || body.length !== 1) return null;
  if (body[0] === ACCOUNT_CODES.open) return { kind: "account", state: "open" };
  if (body[0] === ACCOUNT_CODES.closed) return { kind: "account", state: "closed" };
  return body[0] === ACCOUNT_CODES["non-prepaid"] ? { kind: "account", state: "non-prepaid" } : null;
}

/** Meter: reads one of the maker's writes. */
export function decodeSf07(
  frame: Frame645,
): ({ ok: true; write: Sf07Write } & WriteRights) | { ok: false; reason: string } {
  const { data } = frame;
  const di = diFromWire(data);
  if (frame.control !== FUNCTION.write || di === null || data.length < 12) return { ok: false, reason: "not_a_write" };
  const write = sf07Write(di, data.subarray(12));
  if (write === null) return { ok: false, reason: "unknown_write" };
  return { ok: true, write, password: toHex(data.subarray(4, 8)), operator: toHex(data.subarray(8, 12)) };
}

function bodyOf(write: Sf07Write): [di: string, body: Bytes] {
  switch (write.kind) {
    case "recharge":
      return [RECHARGE_DI, concat(number(write.amount), number(write.count))];
    case "account":
      return [ACCOUNT_DI, Uint8Array.of(ACCOUNT_CODES[write.state])];
    case "refund_last":
      return [REFUND_DI, Uint8Array.of(0)];
  }
}

function number(value: number): Bytes {
  return ownHex(value.toString(16).padStart(8, "0"), 4);
}

function highFirst(data: Bytes, at: number): number {
  return Number.parseInt(toHex(data.subarray(at, at + 4)), 16);
}
