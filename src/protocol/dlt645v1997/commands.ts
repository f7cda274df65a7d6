import { assert } from "#base/errors.ts";
import { type Bytes, concat, ownHex, printedAt, toHex } from "../bytes.ts";
import { type LocalTime, localTimeAt, putLocalTime } from "../dlt645/control.ts";
import { bitsIn } from "../dlt645/status.ts";
import type { Frame97 } from "./frame.ts";
import type { Items97 } from "./item.ts";
import { diFromWire97, diToWire97 } from "./items.ts";
import { dataOf97, type Reading97, readingOf97 } from "./readings.ts";
import { ERR_97, ERR_BITS_97 } from "./status.ts";

/** Function codes (D4–D0 of the control code, DL/T 645-1997 §7). */
export const FUNCTION_97 = {
  read: 0x01,
  readFollow: 0x02,
  readAgain: 0x03,
  write: 0x04,
  clockSet: 0x08,
  writeAddress: 0x0a,
  setBaud: 0x0c,
  setPassword: 0x0f,
  clearDemand: 0x10,
} as const;

/** Control code bits, as in the 2007 edition. */
export const CONTROL_97 = { fromMeter: 0x80, abnormal: 0x40, moreFollows: 0x20, function: 0x1f } as const;

/** Everyone on the bus. Some meters answer reads sent here; nobody may count on it. */
export const BROADCAST_97 = "999999999999";

/**
 * A write (04H). The text shows no password, but real meters take the four bytes behind the identifier for PA P0 P1 P2
 * (one answered ERR 04H or 01H by their value), so they are always there: 8 hex digits in wire order.
 */
export type Write97 = { di: string; password: string; data: Bytes };

/** What a master asks of a meter. `password`s are 8 hex digits in wire order. */
export type Request97 =
  | { kind: "read" | "readFollow"; di: string }
  | { kind: "readAgain" }
  | ({ kind: "write" } & Write97)
  | { kind: "clockSet"; time: LocalTime }
  | { kind: "writeAddress"; newAddress: string }
  | { kind: "setBaud"; word: number }
  | { kind: "setPassword"; old: string; next: string }
  | { kind: "clearDemand" };

/** What a frame from a meter says. */
export type Answer97 =
  | { kind: "reading"; di: string; reading: Reading97 }
  /** A good answer whose item, length or digits we do not understand: never a number. */
  | { kind: "raw"; di: string; data: Bytes }
  /** `data` is empty but for makers' own replies (a refund tells the counters). */
  | { kind: "done"; function: number; data: Bytes }
  | { kind: "refused"; function: number; code: number; reasons: string[] }
  | { kind: "unexpected"; control: number };

/** Meter: why a request is not served; `err` is the ERR byte to answer, null means silence. */
export type BadRequest97 = {
  ok: false;
  reason: "from_meter" | "unknown_function" | "wrong_length" | "not_a_time";
  err: number | null;
};

/** DI, then PA P0 P1 P2. */
const WRITE_HEAD = 6;

/** Master: asks for one item or block (01H). */
export function encodeRead97(address: string, di: string): Frame97 {
  return { address, control: FUNCTION_97.read, data: diToWire97(di) };
}

/** Master: asks for the rest of an answer that said more follows (02H). */
export function encodeReadFollow97(address: string, di: string): Frame97 {
  return { address, control: FUNCTION_97.readFollow, data: diToWire97(di) };
}

/** Master: asks for the last answer once more (03H). */
export function encodeReadAgain97(address: string): Frame97 {
  return { address, control: FUNCTION_97.readAgain, data: new Uint8Array(0) };
}

/** Master: writes an item (04H). */
export function encodeWrite97(address: string, write: Write97): Frame97 {
  const data = concat(diToWire97(write.di), ownHex(write.password, 4), write.data);
  return { address, control: FUNCTION_97.write, data };
}

/** Master: sets every clock on the bus (08H). Nobody answers. */
export function encodeClockSet97(time: LocalTime): Frame97 {
  const data = new Uint8Array(6);
  putLocalTime(data, 0, time);
  return { address: BROADCAST_97, control: FUNCTION_97.clockSet, data };
}

/** Master: gives the one meter whose button is held down its address (0AH). It answers from the new one. */
export function encodeWriteAddress97(newAddress: string): Frame97 {
  return { address: BROADCAST_97, control: FUNCTION_97.writeAddress, data: ownHex(newAddress, 6).reverse() };
}

/** Master: another rate for this session (0CH). Afterwards, or after 500 ms of silence, both sides fall back. */
export function encodeSetBaud97(address: string, word: number): Frame97 {
  return { address, control: FUNCTION_97.setBaud, data: Uint8Array.of(word) };
}

/** Master: changes a password (0FH). */
export function encodeSetPassword97(address: string, password: { old: string; next: string }): Frame97 {
  const data = concat(ownHex(password.old, 4), ownHex(password.next, 4));
  return { address, control: FUNCTION_97.setPassword, data };
}

/** Master: clears the maximum demand (10H). */
export function encodeClearDemand97(address: string): Frame97 {
  return { address, control: FUNCTION_97.clearDemand, data: new Uint8Array(0) };
}

/** Meter: what a request asks. A meter answers a bad one with `err`, or not at all when that is null. */
export function decodeRequest97(frame: Frame97): { ok: true; request: Request97 } | BadRequest97 {
  const { control, data } = frame;
  const wrongLength: BadRequest97 = { ok: false, reason: "wrong_length", err: ERR_97.illegalData };
  const good = (request: Request97) => ({ ok: true, request }) as const;
  if ((control & CONTROL_97.fromMeter) !== 0) return { ok: false, reason: "from_meter", err: null };
  switch (control) {
    case FUNCTION_97.read:
    case FUNCTION_97.readFollow: {
      const di = diFromWire97(data);
      // An identifier of four bytes is the 2007 edition's: no such item here.
      if (di === null || data.length !== 2) return { ok: false, reason: "wrong_length", err: ERR_97.badIdentifier };
      return good({ kind: control === FUNCTION_97.read ? "read" : "readFollow", di });
    }
    case FUNCTION_97.readAgain:
      return good({ kind: "readAgain" });
    case FUNCTION_97.write: {
      const write = writeIn97(data);
      return write === null ? wrongLength : good({ kind: "write", ...write });
    }
    case FUNCTION_97.clockSet: {
      const time = data.length === 6 ? localTimeAt(data, 0) : null;
      return time === null ? { ok: false, reason: "not_a_time", err: null } : good({ kind: "clockSet", time });
    }
    case FUNCTION_97.writeAddress:
      return data.length === 6
        ? good({ kind: "writeAddress", newAddress: printedAt(data, 0, data.length) })
        : wrongLength;
    case FUNCTION_97.setBaud:
      return data.length === 1 ? good({ kind: "setBaud", word: data[0]! }) : wrongLength;
    case FUNCTION_97.setPassword:
      if (data.length !== 8) return wrongLength;
      return good({ kind: "setPassword", old: toHex(data.subarray(0, 4)), next: toHex(data.subarray(4)) });
    case FUNCTION_97.clearDemand:
      return good({ kind: "clearDemand" });
    default:
      return { ok: false, reason: "unknown_function", err: null };
  }
}

/** Meter: answers a read (81H) with a reading. */
export function encodeReadReply97(address: string, di: string, reading: Reading97, items: Items97): Frame97 {
  const item = items.get(di);
  assert(item !== undefined, `the table does not know ${di}`);
  return { address, control: FUNCTION_97.read | CONTROL_97.fromMeter, data: dataOf97(item, reading) };
}

/** Meter: answers a read (81H) with bytes; `function` 02H and 03H answer their own kind of read. */
export function encodeDataReply97(
  address: string,
  di: string,
  payload: Bytes,
  part: { function?: number; moreFollows?: boolean } = {},
): Frame97 {
  const more = part.moreFollows === true ? CONTROL_97.moreFollows : 0;
  const control = (part.function ?? FUNCTION_97.read) | CONTROL_97.fromMeter | more;
  return { address, control, data: concat(diToWire97(di), payload) };
}

/** Meter: a request was carried out: 84H, 8AH, 8CH (with its word), 8FH (with the new password), 90H. */
export function encodeDone97(address: string, fn: number, data: Bytes = new Uint8Array(0)): Frame97 {
  return { address, control: fn | CONTROL_97.fromMeter, data };
}

/** Meter: refuses a request of that function with the ERR byte. */
export function encodeError97(address: string, fn: number, err: number): Frame97 {
  return { address, control: fn | CONTROL_97.fromMeter | CONTROL_97.abnormal, data: Uint8Array.of(err) };
}

/** Master: what an answer says, by the table of the meter's profile. Never throws. */
export function decodeAnswer97(frame: Frame97, items: Items97): Answer97 {
  const { control, data } = frame;
  const fn = control & CONTROL_97.function;
  if ((control & CONTROL_97.fromMeter) === 0) return { kind: "unexpected", control };
  if ((control & CONTROL_97.abnormal) !== 0) {
    const code = data[0] ?? 0;
    return { kind: "refused", function: fn, code, reasons: bitsIn(code, ERR_BITS_97).map((bit) => bit.name) };
  }
  switch (fn) {
    case FUNCTION_97.read:
    case FUNCTION_97.readFollow:
    case FUNCTION_97.readAgain: {
      if (data.length < 2) return { kind: "unexpected", control };
      const item = items.at(data);
      // A part of a longer answer is not an answer: the caller joins the parts first.
      const whole = fn !== FUNCTION_97.readFollow && (control & CONTROL_97.moreFollows) === 0;
      const reading = item === undefined || !whole ? null : readingOf97(item, data, 2);
      if (item !== undefined && reading !== null) return { kind: "reading", di: item.di, reading };
      return { kind: "raw", di: printedAt(data, 0, 2), data: data.slice(2) };
    }
    case FUNCTION_97.setBaud:
      // FFH instead of the rate: refused.
      if (data[0] === 0xff) return { kind: "refused", function: fn, code: 0xff, reasons: ["baud-not-changeable"] };
      return { kind: "done", function: fn, data };
    case FUNCTION_97.write:
    case FUNCTION_97.writeAddress:
    case FUNCTION_97.setPassword:
    case FUNCTION_97.clearDemand:
      return { kind: "done", function: fn, data };
    default:
      return { kind: "unexpected", control };
  }
}

/**
 * Whether an answer belongs to a request: same meter, same function, and for reads the same identifier. Refusals and
 * write replies carry none, so there the function has to do. Broadcast matches every meter; 00H and AAH in front of a
 * short address are both padding (§5.2.2 says AA, captured meters send 00).
 */
export function expects97(request: Frame97, answer: Frame97): boolean {
  const fn = request.control & CONTROL_97.function;
  if ((answer.control & CONTROL_97.fromMeter) === 0 || (answer.control & CONTROL_97.function) !== fn) return false;
  if (fn === FUNCTION_97.clockSet) return false;
  if (fn === FUNCTION_97.writeAddress)
    return request.data.length === 6 && sameMeter(addressIn(request.data), answer.address);
  if (!sameMeter(request.address, answer.address)) return false;
  if ((answer.control & CONTROL_97.abnormal) !== 0) return true;
  if (fn !== FUNCTION_97.read && fn !== FUNCTION_97.readFollow) return true;
  return diFromWire97(answer.data) !== null && diFromWire97(request.data) === diFromWire97(answer.data);
}

/** Identifier, password and data of a write; null when it is too short to have them. */
export function writeIn97(data: Bytes): Write97 | null {
  const di = diFromWire97(data);
  if (di === null || data.length < WRITE_HEAD) return null;
  return { di, password: toHex(data.subarray(2, WRITE_HEAD)), data: data.slice(WRITE_HEAD) };
}

function addressIn(data: Bytes): string {
  return printedAt(data, 0, data.length);
}

function sameMeter(asked: string, answered: string): boolean {
  if (asked === BROADCAST_97 || asked === "AAAAAAAAAAAA") return true;
  return withoutPadding(asked) === withoutPadding(answered);
}

function withoutPadding(address: string): string {
  return address.replace(/^(?:00|AA)+/, "");
}
