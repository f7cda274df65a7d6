import { assert } from "#base/errors.ts";
import { type Bytes, bcdAt, concat, ownHex, toHex, toHexReversed } from "../bytes.ts";
import {
  ANY_METER,
  BROADCAST,
  CONTROL,
  FUNCTION,
  isPossible,
  type LocalTime,
  localTimeAt,
  putLocalTime,
} from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";
import { decodeRelayOrder, encodeRelay, type RelayCommand } from "./relay.ts";

/** Password (PA P0 P1 P2) and operator (C0 … C3) in wire order, 8 hex digits each; level 02 clears, 04 writes (§7.9). */
export type Rights = { password: string; operator: string };

/** The minute from which a load record is asked. */
export type LocalMinute = Omit<LocalTime, "second">;

/** What a master can ask or tell with DL/T 645-2007. Function 03 is in security.ts. */
export type Request645 =
  /** 11H. `blocks` and `from` belong to load records (06 …). */
  | { kind: "read"; di: string; blocks?: number; from?: LocalMinute }
  /** 12H, `seq` 1 … 255. */
  | { kind: "read_follow"; di: string; seq: number }
  /** 13H: the only meter on the line says its address. */
  | { kind: "read_address" }
  /** 14H. `data` as the item is written. */
  | ({ kind: "write"; di: string; data: Bytes } & Rights)
  /** 15H: only with the programming button; the meter answers from the new address. */
  | { kind: "write_address"; newAddress: string }
  /** 08H: a meter takes it when it is at most five minutes off, once a day; nobody answers. */
  | { kind: "set_clock"; time: LocalTime }
  /** 16H: MMDDhhmm with 99 for "every": 99DDhhmm monthly, 9999hhmm daily, 999999mm hourly, 99999999 at once. */
  | { kind: "freeze"; pattern: string }
  /** 17H: 600, 1200, 2400, 4800, 9600 or 19200 bits a second. */
  | { kind: "set_baud"; baud: number }
  /** 18H: `di` 04000C01 … 0A names the level; old (or higher) and new password with their levels. */
  | { kind: "set_password"; di: string; oldPassword: string; newPassword: string }
  | ({ kind: "clear_demand" } & Rights)
  | ({ kind: "clear_meter" } & Rights)
  /** 1BH: FFFFFFFF for all events, or an identifier whose DI0 is FF for one kind. */
  | ({ kind: "clear_events"; events: string } & Rights)
  | ({ kind: "relay" } & RelayCommand)
  /** 1DH: what the multi-function output shows: seconds 00, demand period 01, tariff switch 02. */
  | { kind: "output"; signal: "second" | "demand" | "period" };

/** Speeds by the bit of the word Z that stands for them; exactly one bit may be set (appendix C). */
export const BAUD_WORDS: Readonly<Record<number, number>> = {
  2: 600,
  4: 1200,
  8: 2400,
  16: 4800,
  32: 9600,
  64: 19200,
};

const SIGNALS = ["second", "demand", "period"] as const;
const NOTHING = new Uint8Array(0);

/** Master: the request to one meter. Clock goes to everybody, an address is read and written at any meter. */
export function encodeRequest(address: string, request: Request645): Frame645 {
  const frame = (control: number, ...parts: Bytes[]) => ({ address, control, data: concat(...parts) });
  switch (request.kind) {
    case "read":
      return frame(FUNCTION.read, diToWire(request.di), blocksOf(request));
    case "read_follow":
      assert(request.seq >= 1 && request.seq <= 255, "follow-ups are numbered 1 to 255");
      return frame(FUNCTION.readFollow, diToWire(request.di), Uint8Array.of(request.seq));
    case "read_address":
      return { ...frame(FUNCTION.readAddress), address: ANY_METER };
    case "write":
      return frame(FUNCTION.write, diToWire(request.di), rightsOf(request), request.data);
    case "write_address":
      return { ...frame(FUNCTION.writeAddress, ownHex(request.newAddress, 6).reverse()), address: ANY_METER };
    case "set_clock": {
      const data = new Uint8Array(6);
      putLocalTime(data, 0, request.time);
      return { address: BROADCAST, control: FUNCTION.setClock, data };
    }
    case "freeze":
      return frame(FUNCTION.freeze, ownHex(request.pattern, 4).reverse());
    case "set_baud":
      return frame(FUNCTION.setBaud, Uint8Array.of(baudWord(request.baud)));
    case "set_password": {
      const { di, oldPassword, newPassword } = request;
      return frame(FUNCTION.setPassword, diToWire(di), ownHex(oldPassword, 4), ownHex(newPassword, 4));
    }
    case "clear_demand":
      return frame(FUNCTION.clearDemand, rightsOf(request));
    case "clear_meter":
      return frame(FUNCTION.clearMeter, rightsOf(request));
    case "clear_events":
      return frame(FUNCTION.clearEvents, rightsOf(request), diToWire(request.events));
    case "relay":
      return encodeRelay(address, request);
    case "output":
      return frame(FUNCTION.output, Uint8Array.of(SIGNALS.indexOf(request.signal)));
  }
}

/** Meter: what a frame asks, judged as far as the bytes go. Rights, limits and times are the meter's to judge. */
export function decodeRequest(frame: Frame645): { ok: true; request: Request645 } | { ok: false; reason: string } {
  const { control, data } = frame;
  if ((control & CONTROL.fromMeter) !== 0) return refused("from_a_meter");
  switch (control) {
    case FUNCTION.read:
      return readRequest(data);
    case FUNCTION.readFollow:
      return data.length === 5 ? good({ kind: "read_follow", di: diOf(data), seq: data[4]! }) : refused("wrong_length");
    case FUNCTION.readAddress:
      return data.length === 0 ? good({ kind: "read_address" }) : refused("wrong_length");
    case FUNCTION.write:
      if (data.length < 12) return refused("wrong_length");
      return good({ kind: "write", di: diOf(data), ...rightsAt(data, 4), data: data.slice(12) });
    case FUNCTION.writeAddress: {
      const newAddress = toHexReversed(data);
      if (data.length !== 6) return refused("wrong_length");
      return /^\d+$/.test(newAddress) ? good({ kind: "write_address", newAddress }) : refused("not_digits");
    }
    case FUNCTION.setClock: {
      const time = data.length === 6 ? localTimeAt(data, 0) : null;
      if (data.length !== 6) return refused("wrong_length");
      return time !== null && isPossible(time) ? good({ kind: "set_clock", time }) : refused("not_a_time");
    }
    case FUNCTION.freeze: {
      const pattern = toHexReversed(data);
      if (data.length !== 4) return refused("wrong_length");
      return isFreezePattern(pattern) ? good({ kind: "freeze", pattern }) : refused("not_a_time");
    }
    case FUNCTION.setBaud: {
      const baud = data.length === 1 ? BAUD_WORDS[data[0]!] : undefined;
      if (data.length !== 1) return refused("wrong_length");
      return baud === undefined ? refused("baud_word_unknown") : good({ kind: "set_baud", baud });
    }
    case FUNCTION.setPassword: {
      if (data.length !== 12) return refused("wrong_length");
      const [oldPassword, newPassword] = [toHex(data.subarray(4, 8)), toHex(data.subarray(8, 12))];
      return good({ kind: "set_password", di: diOf(data), oldPassword, newPassword });
    }
    case FUNCTION.clearDemand:
    case FUNCTION.clearMeter:
      if (data.length !== 8) return refused("wrong_length");
      return good({ kind: control === FUNCTION.clearDemand ? "clear_demand" : "clear_meter", ...rightsAt(data, 0) });
    case FUNCTION.clearEvents:
      if (data.length !== 12) return refused("wrong_length");
      return good({ kind: "clear_events", ...rightsAt(data, 0), events: diOf(data.subarray(8)) });
    case FUNCTION.relay: {
      const { ok, ...order } = decodeRelayOrder(frame);
      return "action" in order ? good({ kind: "relay", ...order }) : { ok: false, reason: order.reason };
    }
    case FUNCTION.output: {
      const signal = SIGNALS[data[0] ?? SIGNALS.length];
      if (data.length !== 1) return refused("wrong_length");
      return signal === undefined ? refused("signal_unknown") : good({ kind: "output", signal });
    }
    default:
      return refused("unknown_function");
  }
}

/** The word Z for a speed. */
export function baudWord(baud: number): number {
  const word = Object.entries(BAUD_WORDS).find(([, speed]) => speed === baud)?.[0];
  assert(word !== undefined, `not a speed of the standard: ${baud}`);
  return Number(word);
}

/** Whether MMDDhhmm is a time or one of the standing freezes (§7.7): 99s from the left, then a possible rest. */
export function isFreezePattern(pattern: string): boolean {
  const [month, day, hour, minute] = [0, 2, 4, 6].map((at) => pattern.slice(at, at + 2));
  if (!/^\d{8}$/.test(pattern)) return false;
  if (pattern === "99999999") return true;
  const within = (part: string | undefined, low: number, high: number) => Number(part) >= low && Number(part) <= high;
  if (!within(minute, 0, 59)) return false;
  if (pattern.startsWith("999999")) return true;
  if (!within(hour, 0, 23)) return false;
  if (pattern.startsWith("9999")) return true;
  return within(day, 1, 31) && (month === "99" || within(month, 1, 12));
}

function readRequest(data: Bytes): ReturnType<typeof decodeRequest> {
  if (data.length === 4) return good({ kind: "read", di: diOf(data) });
  if (data.length === 5) return good({ kind: "read", di: diOf(data), blocks: data[4]! });
  if (data.length !== 10) return refused("wrong_length");
  const [minute, hour, day, month, year] = [5, 6, 7, 8, 9].map((at) => bcdAt(data, at, 1, 0xff));
  const time = { year: 2000 + year!, month: month!, day: day!, hour: hour!, minute: minute! };
  if (Object.values(time).some(Number.isNaN) || !isPossible({ ...time, second: 0 })) return refused("not_a_time");
  return good({ kind: "read", di: diOf(data), blocks: data[4]!, from: time });
}

/** N, or N mm hh DD MM YY, of a load record; nothing for anything else. */
function blocksOf({ blocks, from }: { blocks?: number; from?: LocalMinute }): Bytes {
  if (blocks === undefined) return NOTHING;
  if (from === undefined) return Uint8Array.of(blocks);
  const time = new Uint8Array(6);
  putLocalTime(time, 0, { ...from, second: 0 });
  return concat(Uint8Array.of(blocks), time.subarray(1));
}

function rightsOf({ password, operator }: Rights): Bytes {
  return concat(ownHex(password, 4), ownHex(operator, 4));
}

function rightsAt(data: Bytes, at: number): Rights {
  return { password: toHex(data.subarray(at, at + 4)), operator: toHex(data.subarray(at + 4, at + 8)) };
}

function diOf(data: Bytes): string {
  return diFromWire(data) ?? "";
}

function good(request: Request645): { ok: true; request: Request645 } {
  return { ok: true, request };
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
