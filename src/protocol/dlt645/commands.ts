import { assert } from "#base/errors.ts";
import { type Bytes, toHexReversed } from "../bytes.ts";
import { digitsAt, fromBase, isAbsent, putDigits, toBase } from "../register.ts";
import { addressMatches, CONTROL, FUNCTION } from "./control.ts";
import type { Form } from "./forms.ts";
import type { Frame645 } from "./frame.ts";
import type { Item645 } from "./item.ts";
import { diFromWire, diToWire, itemAt, itemOf, putDi, valueCount } from "./items.ts";
import { decodeSecurityReply, type SecurityReply } from "./security.ts";
import { bitsIn, ERR_BITS, SERR_BITS, STATUS_3 } from "./status.ts";

export { CONTROL, FUNCTION, type LocalTime, localTimeAt } from "./control.ts";
export {
  decodeRelay,
  encodeRelay,
  encodeRelayReply,
  type RelayAction,
  type RelayCommand,
  relayAction,
} from "./relay.ts";

/** The data of a good answer in integers of our base units. */
export type Reading645 =
  /** Wh; the register shows 0.01 kWh. */
  | { item: "energyTotal" | "energyRemaining" | "energyOverdraft" | "energyBefore"; wh: number }
  | { item: "purchaseCount"; count: number }
  /** Per phase; null where the meter has no such phase. */
  | { item: "voltage"; mv: (number | null)[] }
  /** Negative for reverse current. */
  | { item: "current"; ma: (number | null)[] }
  /** A block is total, A, B, C as far as it goes; rounded to whole watts. */
  | { item: "power"; w: (number | null)[] }
  /** Only `relayOpen` proves that supply is off; `relayCommandedOpen` is what the meter was told. */
  | {
      item: "status3";
      word: number;
      relayOpen: boolean;
      relayCommandedOpen: boolean;
      preTripAlarm: boolean;
      keepSupply: boolean;
    };

/** What a frame from a meter says. */
export type Answer645 =
  | { kind: "reading"; di: string; reading: Reading645 }
  /** A good answer whose item, length or digits we do not understand: never a number. */
  | { kind: "raw"; di: string; data: Bytes }
  | { kind: "done"; function: "relay" | "top_up" }
  /** A good answer of function 03 to anything but a top-up: a key update, a query. */
  | { kind: "security"; di: string; reply: SecurityReply }
  /** `code` is ERR, or SERR for a top-up; `reasons` its bits by name. */
  | { kind: "refused"; function: "read" | "relay" | "top_up" | "other"; code: number; reasons: string[] }
  | { kind: "unexpected"; control: number };

/** DI of the top-up (充值) under function 03. */
export const TOP_UP_DI = "070102FF";
/** DIs of JC1 under function 03: takes units back (退费), and wipes what is left (清零). */
export const DEDUCT_DI = "070111FF";
export const CLEAR_DI = "070112FF";
/** DI of JC1 under function 03: whether the meter trips by its credit (模式). */
export const SET_MODE_DI = "070113FF";

/** Everything under function 03 that changes the credit in a meter and carries a purchase number. */
const CREDIT_DIS: ReadonlySet<string> = new Set([TOP_UP_DI, DEDUCT_DI, CLEAR_DI, SET_MODE_DI]);

/** Master: asks for one item or block (11H). */
export function encodeRead(address: string, di: string): Frame645 {
  return { address, control: FUNCTION.read, data: diToWire(di) };
}

/** Meter: the identifier that a read request asks for; null when the frame is no plain read request. */
export function requestedDi(frame: Frame645): string | null {
  return frame.control === FUNCTION.read ? diFromWire(frame.data) : null;
}

/** Meter: answers a read (91H). The identifier decides how many values go out; missing ones are sent as absent (FF). */
export function encodeReadReply(address: string, reading: Reading645, di: string): Frame645 {
  const item = itemOf(di);
  assert(item !== undefined && item.reads === reading.item, "the item does not carry this reading");
  const { groupBytes, groupsMax } = item.layouts[0];
  const form = formOf(item);
  const data = new Uint8Array(4 + groupBytes * groupsMax);
  putDi(data, item.code);
  switch (reading.item) {
    case "energyTotal":
    case "energyRemaining":
    case "energyOverdraft":
    case "energyBefore":
      putValue(data, 4, form, reading.wh);
      break;
    case "purchaseCount":
      putValue(data, 4, form, reading.count);
      break;
    case "voltage":
      putValues(data, item, reading.mv);
      break;
    case "current":
      putValues(data, item, reading.ma);
      break;
    case "power":
      putValues(data, item, reading.w);
      break;
    case "status3":
      data[4] = reading.word;
      data[5] = reading.word >> 8;
  }
  return { address, control: FUNCTION.read | CONTROL.fromMeter, data };
}

/** Meter: refuses a read (D1H) with the ERR byte. */
export function encodeReadError(address: string, err: number): Frame645 {
  return { address, control: FUNCTION.read | CONTROL.fromMeter | CONTROL.abnormal, data: Uint8Array.of(err) };
}

/** Master: what an answer says. Never throws; what is not understood is raw or unexpected, never a number. */
export function decodeAnswer(frame: Frame645): Answer645 {
  const { control, data } = frame;
  if (control === (FUNCTION.read | CONTROL.fromMeter)) return readAnswer(data);
  if ((control & CONTROL.fromMeter) === 0) return { kind: "unexpected", control };
  const fn = control & CONTROL.function;
  if ((control & CONTROL.abnormal) !== 0) return refusal(fn, data);
  const di = diFromWire(data);
  if (fn === FUNCTION.relay && data.length === 0) return { kind: "done", function: "relay" };
  if (fn === FUNCTION.security && di !== null && CREDIT_DIS.has(di)) return { kind: "done", function: "top_up" };
  const told = fn === FUNCTION.security ? decodeSecurityReply(frame) : null;
  if (told !== null) return { kind: "security", ...told };
  if ((fn === FUNCTION.read || fn === FUNCTION.readFollow) && di !== null) {
    return { kind: "raw", di, data: data.slice(4) };
  }
  return { kind: "unexpected", control };
}

/**
 * Whether an answer belongs to a request: same meter, same function, same identifier (and sequence number of a follow-up
 * read). Guards against the late answer to an earlier question. A refusal carries no identifier, so there the function
 * has to do; a new address answers for itself (95H), a new rate is echoed (97H). A wildcard byte (AA) or the broadcast address matches every meter.
 */
export function expects(request: Frame645, answer: Frame645): boolean {
  if ((answer.control & CONTROL.fromMeter) === 0) return false;
  if (((request.control ^ answer.control) & CONTROL.function) !== 0) return false;
  if (!addressMatches(request.address, answer.address)) return false;
  if ((answer.control & CONTROL.abnormal) !== 0) return true;
  switch (request.control & CONTROL.function) {
    case FUNCTION.read:
    case FUNCTION.security:
      return sameDi(request.data, answer.data);
    case FUNCTION.readFollow:
      return sameDi(request.data, answer.data) && request.data[4] === answer.data[answer.data.length - 1];
    case FUNCTION.setBaud:
      return request.data[0] === answer.data[0];
    case FUNCTION.writeAddress:
      return answer.address === toHexReversed(request.data);
    default:
      return true;
  }
}

/** SERR (two bytes low first, or one from some makers) or ERR (one byte) of a refusal. */
export function refusalCode(data: Bytes): number {
  return (data[0] ?? 0) | ((data[1] ?? 0) << 8);
}

function readAnswer(data: Bytes): Answer645 {
  if (data.length < 4) return { kind: "unexpected", control: FUNCTION.read | CONTROL.fromMeter };
  const item = itemAt(data, 0);
  const reading = item === undefined ? null : readingOf(item, data);
  if (item === undefined || reading === null) return { kind: "raw", di: diFromWire(data) ?? "", data: data.slice(4) };
  return { kind: "reading", di: item.di, reading };
}

function refusal(fn: number, data: Bytes): Answer645 {
  const code = refusalCode(data);
  const reasons = bitsIn(code, fn === FUNCTION.security ? SERR_BITS : ERR_BITS).map((bit) => bit.name);
  switch (fn) {
    case FUNCTION.read:
      return { kind: "refused", function: "read", code, reasons };
    case FUNCTION.relay:
      return { kind: "refused", function: "relay", code, reasons };
    case FUNCTION.security:
      return { kind: "refused", function: "top_up", code, reasons };
    default:
      return { kind: "refused", function: "other", code, reasons };
  }
}

/** The values behind the identifier; null when the length or a digit does not fit the item. */
function readingOf(item: Item645, data: Bytes): Reading645 | null {
  const count = valueCount(item, data, 4);
  if (count === 0 || item.reads === null) return null;
  const form = formOf(item);
  switch (item.reads) {
    case "energyTotal":
    case "energyRemaining":
    case "energyOverdraft":
    case "energyBefore": {
      const wh = valueAt(data, 4, form);
      return Number.isNaN(wh) ? null : { item: item.reads, wh };
    }
    case "purchaseCount": {
      const times = valueAt(data, 4, form);
      return Number.isNaN(times) ? null : { item: "purchaseCount", count: times };
    }
    case "voltage": {
      const mv = valuesAt(data, form, count);
      return mv && { item: "voltage", mv };
    }
    case "current": {
      const ma = valuesAt(data, form, count);
      return ma && { item: "current", ma };
    }
    case "power": {
      const w = valuesAt(data, form, count);
      return w && { item: "power", w };
    }
    case "status3":
      return status3(data[4]! | (data[5]! << 8));
  }
}

/** Status word 3 with the bits the system acts on. */
export function status3(word: number): Reading645 & { item: "status3" } {
  return {
    item: "status3",
    word,
    relayOpen: (word & STATUS_3.relayOpen) !== 0,
    relayCommandedOpen: (word & STATUS_3.relayCommandedOpen) !== 0,
    preTripAlarm: (word & STATUS_3.preTripAlarm) !== 0,
    keepSupply: (word & STATUS_3.keepSupply) !== 0,
  };
}

/** The form that all values of an item with readings share. */
function formOf(item: Item645): Form {
  const [first] = item.layouts[0].fields;
  assert(first !== undefined, "an item has a value");
  return first.form;
}

function valueAt(data: Bytes, at: number, form: Form): number {
  return form.as === "number" ? toBase(digitsAt(data, at, form), form) : Number.NaN;
}

function valuesAt(data: Bytes, form: Form, count: number): (number | null)[] | null {
  const values: (number | null)[] = [];
  for (let i = 0; i < count; i++) {
    const at = 4 + i * form.bytes;
    const value = valueAt(data, at, form);
    if (!Number.isNaN(value)) values.push(value);
    else if (isAbsent(data, at, form.bytes)) values.push(null);
    else return null;
  }
  return values;
}

function putValue(data: Bytes, at: number, form: Form, base: number): void {
  assert(form.as === "number", "only numbers are written from readings");
  putDigits(data, at, form, fromBase(base, form));
}

function putValues(data: Bytes, item: Item645, values: readonly (number | null)[]): void {
  const { fields } = item.layouts[0];
  assert(values.length <= fields.length, "the item has no room for so many values");
  const form = formOf(item);
  for (let i = 0; i < fields.length; i++) {
    const value = values[i] ?? null;
    const at = 4 + i * form.bytes;
    if (value === null) data.fill(0xff, at, at + form.bytes);
    else putValue(data, at, form, value);
  }
}

function sameDi(request: Bytes, answer: Bytes): boolean {
  if (answer.length < 4) return false;
  for (let i = 0; i < 4; i++) if (request[i] !== answer[i]) return false;
  return true;
}
