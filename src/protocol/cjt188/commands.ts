import { assert } from "#base/errors.ts";
import { addressAt } from "../address.ts";
import { type Bytes, bcdAt, ownHex, putBcd } from "../bytes.ts";
import type { LocalTime } from "../dlt645/control.ts";
import type { Frame188 } from "./frame.ts";
import { DI_188, type DiOrder, diFromWire188, FUNCTION_188, putDi188 } from "./items.ts";
import {
  clockAt,
  clockToWire,
  putReading188,
  type Reading188,
  readingLength188,
  readingOf188,
  type Status188,
  status188,
} from "./readings.ts";

/** Control code bits. D5 marks functions of a maker's own. */
export const CONTROL_188 = { fromMeter: 0x80, abnormal: 0x40, vendor: 0x20, function: 0x1f } as const;

/** Any meter: for reading the address point to point. */
export const ANY_188 = { meterType: 0xaa, address: "AAAAAAAAAAAAAA" } as const;

/**
 * Whom a frame concerns and under which serial number (SER). The master adds one to SER for every question, the meter
 * echoes it; `order` is the identifier order that the meter last used, high first until it has answered.
 */
export type Call188 = { meterType: number; address: string; ser: number; order: DiOrder };

/** What the valve is told (A017): 55H open, 99H close. */
export type ValveAction = "open" | "close";

/** `amount` in 0.01 of what the meter sells; `seq` is the number of this purchase, one byte. */
export type Purchase188 = { seq: number; amount: number };

/** What a master asks of a meter. */
export type Request188 =
  | { kind: "read"; di: string }
  | { kind: "readAddress" }
  | { kind: "readKeyVersion" }
  | { kind: "valve"; action: ValveAction }
  | { kind: "purchase"; purchase: Purchase188 }
  | { kind: "setClock"; time: LocalTime }
  | { kind: "writeAddress"; newAddress: string }
  /** Any other write, known or not. */
  | { kind: "write"; di: string; data: Bytes };

/** What a frame from a meter says; `order` is to be kept for the next question. */
export type Answer188 =
  | { kind: "reading"; di: string; ser: number; order: DiOrder; reading: Reading188 }
  /** A good answer whose item, length, digits or unit we do not understand: never a number. */
  | { kind: "raw"; di: string; ser: number; order: DiOrder; data: Bytes }
  /** A write was taken; some meters leave ST out. */
  | { kind: "done"; di: string; ser: number; order: DiOrder; status: Status188 | null }
  /** One byte of status, or SER and ST: makers do both. */
  | { kind: "refused"; function: number; ser: number | null; code: number }
  /** A maker's own function (D5): kept as bytes, proof of nothing. */
  | { kind: "vendor"; control: number; data: Bytes }
  | { kind: "unexpected"; control: number };

/** Meter: why a request is not served; `answer` false means silence. */
export type BadRequest188 = {
  ok: false;
  reason: "from_meter" | "unknown_function" | "too_short" | "bad_data";
  answer: boolean;
};

const VALVE_CODES: Readonly<Record<ValveAction, number>> = { open: 0x55, close: 0x99 };
/** DI and SER. */
const HEAD = 3;
const NOTHING = new Uint8Array(0);

/** The serial number of the next question. */
export function nextSer(ser: number): number {
  return (ser + 1) & 0xff;
}

/** Master: asks for an item (01H). */
export function encodeRead188(call: Call188, di: string): Frame188 {
  return frame(call, FUNCTION_188.read, di);
}

/** Master: asks for the current volume or heat (901F). */
export function encodeReadVolume188(call: Call188): Frame188 {
  return encodeRead188(call, DI_188.reading);
}

/** Master: asks for the address (03H); to {@link ANY_188} when it is not known. */
export function encodeReadAddress188(call: Call188): Frame188 {
  return frame(call, FUNCTION_188.readAddress, DI_188.address);
}

/** Master: writes an item (04H). */
export function encodeWrite188(call: Call188, di: string, data: Bytes): Frame188 {
  return frame(call, FUNCTION_188.write, di, data);
}

/** Master: moves the valve (A017). Some meters want bytes of padding behind the code. */
export function encodeValve188(call: Call188, action: ValveAction, padding = 0): Frame188 {
  const data = new Uint8Array(1 + padding);
  data[0] = VALVE_CODES[action];
  return encodeWrite188(call, DI_188.valve, data);
}

/** Master: sells (A013). The number keeps a repeated frame from being credited twice. */
export function encodePurchase188(call: Call188, { seq, amount }: Purchase188): Frame188 {
  const data = Uint8Array.of(seq, 0, 0, 0, 0);
  putBcd(data, 1, 4, amount);
  return encodeWrite188(call, DI_188.purchase, data);
}

/** Master: sets the clock (A015). */
export function encodeSetClock188(call: Call188, time: LocalTime): Frame188 {
  return encodeWrite188(call, DI_188.clock, clockToWire(time));
}

/** Master: gives a meter another address (15H, A018). */
export function encodeWriteAddress188(call: Call188, newAddress: string): Frame188 {
  return frame(call, FUNCTION_188.writeAddress, DI_188.writeAddress, ownHex(newAddress, 7).reverse());
}

/** Meter: what a request asks. The call holds its SER and identifier order, to be echoed. */
export function decodeRequest188(asked: Frame188): { ok: true; call: Call188; request: Request188 } | BadRequest188 {
  const { control, data, meterType, address } = asked;
  const bad = (reason: BadRequest188["reason"], answer = false): BadRequest188 => ({ ok: false, reason, answer });
  if ((control & CONTROL_188.fromMeter) !== 0) return bad("from_meter");
  const head = diFromWire188(data);
  if (head === null || data.length < HEAD) return bad("too_short");
  const call: Call188 = { meterType, address, ser: data[2]!, order: head.order };
  const payload = data.slice(HEAD);
  const good = (request: Request188) => ({ ok: true, call, request }) as const;
  switch (control) {
    case FUNCTION_188.read:
      return good({ kind: "read", di: head.di });
    case FUNCTION_188.readAddress:
      return good({ kind: "readAddress" });
    case FUNCTION_188.readKeyVersion:
      return good({ kind: "readKeyVersion" });
    case FUNCTION_188.writeAddress:
      if (head.di !== DI_188.writeAddress || payload.length !== 7) return bad("bad_data", true);
      return good({ kind: "writeAddress", newAddress: addressAt(payload, 0, 7) });
    case FUNCTION_188.write:
    case FUNCTION_188.writeBase: {
      const request = writeRequest(head.di, payload);
      return request === null ? bad("bad_data", true) : good(request);
    }
    default:
      return bad("unknown_function");
  }
}

/** Meter: answers a read (81H). */
export function encodeReadReply188(call: Call188, di: string, reading: Reading188): Frame188 {
  return frameWithReading(call, FUNCTION_188.read | CONTROL_188.fromMeter, di, reading);
}

/** Meter: answers a read with bytes. */
export function encodeDataReply188(
  call: Call188,
  di: string,
  payload: Bytes,
  fn: number = FUNCTION_188.read,
): Frame188 {
  return frame(call, fn | CONTROL_188.fromMeter, di, payload);
}

/** Meter: its address (83H) with its real T, in the frame and as data. */
export function encodeAddressReply188(call: Call188): Frame188 {
  const reading = { item: "address", address: call.address } as const;
  return frameWithReading(call, FUNCTION_188.readAddress | CONTROL_188.fromMeter, DI_188.address, reading);
}

/** Meter: a write was taken (84H), with ST, or without where the model leaves it out. */
export function encodeWriteReply188(call: Call188, di: string, stWord: number | null): Frame188 {
  const status = stWord === null ? new Uint8Array(0) : Uint8Array.of(stWord, stWord >> 8);
  return frame(call, FUNCTION_188.write | CONTROL_188.fromMeter, di, status);
}

/** Meter: the valve command was taken; ST shows where the valve stands now, which need not be the end yet. */
export function encodeValveReply188(call: Call188, stWord: number): Frame188 {
  return encodeWriteReply188(call, DI_188.valve, stWord);
}

/** Meter: refuses (C1H, C4H …) with SER and ST. */
export function encodeError188(call: Call188, fn: number, stWord: number): Frame188 {
  return {
    meterType: call.meterType,
    address: call.address,
    control: fn | CONTROL_188.fromMeter | CONTROL_188.abnormal,
    data: Uint8Array.of(call.ser, stWord, stWord >> 8),
  };
}

/** Meter: refuses with the one byte of status that other makers send. */
export function encodeShortError188(call: Call188, fn: number, code: number): Frame188 {
  return { ...encodeError188(call, fn, 0), data: Uint8Array.of(code) };
}

/** Master: what an answer says. `expected` is the order of the question; it only decides where both orders make sense. */
export function decodeAnswer188(answer: Frame188, expected: DiOrder = "high-first"): Answer188 {
  const { control, data } = answer;
  if ((control & CONTROL_188.fromMeter) === 0) return { kind: "unexpected", control };
  if ((control & CONTROL_188.vendor) !== 0) return { kind: "vendor", control, data };
  const fn = control & CONTROL_188.function;
  if ((control & CONTROL_188.abnormal) !== 0) return refusal(fn, data);
  const head = diFromWire188(data, expected);
  if (head === null || data.length < HEAD) return { kind: "unexpected", control };
  const { di, order, item } = head;
  const ser = data[2]!;
  switch (fn) {
    case FUNCTION_188.read:
    case FUNCTION_188.readKeyVersion: {
      const reading = item === undefined ? null : readingOf188(item, data, HEAD);
      return reading === null
        ? { kind: "raw", di, ser, order, data: data.slice(HEAD) }
        : { kind: "reading", di, ser, order, reading };
    }
    case FUNCTION_188.readAddress: {
      // Some meters send the header only: the address then is that of the frame.
      const address = data.length === HEAD + 7 ? addressAt(data, HEAD, 7) : answer.address;
      return { kind: "reading", di, ser, order, reading: { item: "address", address } };
    }
    case FUNCTION_188.write:
    case FUNCTION_188.writeAddress:
    case FUNCTION_188.writeBase:
      return { kind: "done", di, ser, order, status: statusOf(data) };
    default:
      return { kind: "unexpected", control };
  }
}

/**
 * Whether an answer belongs to a request: same meter, same function, same SER, and the same identifier in either order
 * (meters are known to answer 1F90 with 901F). A one-byte refusal carries no SER, so there the function has to do. A
 * maker's own function code passes when SER and identifier fit.
 */
export function expects188(request: Frame188, answer: Frame188): boolean {
  const { control, data } = answer;
  if ((control & CONTROL_188.fromMeter) === 0) return false;
  const vendor = (control & CONTROL_188.vendor) !== 0;
  if (!vendor && ((request.control ^ control) & CONTROL_188.function) !== 0) return false;
  if (!sameMeter188(request, answer)) return false;
  const ser = request.data[2];
  if ((control & CONTROL_188.abnormal) !== 0) return data.length === 1 || (data.length >= HEAD && data[0] === ser);
  if (data.length < HEAD || data[2] !== ser) return false;
  const [first, second] = request.data;
  return (data[0] === first && data[1] === second) || (data[0] === second && data[1] === first);
}

/** Whether a meter is meant by, or answers to, an address: AA stands for any byte, and AAH or 99H for any T. */
export function sameMeter188(
  asked: { meterType: number; address: string },
  answered: { meterType: number; address: string },
): boolean {
  const anyType = asked.meterType === 0xaa || asked.meterType === 0x99;
  if (!anyType && asked.meterType !== answered.meterType) return false;
  for (let i = 0; i < 14; i += 2) {
    const pair = asked.address.slice(i, i + 2);
    if (pair !== "AA" && pair !== answered.address.slice(i, i + 2)) return false;
  }
  return true;
}

/** The valve code by its meaning; null for makers' own codes (66H free open, 77H free close, 00H read). */
export function valveAction(code: number): ValveAction | null {
  if (code === VALVE_CODES.open) return "open";
  return code === VALVE_CODES.close ? "close" : null;
}

/** The purchase in a payload; null when its length or digits are wrong. */
export function purchaseIn188(payload: Bytes): Purchase188 | null {
  const amount = payload.length === 5 ? bcdAt(payload, 1, 4, 0xff) : Number.NaN;
  return Number.isNaN(amount) ? null : { seq: payload[0]!, amount };
}

/** A write by its identifier; null when it has the identifier of an action and is none. */
function writeRequest(di: string, payload: Bytes): Request188 | null {
  switch (di) {
    case DI_188.valve: {
      const action = payload.length === 0 ? null : valveAction(payload[0]!);
      return action === null ? null : { kind: "valve", action };
    }
    case DI_188.purchase: {
      const purchase = purchaseIn188(payload);
      return purchase === null ? null : { kind: "purchase", purchase };
    }
    case DI_188.clock: {
      const time = payload.length === 7 ? clockAt(payload, 0) : null;
      return time === null ? null : { kind: "setClock", time };
    }
    default:
      return { kind: "write", di, data: payload };
  }
}

function refusal(fn: number, data: Bytes): Answer188 {
  if (data.length < HEAD) return { kind: "refused", function: fn, ser: null, code: data[0] ?? 0 };
  return { kind: "refused", function: fn, ser: data[0]!, code: data[1]! | (data[2]! << 8) };
}

function statusOf(data: Bytes): Status188 | null {
  return data.length === HEAD ? null : status188(data[HEAD]! | ((data[HEAD + 1] ?? 0) << 8));
}

function frame(call: Call188, control: number, di: string, payload: Bytes = NOTHING): Frame188 {
  const data = headOf(call, di, payload.length);
  data.set(payload, HEAD);
  return { meterType: call.meterType, address: call.address, control, data };
}

function frameWithReading(call: Call188, control: number, di: string, reading: Reading188): Frame188 {
  const data = headOf(call, di, readingLength188(reading));
  putReading188(data, HEAD, reading);
  return { meterType: call.meterType, address: call.address, control, data };
}

/** DI and SER with room for a payload behind them. */
function headOf({ ser, order }: Call188, di: string, payloadLength: number): Bytes {
  assert(ser >= 0 && ser <= 0xff, "SER is one byte");
  const data = new Uint8Array(HEAD + payloadLength);
  putDi188(data, di, order);
  data[2] = ser;
  return data;
}
