import { assert } from "#base/errors.ts";
import { type Bytes, concat, ownHex, toHexReversed } from "../bytes.ts";

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

/** The stream side: takes bytes in any cuts, gives the frames in them. */
export type Deframer188 = {
  push(chunk: Bytes): Frame188[];
  /** Gives up an unfinished frame because the line has been silent, and returns the frames behind its false start. */
  flush(): Frame188[];
  /** Bytes held back because a frame may not be complete yet; never more than one frame. */
  pending(): number;
  /** Bytes that belonged to no frame so far; wake-up bytes are not counted. */
  dropped(): number;
  reset(): void;
};

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
  assert(frame.data.length <= 0xff, "DATA does not fit L");
  assert(isMeterType(frame.meterType), "no such meter type");
  const head = Uint8Array.of(START, frame.meterType);
  const body = concat(
    head,
    ownHex(frame.address, 7).reverse(),
    Uint8Array.of(frame.control, frame.data.length),
    frame.data,
  );
  const wakeUp = new Uint8Array(preamble).fill(WAKE_UP);
  return concat(wakeUp, body, Uint8Array.of(checksum(body, 0, body.length), END));
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
  let held: Bytes = new Uint8Array(0);
  let dropped = 0;

  function scan(bytes: Bytes, nothingFollows: boolean): Frame188[] {
    const frames: Frame188[] = [];
    let at = 0;
    while (at < bytes.length) {
      const fault = faultAt(bytes, at);
      if (fault === null) {
        const frame = frameAt(bytes, at);
        frames.push(frame);
        at += OVERHEAD + frame.data.length;
        continue;
      }
      if (fault === "truncated" && !nothingFollows) break;
      if (bytes[at] !== WAKE_UP) dropped++;
      at++;
    }
    held = bytes.slice(at);
    return frames;
  }

  return {
    push: (chunk) => scan(held.length === 0 ? chunk : concat(held, chunk), false),
    flush: () => scan(held, true),
    pending: () => held.length,
    dropped: () => dropped,
    reset() {
      held = new Uint8Array(0);
    },
  };
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
  return checksum(bytes, at, end - 1) === bytes[end - 1] ? null : "checksum";
}

/** CS: the sum of all bytes from 68H to the one before it, modulo 256. */
function checksum(bytes: Bytes, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i]!;
  return sum & 0xff;
}

/** The frame at `at`, which has been found faultless. */
function frameAt(bytes: Bytes, at: number): Frame188 {
  const first = at + LENGTH_AT + 1;
  return {
    meterType: bytes[at + 1]!,
    address: toHexReversed(bytes.subarray(at + 2, at + 9)).toUpperCase(),
    control: bytes[at + 9]!,
    data: bytes.slice(first, first + bytes[at + LENGTH_AT]!),
  };
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
      return `checksum: frame carries ${byte(offset)}, computed ${hex(checksum(bytes, at, at + offset))}`;
    }
  }
}
