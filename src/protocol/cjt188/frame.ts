import { assert } from "#base/errors.ts";
import { addressAt, putAddress } from "../address.ts";
import { type Bytes, copyOf, sumOf } from "../bytes.ts";
import { createDeframer, type Deframer, type Found } from "../deframer.ts";

/** One CJ/T 188 frame (2004 §6.2, unchanged in 2018). Unlike DL/T 645 there is no second 68H and no +33H. */
export type Frame188 = {
  /** T: what kind of meter; AAH asks any. */
  meterType: number;
  /** 14 hex digits, high first: seven bytes of BCD of which the two highest name the maker; AA is a wildcard. */
  address: string;
  /** D7 from the meter, D6 abnormal, D5 a maker's own, D4–D0 function. */
  control: number;
  data: Bytes;
};

/** Why bytes are not a frame. */
export type BadFrame188 = "no_start" | "meter_type" | "truncated" | "end_missing" | "checksum";

/** `detail` says it with offsets and bytes; `preamble` counts the FEH bytes, `length` everything used. */
export type Decoded188 =
  | { ok: true; frame: Frame188; preamble: number; length: number }
  | { ok: false; reason: BadFrame188; detail: string };

/** The stream side; see {@link Deframer}. */
export type Deframer188 = Deframer<Frame188>;

const START = 0x68;
const END = 0x16;
const WAKE_UP = 0xfe;
/** Where L stands, behind 68 T A0–A6 C. */
const LENGTH_AT = 10;
/** 68 T A0–A6 C L and CS 16 around DATA. */
const OVERHEAD = 13;
/** The longest frame that L can announce, hence the most a deframer ever holds back. */
export const FRAME_188_MAX = OVERHEAD + 0xff;

/** The frame on the wire, led in by wake-up bytes (two to four, three by default) that the checksum does not cover. */
export function encodeFrame188(frame: Frame188, preamble = 3): Bytes {
  const { meterType, address, control, data } = frame;
  const length = data.length;
  assert(length <= 0xff, "DATA does not fit L");
  assert(isMeterType(meterType), "no such meter type");
  const wire = new Uint8Array(preamble + OVERHEAD + length);
  let at = 0;
  while (at < preamble) wire[at++] = WAKE_UP;
  wire[at] = START;
  wire[at + 1] = meterType;
  let sum = START + meterType + control + length + putAddress(wire, at + 2, address, 7);
  wire[at + 9] = control;
  wire[at + LENGTH_AT] = length;
  at += LENGTH_AT + 1;
  for (let i = 0; i < length; i++) {
    const byte = data[i]!;
    sum += byte;
    wire[at++] = byte;
  }
  wire[at++] = sum;
  wire[at] = END;
  return wire;
}

/** Reads one frame at the beginning of the bytes, behind any number of wake-up bytes. What follows it is left alone. */
export function decodeFrame188(bytes: Bytes): Decoded188 {
  let start = 0;
  while (bytes[start] === WAKE_UP) start++;
  const fault = faultAt(bytes, start);
  if (fault !== null) return { ok: false, reason: fault, detail: faultText(fault, bytes, start) };
  const frame = frameAt(bytes, start);
  return { ok: true, frame, preamble: start, length: start + OVERHEAD + frame.data.length };
}

/**
 * Finds frames in a stream by L. With one start byte only, false starts are more frequent than in DL/T 645: an
 * impossible T is one at once, any other is left behind byte by byte when end or checksum do not fit. The frames do
 * not depend on how the stream was cut.
 */
export function createDeframer188(): Deframer188 {
  return createDeframer(scan, FRAME_188_MAX);
}

/** Every frame in a closed piece of bytes, such as the content of one forwarded answer. */
export function framesIn188(bytes: Bytes): Frame188[] {
  const deframer = createDeframer188();
  return [...deframer.push(bytes), ...deframer.flush()];
}

/** Whether T can be one: water 1x, heat and cold 2x, gas 3x, makers' own 4x; AAH and 99H ask any. */
export function isMeterType(type: number): boolean {
  return (type >= 0x10 && type <= 0x4f) || type === 0xaa || type === 0x99;
}

function scan(bytes: Bytes, from: number, before: number, nothingFollows: boolean, found: Found<Frame188>): number {
  let at = from;
  while (at < before) {
    const fault = faultAt(bytes, at);
    if (fault === null) {
      found.frames.push(frameAt(bytes, at));
      at += OVERHEAD + bytes[at + LENGTH_AT]!;
      continue;
    }
    if (fault === "truncated" && !nothingFollows) break;
    if (bytes[at] !== WAKE_UP) found.dropped++;
    at++;
  }
  return at;
}

/** What is wrong with a frame that should start at `at`; null when nothing is. `truncated` only if more bytes could help. */
function faultAt(bytes: Bytes, at: number): BadFrame188 | null {
  const have = bytes.length - at;
  if (have === 0) return "truncated";
  if (bytes[at] !== START) return "no_start";
  if (have > 1 && !isMeterType(bytes[at + 1]!)) return "meter_type";
  if (have < OVERHEAD) return "truncated";
  const end = at + OVERHEAD - 1 + bytes[at + LENGTH_AT]!;
  if (end >= bytes.length) return "truncated";
  if (bytes[end] !== END) return "end_missing";
  // CS: the sum of all bytes from 68H to the one before it, modulo 256.
  return sumOf(bytes, at, end - 1) === bytes[end - 1] ? null : "checksum";
}

/** The frame at `at`, which has been found faultless. */
function frameAt(bytes: Bytes, at: number): Frame188 {
  const first = at + LENGTH_AT + 1;
  const data = copyOf(bytes, first, first + bytes[at + LENGTH_AT]!);
  return { meterType: bytes[at + 1]!, address: addressAt(bytes, at + 2, 7), control: bytes[at + 9]!, data };
}

/** The fault in words, for people who look at hex; offsets count from the 68H. */
function faultText(fault: BadFrame188, bytes: Bytes, at: number): string {
  const have = bytes.length - at;
  const hex = (byte: number) => `${byte.toString(16).padStart(2, "0").toUpperCase()}H`;
  const byte = (offset: number) => hex(bytes[at + offset]!);
  switch (fault) {
    case "no_start":
      return `start 68H missing: found ${byte(0)}`;
    case "meter_type":
      return `meter type ${byte(1)} is none`;
    case "truncated":
      return have <= LENGTH_AT
        ? `truncated: a frame needs at least ${OVERHEAD} bytes, have ${have}`
        : `truncated: L=${byte(LENGTH_AT)} needs ${OVERHEAD + bytes[at + LENGTH_AT]!} bytes, have ${have}`;
    case "end_missing": {
      const offset = OVERHEAD - 1 + bytes[at + LENGTH_AT]!;
      return `end 16H missing at offset ${offset}: found ${byte(offset)}`;
    }
    case "checksum": {
      const offset = OVERHEAD - 2 + bytes[at + LENGTH_AT]!;
      return `checksum: frame carries ${byte(offset)}, computed ${hex(sumOf(bytes, at, at + offset))}`;
    }
  }
}
