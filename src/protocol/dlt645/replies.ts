import { assert } from "#base/errors.ts";
import { type Bytes, concat, ownHex, toHex, toHexReversed } from "../bytes.ts";
import { CONTROL, FUNCTION } from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";
import { BAUD_WORDS, baudWord } from "./requests.ts";
import { bitsIn, ERR_BITS, SERR_BITS } from "./status.ts";

/** The functions by name, as replies carry them. */
export type FunctionName = keyof typeof FUNCTION;

/** What a meter answers, every function of the 2007 text and the filing. Values of `data` are read by the item tables. */
export type Reply645 =
  /** 91H, B1H when more follows. No data at all is "no such load record", not an error (§7.1). */
  | { kind: "data"; di: string; data: Bytes; more: boolean }
  /** 92H, B2H when more follows. */
  | { kind: "data_follow"; di: string; data: Bytes; seq: number; more: boolean }
  /** 93H. */
  | { kind: "address"; address: string }
  /** 97H. */
  | { kind: "baud"; baud: number }
  /** 98H: the new password with its level, 8 hex digits in wire order. */
  | { kind: "password"; password: string }
  /** 83H: see security.ts for what is in it. */
  | { kind: "security"; di: string; data: Bytes }
  /** 94, 95, 96, 99, 9A, 9B, 9C, 9D: done. */
  | { kind: "done"; function: FunctionName }
  /** `code` is ERR, for security SERR; `reasons` its bits by name. */
  | { kind: "refused"; function: FunctionName; code: number; reasons: string[] };

/** Functions whose good answer carries nothing. */
const SILENT = new Set<FunctionName>([
  "write",
  "writeAddress",
  "freeze",
  "clearDemand",
  "clearMeter",
  "clearEvents",
  "relay",
  "output",
]);
/** Functions that are never refused: a meter that does not want to, or a broadcast, says nothing. */
const NEVER_REFUSED = new Set<FunctionName>(["setClock", "readAddress", "writeAddress"]);
const NAMES = new Map(Object.entries(FUNCTION).map(([name, code]) => [code as number, name]));

/** The name of a function code (D4–D0); undefined for one that the standard has not. */
export function functionName(code: number): FunctionName | undefined {
  const name = NAMES.get(code & CONTROL.function);
  return name !== undefined && isFunction(name) ? name : undefined;
}

/** Meter: the answer as a frame. */
export function encodeReply(address: string, reply: Reply645): Frame645 {
  const frame = (code: number, ...parts: Bytes[]) => {
    return { address, control: code | CONTROL.fromMeter, data: concat(...parts) };
  };
  const more = "more" in reply && reply.more ? CONTROL.moreFollows : 0;
  switch (reply.kind) {
    case "data":
      return frame(FUNCTION.read | more, diToWire(reply.di), reply.data);
    case "data_follow":
      return frame(FUNCTION.readFollow | more, diToWire(reply.di), reply.data, Uint8Array.of(reply.seq));
    case "address":
      return frame(FUNCTION.readAddress, ownHex(reply.address, 6).reverse());
    case "baud":
      return frame(FUNCTION.setBaud, Uint8Array.of(baudWord(reply.baud)));
    case "password":
      return frame(FUNCTION.setPassword, ownHex(reply.password, 4));
    case "security":
      return frame(FUNCTION.security, diToWire(reply.di), reply.data);
    case "done":
      assert(SILENT.has(reply.function), "this function answers with data");
      return frame(FUNCTION[reply.function]);
    case "refused": {
      assert(!NEVER_REFUSED.has(reply.function), "this function is not refused in words");
      const code = reply.code;
      const bytes = reply.function === "security" ? Uint8Array.of(code, code >> 8) : Uint8Array.of(code);
      return frame(FUNCTION[reply.function] | CONTROL.abnormal, bytes);
    }
  }
}

/** Master: what a frame from a meter answers. Never throws; null for a frame that no function answers with. */
export function decodeReply(frame: Frame645): Reply645 | null {
  const { control, data } = frame;
  const name = functionName(control);
  if ((control & CONTROL.fromMeter) === 0 || name === undefined) return null;
  const more = (control & CONTROL.moreFollows) !== 0;
  if ((control & CONTROL.abnormal) !== 0) return more ? null : refusal(name, data);
  const di = diFromWire(data);
  if (name === "read") return di === null ? null : { kind: "data", di, data: data.slice(4), more };
  if (name === "readFollow") {
    if (di === null || data.length < 5) return null;
    return { kind: "data_follow", di, data: data.slice(4, -1), seq: data[data.length - 1]!, more };
  }
  if (more) return null;
  if (name === "output" && data.length === 1) return { kind: "done", function: name }; // some echo the signal
  if (SILENT.has(name)) return data.length === 0 ? { kind: "done", function: name } : null;
  switch (name) {
    case "readAddress":
      return data.length === 6 ? { kind: "address", address: toHexReversed(data) } : null;
    case "setBaud": {
      const baud = data.length === 1 ? BAUD_WORDS[data[0]!] : undefined;
      return baud === undefined ? null : { kind: "baud", baud };
    }
    case "setPassword":
      return data.length === 4 ? { kind: "password", password: toHex(data) } : null;
    case "security":
      return di === null ? null : { kind: "security", di, data: data.slice(4) };
    default:
      return null;
  }
}

/** Makers send ERR in two bytes or SERR in one now and then: both are taken. */
function refusal(name: FunctionName, data: Bytes): Reply645 | null {
  const security = name === "security";
  if (NEVER_REFUSED.has(name) || data.length === 0 || data.length > 2) return null;
  const code = data[0]! | ((data[1] ?? 0) << 8);
  const reasons = bitsIn(code, security ? SERR_BITS : ERR_BITS).map((bit) => bit.name);
  return { kind: "refused", function: name, code, reasons };
}

function isFunction(name: string): name is FunctionName {
  return name in FUNCTION;
}
